// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Reading and writing one safetensors file. The reader accepts what the reference reader accepts (whitespace around the
// header, empty and 0-dimensional tensors) and, beyond it, refuses duplicate keys.
#include "training/formats/safetensors.h"

#include "training/api/error.h"
#include "training/formats/atomic_file.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <set>
#include <tuple>
#include <utility>

namespace rankwright {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "values are read and written as memory holds them");

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kLargest = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
constexpr const char* kMetadata = "__metadata__";
constexpr const char* kDamaged = "The file is damaged; download or convert it again";
constexpr const char* kCut = "The file is cut short; download it again";

[[noreturn]] void fail(const fs::path& file, std::string place, std::string found, std::string allowed,
    std::string advice = kDamaged, Code code = Code::format)
{
    throw Error({.code = code, .file = file, .place = std::move(place), .found = std::move(found),
        .allowed = std::move(allowed), .advice = std::move(advice)});
}

std::string tensorPlace(const std::string& name)
{
    return "tensor \"" + name + "\"";
}

// The types that the format has: all before GGUF's blocks.
constexpr int kTypes = static_cast<int>(StoredType::Q4_0);

StoredType readType(const fs::path& file, const std::string& name, const json& entry)
{
    const auto found = entry.find("dtype");
    if (found == entry.end() || !found->is_string())
        fail(file, tensorPlace(name) + ", dtype", "missing or not a string", "a type's name");
    const auto& word = found->get_ref<const std::string&>();
    for (int i = 0; i < kTypes; ++i) {
        if (typeName(static_cast<StoredType>(i)) == word)
            return static_cast<StoredType>(i);
    }
    std::string names;
    for (int i = 0; i < kTypes; ++i)
        names += (names.empty() ? "" : ", ") + std::string(typeName(static_cast<StoredType>(i)));
    fail(file, tensorPlace(name) + ", dtype", "\"" + word + "\"", names, "Convert the model to one of these types",
        Code::unsupported);
}

// `count` unsigned numbers below 2^63, or any count where it is 0.
std::vector<uint64_t> readNumbers(const fs::path& file, const std::string& name, const json& entry,
    const std::string& field, size_t count)
{
    const std::string place = tensorPlace(name) + ", " + field;
    const auto found = entry.find(field);
    if (found == entry.end() || !found->is_array())
        fail(file, place, "missing or not a list", "a list of whole numbers");
    if (count != 0 && found->size() != count)
        fail(file, place, std::to_string(found->size()) + " numbers", std::to_string(count) + " numbers");
    std::vector<uint64_t> numbers;
    for (const json& element : *found) {
        if (!element.is_number_unsigned() || element.get<uint64_t>() > kLargest)
            fail(file, place, element.is_number() ? element.dump() : "something else", "whole numbers up to 2^63 - 1");
        numbers.push_back(element.get<uint64_t>());
    }
    return numbers;
}

std::string shapeText(const std::vector<int64_t>& shape)
{
    std::string text = "[";
    for (const int64_t size : shape)
        text += (text.size() > 1 ? ", " : "") + std::to_string(size);
    return text + "]";
}

// Bytes of a tensor; throws where the number overflows or the bits do not fill whole bytes.
uint64_t tensorBytes(const fs::path& file, const std::string& name, StoredType type, const std::vector<int64_t>& shape)
{
    uint64_t bits = 1;
    bool overflow = false;
    for (const int64_t size : shape)
        overflow = __builtin_mul_overflow(bits, static_cast<uint64_t>(size), &bits) || overflow;
    overflow = __builtin_mul_overflow(bits, static_cast<uint64_t>(typeBits(type)), &bits) || overflow;
    const std::string place = tensorPlace(name) + ", shape";
    if (overflow)
        fail(file, place, "the size of " + shapeText(shape) + " overflows", "below 2^64 bits");
    if (bits % 8 != 0) {
        fail(file, place,
            shapeText(shape) + " of " + std::string(typeName(type)) + " has " + std::to_string(bits) + " bits",
            "whole bytes", "Convert the model again");
    }
    return bits / 8;
}

