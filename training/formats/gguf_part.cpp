// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Reads one GGUF file: head, metadata, tensor table. Nothing is believed: every count and length is compared with the
// bytes that remain, and every product and sum is checked, before it is used.
#include "training/formats/gguf_part.h"

#include "training/api/error.h"
#include "training/formats/file_reader.h"
#include "training/formats/gguf_blocks.h"
#include "training/formats/limits.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <span>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>

namespace rankwright {

namespace {

static_assert(std::endian::native == std::endian::little, "values are read as the file stores them");

enum ValueType : uint32_t { kU8, kI8, kU16, kI16, kU32, kI32, kF32, kBool, kString, kArray, kU64, kI64, kF64 };

struct ValueTypeRow
{
    std::string_view name;
    uint64_t bytes;  // of one value; the least for strings
};
constexpr std::array kValueTypes {
    ValueTypeRow {"u8", 1}, ValueTypeRow {"i8", 1}, ValueTypeRow {"u16", 2}, ValueTypeRow {"i16", 2},
    ValueTypeRow {"u32", 4}, ValueTypeRow {"i32", 4}, ValueTypeRow {"f32", 4}, ValueTypeRow {"bool", 1},
    ValueTypeRow {"string", 8}, ValueTypeRow {"array", 12}, ValueTypeRow {"u64", 8}, ValueTypeRow {"i64", 8},
    ValueTypeRow {"f64", 8},
};

struct TensorTypeRow
{
    uint32_t number;
    StoredType type;
};
constexpr std::array kTensorTypes {
    TensorTypeRow {0, StoredType::F32}, TensorTypeRow {1, StoredType::F16}, TensorTypeRow {2, StoredType::Q4_0},
    TensorTypeRow {3, StoredType::Q4_1}, TensorTypeRow {6, StoredType::Q5_0}, TensorTypeRow {7, StoredType::Q5_1},
    TensorTypeRow {8, StoredType::Q8_0}, TensorTypeRow {12, StoredType::Q4_K}, TensorTypeRow {13, StoredType::Q5_K},
    TensorTypeRow {14, StoredType::Q6_K}, TensorTypeRow {24, StoredType::I8}, TensorTypeRow {25, StoredType::I16},
    TensorTypeRow {26, StoredType::I32}, TensorTypeRow {27, StoredType::I64}, TensorTypeRow {28, StoredType::F64},
    TensorTypeRow {30, StoredType::BF16},
};

// Types that GGUF knows (or knew) and this program does not read.
struct ForeignType
{
    uint32_t number;
    std::string_view name;
};
constexpr std::array kForeignTypes {
    ForeignType {4, "Q4_2, removed from GGUF"}, ForeignType {5, "Q4_3, removed from GGUF"}, ForeignType {9, "Q8_1"},
    ForeignType {10, "Q2_K"}, ForeignType {11, "Q3_K"}, ForeignType {15, "Q8_K"}, ForeignType {16, "IQ2_XXS"},
    ForeignType {17, "IQ2_XS"}, ForeignType {18, "IQ3_XXS"}, ForeignType {19, "IQ1_S"}, ForeignType {20, "IQ4_NL"},
    ForeignType {21, "IQ3_S"}, ForeignType {22, "IQ2_S"}, ForeignType {23, "IQ4_XS"}, ForeignType {29, "IQ1_M"},
    ForeignType {34, "TQ1_0"}, ForeignType {35, "TQ2_0"}, ForeignType {39, "MXFP4"},
};

constexpr std::string_view kDownloadAgain = "The file is damaged or cut short; download it again";

// Reads on from the start, through a window on the file, and knows where it is for messages.
class Cursor
{
public:
    explicit Cursor(const FileReader& file)
        : m_file(file)
        , m_end(std::min(file.size(), limits::kGgufHeader))
    {
    }

