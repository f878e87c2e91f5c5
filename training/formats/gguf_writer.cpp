// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// GGUF on disk: magic, version, counts, keys, tensor table, padding, data. Numbers are little-endian, as this program's machines are.
#include "training/formats/gguf_writer.h"

#include "training/api/error.h"
#include "training/formats/atomic_file.h"
#include "training/formats/gguf_blocks.h"
#include "training/formats/gguf_part.h"

#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <set>
#include <type_traits>

namespace rankwright {

namespace {

static_assert(std::endian::native == std::endian::little, "values are written as memory holds them");

constexpr uint32_t kU8 = 0, kI8 = 1, kU16 = 2, kI16 = 3, kU32 = 4, kI32 = 5, kF32 = 6, kBool = 7, kString = 8, kArray = 9, kU64 = 10,
                   kI64 = 11, kF64 = 12;
constexpr uint64_t kAlignment = 32;      // GGUF's default, so that general.alignment need not be written
constexpr size_t kLongestName = 63;      // ggml's names have 64 bytes with their end
constexpr size_t kMostDimensions = 4;

[[noreturn]] void refuse(const std::filesystem::path& file, Code code, const std::string& place, const std::string& found,
    const std::string& allowed)
{
    throw Error({.code = code, .file = file, .place = place, .found = found, .allowed = allowed,
        .advice = code == Code::limit ? "Export as a folder (--format merged) instead" : "Report this as a defect"});
}

template <class T> void put(std::string& to, T value)
{
    static_assert(std::is_arithmetic_v<T>);
    to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void putText(std::string& to, const std::string& text)
{
    put<uint64_t>(to, text.size());
    to += text;
}

// One number as GGUF's type `type`; the readers have widened it.
template <class T> void putNumber(std::string& to, uint32_t type, T value)
{
    switch (type) {
    case kU8: put(to, static_cast<uint8_t>(value)); return;
    case kI8: put(to, static_cast<int8_t>(value)); return;
    case kU16: put(to, static_cast<uint16_t>(value)); return;
    case kI16: put(to, static_cast<int16_t>(value)); return;
    case kU32: put(to, static_cast<uint32_t>(value)); return;
    case kI32: put(to, static_cast<int32_t>(value)); return;
    case kU64: put(to, static_cast<uint64_t>(value)); return;
    case kI64: put(to, static_cast<int64_t>(value)); return;
    case kF32: put(to, static_cast<float>(value)); return;
    case kF64: put(to, static_cast<double>(value)); return;
    case kBool: put<uint8_t>(to, value != T{} ? 1 : 0); return;
    default:
        throw Error({.code = Code::internal, .place = "GGUF metadata", .found = "a number of type " + ggufValueTypeName(type),
            .allowed = "a number's type", .advice = "Report this as a defect"});
    }
}

template <class T> void putElement(std::string& to, uint32_t type, const T& value)
{
    if constexpr (std::is_same_v<T, std::string>)
        putText(to, value);
    else
        putNumber(to, type, value);
}

void putValue(std::string& to, const GgufValue& value)
{
    put(to, value.isArray ? kArray : value.type);
    std::visit([&](const auto& held) {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_arithmetic_v<Held> || std::is_same_v<Held, std::string>) {
            putElement(to, value.type, held);
        } else {
            put(to, value.type);
            put<uint64_t>(to, held.size());
            for (size_t i = 0; i < held.size(); ++i)
                putElement(to, value.type, typename Held::value_type(held[i]));
        }
    }, value.value);
}

uint64_t padded(uint64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

uint64_t bytesOf(const std::filesystem::path& file, const TensorToWrite& tensor)
{
    uint64_t values = 1;
    for (const int64_t size : tensor.shape)
        values *= uint64_t(size);
    const auto block = uint64_t(blockValues(tensor.type));
    if (tensor.shape.empty() || uint64_t(tensor.shape.back()) % block != 0)
        refuse(file, Code::internal, "tensor " + tensor.name, "a row that is no whole number of blocks", std::to_string(block) + " values each");
    return values / block * uint64_t(blockBytes(tensor.type));
}

std::string head(const std::filesystem::path& file, const GgufMetadata& metadata, const std::vector<TensorToWrite>& tensors)
{
    std::string text = "GGUF";
    put<uint32_t>(text, 3);
    put<uint64_t>(text, tensors.size());
    put<uint64_t>(text, metadata.size());
    std::set<std::string> seen;
    for (const auto& [key, value] : metadata) {
        if (!seen.insert(key).second)
            refuse(file, Code::internal, "key " + key, "it comes twice", "each key once");
        putText(text, key);
        putValue(text, value);
    }
    seen.clear();
    uint64_t offset = 0;
    for (const auto& tensor : tensors) {
        if (!seen.insert(tensor.name).second)
            refuse(file, Code::internal, "tensor " + tensor.name, "it comes twice", "each tensor once");
        if (tensor.name.size() > kLongestName || tensor.shape.size() > kMostDimensions) {
            refuse(file, Code::limit, "tensor " + tensor.name,
                std::to_string(tensor.name.size()) + " bytes of name, " + std::to_string(tensor.shape.size()) + " dimensions",
                "at most " + std::to_string(kLongestName) + " bytes and " + std::to_string(kMostDimensions) + " dimensions");
        }
        const int64_t type = ggufTensorType(tensor.type);
        if (type < 0)
            refuse(file, Code::internal, "tensor " + tensor.name, "the type " + std::string(typeName(tensor.type)), "a type of GGUF");
        putText(text, tensor.name);
        put(text, static_cast<uint32_t>(tensor.shape.size()));
        for (size_t i = tensor.shape.size(); i-- > 0;)
            put<uint64_t>(text, uint64_t(tensor.shape[i]));
        put(text, static_cast<uint32_t>(type));
        put(text, offset);
        offset += padded(bytesOf(file, tensor));
    }
    text.resize(padded(text.size()), '\0');
    return text;
}

GgufValue valueOf(uint32_t type, decltype(GgufValue::value) value, bool isArray = false)
{
    return {.type = type, .isArray = isArray, .value = std::move(value)};
}

}  // namespace

GgufValue ggufText(std::string text) { return valueOf(kString, std::move(text)); }
GgufValue ggufNumber(double value) { return valueOf(kF32, value); }
GgufValue ggufFlag(bool value) { return valueOf(kBool, value); }
GgufValue ggufTexts(std::vector<std::string> texts) { return valueOf(kString, std::move(texts), true); }
GgufValue ggufNumbers(std::vector<double> numbers) { return valueOf(kF32, std::move(numbers), true); }
GgufValue ggufIntegers(std::vector<int64_t> integers) { return valueOf(kI32, std::move(integers), true); }

GgufValue ggufInteger(int64_t value)
{
    if (value < 0 || value > int64_t(std::numeric_limits<uint32_t>::max())) {
        throw Error({.code = Code::internal, .place = "GGUF metadata", .found = std::to_string(value),
            .allowed = "0 to 4294967295", .advice = "Report this as a defect"});
    }
    return valueOf(kU32, uint64_t(value));
}

int64_t ggufTensorType(StoredType type)
{
    switch (type) {
    case StoredType::F32: return 0;
    case StoredType::F16: return 1;
    case StoredType::Q4_0: return 2;
    case StoredType::Q4_1: return 3;
    case StoredType::Q8_0: return 8;
    case StoredType::BF16: return 30;
    default: return -1;
    }
}

void writeGguf(const std::filesystem::path& file, const GgufMetadata& metadata, const std::vector<TensorToWrite>& tensors)
{
    static constexpr std::array<std::byte, kAlignment> zeros{};
    AtomicFile out(file);
    out.write(head(file, metadata, tensors));
    for (const auto& tensor : tensors) {
        const uint64_t expected = bytesOf(file, tensor);
        uint64_t written = 0;
        tensor.produce([&](std::span<const std::byte> bytes) {
            written += bytes.size();
            out.write(bytes);
        });
        if (written != expected) {
            refuse(file, Code::internal, "tensor " + tensor.name, std::to_string(written) + " bytes", std::to_string(expected));
        }
        out.write(std::span(zeros).first(padded(expected) - expected));
    }
    out.commit();
}

}  // namespace rankwright