TensorEntry readEntry(const fs::path& file, const std::string& name, const json& entry)
{
    if (!entry.is_object())
        fail(file, tensorPlace(name), "not an object", "{\"dtype\", \"shape\", \"data_offsets\"}");
    TensorEntry tensor {.name = name, .type = readType(file, name, entry), .shape = {}, .file = file};
    for (const uint64_t size : readNumbers(file, name, entry, "shape", 0))
        tensor.shape.push_back(static_cast<int64_t>(size));
    const auto offsets = readNumbers(file, name, entry, "data_offsets", 2);
    if (offsets[1] < offsets[0]) {
        fail(file, tensorPlace(name) + ", data_offsets",
            "[" + std::to_string(offsets[0]) + ", " + std::to_string(offsets[1]) + "]", "the beginning before the end");
    }
    tensor.offset = offsets[0];
    tensor.bytes = offsets[1] - offsets[0];
    const uint64_t expected = tensorBytes(file, name, tensor.type, tensor.shape);
    if (tensor.bytes != expected) {
        fail(file, tensorPlace(name) + ", data_offsets", std::to_string(tensor.bytes) + " bytes",
            std::to_string(expected) + " bytes for " + shapeText(tensor.shape) + " of "
                + std::string(typeName(tensor.type)));
    }
    return tensor;
}

std::map<std::string, std::string> readMetadata(const fs::path& file, const json& value)
{
    if (!value.is_object())
        fail(file, kMetadata, "not an object", "an object of strings", "Remove or correct it");
    std::map<std::string, std::string> metadata;
    for (const auto& [key, text] : value.items()) {
        if (!text.is_string()) {
            fail(file, std::string(kMetadata) + ", key \"" + key + "\"", "not a string", "strings only",
                "Remove or correct it");
        }
        metadata.emplace(key, text.get<std::string>());
    }
    return metadata;
}

// Length of the header, checked against the limit and the file.
uint64_t headerLength(const FileReader& file)
{
    if (file.size() < kLengthBytes) {
        fail(file.path(), "byte offset 0",
            "8-byte length missing, the file has " + std::to_string(file.size()) + " bytes", "8 bytes and more", kCut);
    }
    uint64_t length = 0;
    file.read(0, std::as_writable_bytes(std::span(&length, 1)));
    if (length > limits::kSafetensorsHeader) {
        const bool gguf = file.text(0, 4) == "GGUF";
        fail(file.path(), "byte offset 0, header length",
            gguf ? "a GGUF file" : std::to_string(length) + " bytes",
            gguf ? "a safetensors file" : "at most " + std::to_string(limits::kSafetensorsHeader) + " bytes",
            gguf ? "Give it the ending .gguf" : "Check that this is a safetensors file; download it again",
            gguf ? Code::format : Code::limit);
    }
    if (length < 2)
        fail(file.path(), "byte offset 0, header length", std::to_string(length) + " bytes", "2 bytes and more");
    if (length > file.size() - kLengthBytes) {
        fail(file.path(), "byte offset 0, header length", "the file has " + std::to_string(file.size()) + " bytes",
            "expected " + std::to_string(length + kLengthBytes) + " bytes or more", kCut);
    }
    return length;
}

// Sorts by position and checks that the tensors cover the data without overlap, hole or rest; then offsets become
// positions in the file.
void placeTensors(const FileReader& file, std::vector<TensorEntry>& tensors, uint64_t dataStart)
{
    std::sort(tensors.begin(), tensors.end(), [](const TensorEntry& a, const TensorEntry& b) {
        return std::tie(a.offset, a.bytes, a.name) < std::tie(b.offset, b.bytes, b.name);
    });
    uint64_t end = 0;
    const TensorEntry* before = nullptr;
    for (TensorEntry& tensor : tensors) {
        const std::string after = before != nullptr ? " after " + tensorPlace(before->name) : std::string();
        if (tensor.offset < end) {
            fail(file.path(), tensorPlace(tensor.name) + ", data_offsets",
                "begins at " + std::to_string(tensor.offset) + ", an overlap" + after,
                "to begin at " + std::to_string(end));
        }
        if (tensor.offset > end) {
            fail(file.path(), tensorPlace(tensor.name) + ", data_offsets",
                "a hole of " + std::to_string(tensor.offset - end) + " bytes" + after,
                "to begin at " + std::to_string(end));
        }
        end += tensor.bytes;  // at most 2^63 - 1: it was a data offset
        before = &tensor;
    }
    const uint64_t data = file.size() - dataStart;
    if (end > data) {
        fail(file.path(), before == nullptr ? std::string("data") : tensorPlace(before->name),
            "the file has " + std::to_string(file.size()) + " bytes",
            "expected " + std::to_string(dataStart + end) + " bytes", kCut);
    }
    if (end < data) {
        fail(file.path(), "byte offset " + std::to_string(dataStart + end),
            std::to_string(data - end) + " bytes not covered by any tensor", "nothing after the last tensor");
    }
    for (TensorEntry& tensor : tensors)
        tensor.offset += dataStart;
}