    [[nodiscard]] uint64_t position() const { return m_position; }
    [[nodiscard]] uint64_t remaining() const { return m_end - m_position; }
    void setContext(std::string context) { m_context = std::move(context); }

    template<typename T>
    T number(std::string_view what)
    {
        static_assert(std::is_arithmetic_v<T>);
        T value;
        take(std::as_writable_bytes(std::span(&value, 1)), what);
        return value;
    }

    std::string text(std::string_view what, uint64_t limit)
    {
        const uint64_t length = number<uint64_t>(what);
        if (length > remaining() || length > limit) {
            m_position -= sizeof(length);
            fail(std::string(what) + " of " + std::to_string(length) + " bytes",
                "at most " + std::to_string(std::min(limit, remaining() - sizeof(length))) + " bytes here",
                length > limit ? Code::limit : Code::format);
        }
        std::string value(length, '\0');
        take(std::as_writable_bytes(std::span(value)), what);
        return value;
    }

    [[noreturn]] void fail(std::string found, std::string allowed, Code code = Code::format,
        std::string_view advice = kDownloadAgain) const
    {
        throw Error({.code = code, .file = m_file.path(),
            .place = "byte offset " + std::to_string(m_position) + (m_context.empty() ? "" : ", " + m_context),
            .found = std::move(found), .allowed = std::move(allowed), .advice = std::string(advice)});
    }

private:
    void take(std::span<std::byte> to, std::string_view what)
    {
        if (to.size() > remaining()) {
            const bool cut = m_end < m_file.size();
            fail(std::string(what) + " needs " + std::to_string(to.size()) + " bytes, " + std::to_string(remaining())
                    + " remain",
                cut ? "metadata of at most " + std::to_string(m_end) + " bytes" : "a complete file",
                cut ? Code::limit : Code::format);
        }
        while (!to.empty()) {
            const uint64_t in = m_position - m_windowStart;
            if (in >= m_window.size()) {
                m_window.resize(std::min<uint64_t>(kWindow, remaining()));
                m_file.read(m_position, m_window);
                m_windowStart = m_position;
                continue;
            }
            const auto part = std::min<uint64_t>(to.size(), m_window.size() - in);
            std::memcpy(to.data(), m_window.data() + in, part);
            to = to.subspan(part);
            m_position += part;
        }
    }

    static constexpr uint64_t kWindow = 256 << 10;

    const FileReader& m_file;
    uint64_t m_end;
    uint64_t m_position = 0;
    uint64_t m_windowStart = 0;
    std::vector<std::byte> m_window;
    std::string m_context;
};

std::string inQuotes(const std::string& name)
{
    return "\"" + name + "\"";
}

class Parser
{
public:
    explicit Parser(const std::filesystem::path& path)
        : m_file(path)
        , m_cursor(m_file)
    {
        m_result.path = path;
    }

    GgufFile parse()
    {
        readHead();
        for (uint64_t i = 0; i < m_keys; ++i)
            readKey();
        m_cursor.setContext({});
        readAlignment();
        m_result.tensors.reserve(m_tensors);
        for (uint64_t i = 0; i < m_tensors; ++i)
            readTensor();
        m_cursor.setContext({});
        placeTensors();
        m_file.checkUnchanged();
        return std::move(m_result);
    }

private:
    void readHead()
    {
        if (m_file.size() < 4 || m_file.text(0, 4) != "GGUF") {
            refuseKnownWrongKinds(m_file);
            const auto start = m_file.text(0, std::min<uint64_t>(4, m_file.size()));
            m_cursor.fail("the file begins with " + inQuotes(start), "GGUF's magic \"GGUF\"", Code::format,
                "Choose a .gguf file, or fetch it again");
        }
        (void)m_cursor.number<uint32_t>("magic");
        const auto version = m_cursor.number<uint32_t>("version");
        // Version 2 has the same layout; version 1 had 32-bit counts.
        if (version < 2 || version > 3) {
            const bool swapped = (version & 0xffffu) == 0 && version != 0;
            throw Error({.code = Code::unsupported, .file = m_result.path, .place = "byte offset 4, version",
                .found = swapped ? "a big-endian file" : "version " + std::to_string(version),
                .allowed = "versions 2 and 3, little-endian",
                .advice = "Convert the model again with a current llama.cpp"});
        }
        m_result.version = version;
        // The least bytes of a tensor: name length, dimensions, type, offset; of a key: length, one byte, type, value.
        constexpr uint64_t kLeastTensor = 24, kLeastKey = 14;
        m_tensors = readCount("n_tensors", limits::kGgufTensors, kLeastTensor);
        m_keys = readCount("n_kv", limits::kGgufKeys, kLeastKey);
    }

    uint64_t readCount(const std::string& what, uint64_t limit, uint64_t leastBytes)
    {
        const auto count = m_cursor.number<uint64_t>(what);
        const uint64_t possible = m_cursor.remaining() / leastBytes;
        if (count > possible || count > limit) {
            m_cursor.fail(what + " is " + std::to_string(count),
                "at most " + std::to_string(std::min(possible, limit)) + " in this file",
                count > possible ? Code::format : Code::limit);
        }
        return count;
    }

    void readKey()
    {
        m_cursor.setContext({});
        std::string key = m_cursor.text("key", limits::kGgufKey);
        if (key.empty())
            m_cursor.fail("an empty key", "keys of 1 byte and more");
        m_cursor.setContext("key " + inQuotes(key));
        const auto type = m_cursor.number<uint32_t>("value type");
        GgufValue value = type == kArray ? readArray() : readScalar(type);
        if (!m_result.metadata.emplace(std::move(key), std::move(value)).second)
            m_cursor.fail("the key occurs twice", "each key once");
    }

    // Reads one number and widens it.
    template<typename To, typename From>
    To widened()
    {
        return static_cast<To>(m_cursor.number<From>("value"));
    }

    bool readBool()
    {
        const auto byte = m_cursor.number<uint8_t>("value");
        if (byte > 1)
            m_cursor.fail("the truth value " + std::to_string(byte), "0 or 1");
        return byte == 1;
    }

    GgufValue readScalar(uint32_t type)
    {
        GgufValue result {.type = type, .isArray = false, .value = {}};
        switch (type) {
        case kU8: result.value = widened<uint64_t, uint8_t>(); break;
        case kU16: result.value = widened<uint64_t, uint16_t>(); break;
        case kU32: result.value = widened<uint64_t, uint32_t>(); break;
        case kU64: result.value = widened<uint64_t, uint64_t>(); break;
        case kI8: result.value = widened<int64_t, int8_t>(); break;
        case kI16: result.value = widened<int64_t, int16_t>(); break;
        case kI32: result.value = widened<int64_t, int32_t>(); break;
        case kI64: result.value = widened<int64_t, int64_t>(); break;
        case kF32: result.value = widened<double, float>(); break;
        case kF64: result.value = widened<double, double>(); break;
        case kBool: result.value = readBool(); break;
        case kString: result.value = m_cursor.text("string", limits::kGgufString); break;
        default: m_cursor.fail("value type " + std::to_string(type), "0 to 12");
        }
        return result;
    }

    // `read` reads one element.
    template<typename T, typename Read>
    std::vector<T> elements(uint64_t count, Read read)
    {
        std::vector<T> all;
        all.reserve(count);
        for (uint64_t i = 0; i < count; ++i)
            all.push_back(read());
        return all;
    }