// The header's text, padded with spaces so that the data begins at a multiple of 8.
std::string headerText(const fs::path& file, const std::vector<TensorToWrite>& tensors,
    const std::map<std::string, std::string>& metadata)
{
    nlohmann::ordered_json header = nlohmann::ordered_json::object();
    if (!metadata.empty())
        header[kMetadata] = metadata;
    std::set<std::string> names {kMetadata};
    uint64_t at = 0;
    for (const TensorToWrite& tensor : tensors) {
        const bool sensible = typeBits(tensor.type) != 0
            && std::none_of(tensor.shape.begin(), tensor.shape.end(), [](int64_t size) { return size < 0; });
        if (!sensible || !names.insert(tensor.name).second) {
            fail(file, tensorPlace(tensor.name),
                "a second tensor of this name, or a type or shape that cannot be stored",
                "different names, safetensors types", "Report this as a defect", Code::internal);
        }
        const uint64_t bytes = tensorBytes(file, tensor.name, tensor.type, tensor.shape);
        if (bytes > kLargest - at)
            fail(file, tensorPlace(tensor.name), "the sizes overflow", "below 2^63 bytes", "Write fewer tensors");
        header.push_back({tensor.name,
            {{"dtype", typeName(tensor.type)}, {"shape", tensor.shape}, {"data_offsets", {at, at + bytes}}}});
        at += bytes;
    }
    std::string text;
    try {
        text = header.dump();
    } catch (const json::type_error&) {
        fail(file, "header", "a name that is not UTF-8", "names in UTF-8", "Rename the tensor or the metadata");
    }
    text.resize((text.size() + 7) / 8 * 8, ' ');
    if (text.size() > limits::kSafetensorsHeader) {
        fail(file, "header", std::to_string(text.size()) + " bytes",
            "at most " + std::to_string(limits::kSafetensorsHeader) + " bytes", "Write fewer tensors", Code::limit);
    }
    return text;
}

}  // namespace

SafetensorsFile readSafetensors(const fs::path& path, FileReader::Links links)
{
    const FileReader file(path, links);
    refuseKnownWrongKinds(file);
    const uint64_t length = headerLength(file);
    const json header = parseUntrusted(file.text(kLengthBytes, length), path, kLengthBytes);
    if (!header.is_object())
        fail(path, "byte offset 8, header", "not an object", "an object of tensors");
    SafetensorsFile result;
    result.tensors.reserve(header.size());
    for (const auto& [name, entry] : header.items()) {
        if (name == kMetadata)
            result.metadata = readMetadata(path, entry);
        else
            result.tensors.push_back(readEntry(path, name, entry));
    }
    placeTensors(file, result.tensors, kLengthBytes + length);
    file.checkUnchanged();
    return result;
}

void writeSafetensors(const fs::path& path, const std::vector<TensorToWrite>& tensors,
    const std::map<std::string, std::string>& metadata)
{
    const std::string header = headerText(path, tensors, metadata);
    const uint64_t length = header.size();
    AtomicFile file(path);
    file.write(std::as_bytes(std::span(&length, 1)));
    file.write(header);
    for (const TensorToWrite& tensor : tensors) {
        const uint64_t expected = tensorBytes(path, tensor.name, tensor.type, tensor.shape);
        uint64_t written = 0;
        tensor.produce([&](std::span<const std::byte> bytes) {
            file.write(bytes);
            written += bytes.size();
        });
        if (written != expected) {
            fail(path, tensorPlace(tensor.name), std::to_string(written) + " bytes were produced",
                std::to_string(expected) + " bytes", "Report this as a defect", Code::internal);
        }
    }
    file.commit();
}

}  // namespace rankwright