    GgufValue readArray()
    {
        const auto type = m_cursor.number<uint32_t>("element type");
        if (type == kArray || type >= kValueTypes.size()) {
            m_cursor.fail(type == kArray ? "an array of arrays" : "element type " + std::to_string(type),
                "element types 0 to 8 and 10 to 12", type == kArray ? Code::unsupported : Code::format);
        }
        const auto count = m_cursor.number<uint64_t>("array length");
        const uint64_t possible = m_cursor.remaining() / kValueTypes[type].bytes;
        if (count > possible)
            m_cursor.fail("an array of " + std::to_string(count), "at most " + std::to_string(possible) + " here");
        m_elements += count;
        if (m_elements > limits::kGgufElements) {
            m_cursor.fail(std::to_string(m_elements) + " array elements so far",
                std::to_string(limits::kGgufElements) + " in all", Code::limit, "Check that this is a language model");
        }
        GgufValue result {.type = type, .isArray = true, .value = {}};
        const auto numbers = [&]<typename To, typename From>(To, From) {
            result.value = elements<To>(count, [this] { return widened<To, From>(); });
        };
        switch (type) {
        case kU8: numbers(uint64_t {}, uint8_t {}); break;
        case kU16: numbers(uint64_t {}, uint16_t {}); break;
        case kU32: numbers(uint64_t {}, uint32_t {}); break;
        case kU64: numbers(uint64_t {}, uint64_t {}); break;
        case kI8: numbers(int64_t {}, int8_t {}); break;
        case kI16: numbers(int64_t {}, int16_t {}); break;
        case kI32: numbers(int64_t {}, int32_t {}); break;
        case kI64: numbers(int64_t {}, int64_t {}); break;
        case kF32: numbers(double {}, float {}); break;
        case kF64: numbers(double {}, double {}); break;
        case kBool: result.value = elements<bool>(count, [this] { return readBool(); }); break;
        default:
            result.value
                = elements<std::string>(count, [this] { return m_cursor.text("string", limits::kGgufString); });
        }
        return result;
    }

    void readAlignment()
    {
        const auto found = m_result.metadata.find("general.alignment");
        if (found == m_result.metadata.end())
            return;
        const GgufValue& value = found->second;
        m_cursor.setContext("key \"general.alignment\"");
        if (value.isArray || value.type != kU32)
            m_cursor.fail("the type " + ggufValueTypeName(value.type) + (value.isArray ? " array" : ""), "u32");
        m_alignment = std::get<uint64_t>(value.value);
        if (!std::has_single_bit(m_alignment) || m_alignment < 8 || m_alignment > limits::kGgufAlignment) {
            m_cursor.fail(std::to_string(m_alignment),
                "a power of two from 8 to " + std::to_string(limits::kGgufAlignment));
        }
        m_cursor.setContext({});
    }

    StoredType readTensorType()
    {
        const auto number = m_cursor.number<uint32_t>("tensor type");
        for (const TensorTypeRow& row : kTensorTypes) {
            if (row.number == number)
                return row.type;
        }
        std::string names;
        for (const TensorTypeRow& row : kTensorTypes)
            names += (names.empty() ? "" : ", ") + std::string(typeName(row.type));
        std::string found = "tensor type " + std::to_string(number);
        for (const ForeignType& foreign : kForeignTypes) {
            if (foreign.number == number)
                found += " (" + std::string(foreign.name) + ")";
        }
        m_cursor.fail(found, names, Code::unsupported, "Fetch or convert the model in one of these types");
    }

    void readTensor()
    {
        constexpr uint64_t kNameLimit = 63;  // ggml keeps 64 bytes with the ending zero
        m_cursor.setContext("tensor " + std::to_string(m_result.tensors.size()));
        TensorEntry entry;
        entry.name = m_cursor.text("tensor name", kNameLimit);
        entry.file = m_result.path;
        m_cursor.setContext("tensor " + inQuotes(entry.name));
        if (!m_names.insert(entry.name).second)
            m_cursor.fail("the tensor occurs twice", "each name once");
        const auto dimensions = m_cursor.number<uint32_t>("n_dims");
        if (dimensions > static_cast<uint32_t>(limits::kGgufDimensions)) {
            m_cursor.fail(std::to_string(dimensions) + " dimensions",
                "at most " + std::to_string(limits::kGgufDimensions));
        }
        uint64_t values = 1;
        for (uint32_t i = 0; i < dimensions; ++i) {
            const auto size = m_cursor.number<uint64_t>("dimension");
            if (size > kLargest)
                m_cursor.fail("dimension " + std::to_string(i) + " is " + std::to_string(size), "0 to 2^63 - 1");
            entry.shape.push_back(static_cast<int64_t>(size));
            // A zero dimension makes the tensor empty, but the others must be sensible as well.
            if (__builtin_mul_overflow(values, std::max<uint64_t>(size, 1), &values) || values > kLargest)
                m_cursor.fail("the product of the dimensions overflows", "below 2^63 values");
        }
        const bool empty = std::find(entry.shape.begin(), entry.shape.end(), 0) != entry.shape.end();
        entry.type = readTensorType();
        const auto inBlock = static_cast<uint64_t>(blockValues(entry.type));
        const uint64_t rowLength = entry.shape.empty() ? 1 : static_cast<uint64_t>(entry.shape.front());
        if (rowLength % inBlock != 0) {
            m_cursor.fail("rows of " + std::to_string(rowLength) + " values of " + std::string(typeName(entry.type)),
                "a multiple of " + std::to_string(inBlock));
        }
        values = empty ? 0 : values;
        if (__builtin_mul_overflow(values / inBlock, static_cast<uint64_t>(blockBytes(entry.type)), &entry.bytes)
            || entry.bytes > kLargest)
            m_cursor.fail("the size of " + std::to_string(values) + " values overflows", "below 2^63 bytes");
        entry.offset = m_cursor.number<uint64_t>("tensor offset");
        std::reverse(entry.shape.begin(), entry.shape.end());
        m_result.tensors.push_back(std::move(entry));
    }

    // Checks that the tensors lie one after the other, each padded to the alignment, and that the file holds them all.
    void placeTensors()
    {
        const auto padded = [this](uint64_t at) { return (at + m_alignment - 1) / m_alignment * m_alignment; };
        const uint64_t dataStart = padded(m_cursor.position());
        uint64_t next = 0, end = 0;
        for (TensorEntry& entry : m_result.tensors) {
            m_cursor.setContext("tensor " + inQuotes(entry.name));
            if (entry.offset != next) {
                m_cursor.fail("data offset " + std::to_string(entry.offset),
                    std::to_string(next) + ", where the tensor before it ends (alignment "
                        + std::to_string(m_alignment) + ")");
            }
            if (entry.bytes > kLargest - dataStart - next - m_alignment)
                m_cursor.fail("the sum of the tensors' sizes overflows", "below 2^63 bytes");
            entry.offset = dataStart + next;
            end = entry.offset + entry.bytes;
            next = padded(next + entry.bytes);
        }
        if (end > m_file.size()) {
            const auto first = std::find_if(m_result.tensors.begin(), m_result.tensors.end(),
                [this](const TensorEntry& entry) { return entry.offset + entry.bytes > m_file.size(); });
            m_cursor.setContext("tensor " + inQuotes(first->name) + " at " + std::to_string(first->offset));
            m_cursor.fail("the file has " + std::to_string(m_file.size()) + " bytes", std::to_string(end) + " bytes");
        }
    }

    static constexpr uint64_t kLargest = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());

    FileReader m_file;
    Cursor m_cursor;
    GgufFile m_result;
    std::unordered_set<std::string> m_names;
    uint64_t m_tensors = 0, m_keys = 0, m_elements = 0;
    uint64_t m_alignment = 32;
};

}  // namespace

GgufFile readGgufPart(const std::filesystem::path& path)
{
    return Parser(path).parse();
}

std::string ggufValueTypeName(uint32_t type)
{
    return type < kValueTypes.size() ? std::string(kValueTypes[type].name) : std::to_string(type);
}

}  // namespace rankwright
