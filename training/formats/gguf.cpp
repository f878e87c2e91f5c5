// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Typed access to GGUF metadata, and models split over several files.
#include "training/formats/gguf.h"

#include "training/api/error.h"
#include "training/formats/file_reader.h"
#include "training/formats/gguf_part.h"

#include <algorithm>
#include <limits>
#include <system_error>
#include <unordered_set>

namespace rankwright {

namespace {

namespace fs = std::filesystem;

std::string placeOf(const std::string& key)
{
    return "key \"" + key + "\"";
}

[[noreturn]] void throwWrongType(const GgufFile& file, const std::string& key, const std::string& allowed)
{
    const GgufValue& value = file.metadata.at(key);
    const std::string type = ggufValueTypeName(value.type);
    throw Error({.code = Code::config, .file = file.path, .place = placeOf(key),
        .found = value.isArray ? "an array of " + type : "the type " + type, .allowed = allowed,
        .advice = "Convert the model again with a current llama.cpp"});
}

// The value, or null where the key is missing and the caller has a fallback.
const GgufValue* find(const GgufFile& file, const std::string& key, bool hasFallback)
{
    const auto found = file.metadata.find(key);
    if (found != file.metadata.end())
        return &found->second;
    if (hasFallback)
        return nullptr;
    throw Error({.code = Code::config, .file = file.path, .place = placeOf(key), .found = "the key is missing",
        .allowed = "a file with this key", .advice = "Convert the model again with a current llama.cpp"});
}

template<typename T>
const T& as(const GgufFile& file, const std::string& key, const GgufValue& value, const std::string& allowed)
{
    if (const T* found = std::get_if<T>(&value.value))
        return *found;
    throwWrongType(file, key, allowed);
}

constexpr auto kLargest = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());

int64_t toSigned(const GgufFile& file, const std::string& key, uint64_t value)
{
    if (value > kLargest) {
        throw Error({.code = Code::config, .file = file.path, .place = placeOf(key), .found = std::to_string(value),
            .allowed = "below 2^63", .advice = "Convert the model again with a current llama.cpp"});
    }
    return static_cast<int64_t>(value);
}

// "model-00002-of-00003.gguf" for part 2 (counted from 1) of 3.
std::string partName(const std::string& stem, int64_t part, int64_t count)
{
    const auto fiveDigits = [](int64_t number) {
        const std::string digits = std::to_string(number);
        return std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits;
    };
    return stem + "-" + fiveDigits(part) + "-of-" + fiveDigits(count) + ".gguf";
}

[[noreturn]] void throwSplit(const fs::path& path, const std::string& place, const std::string& found,
    const std::string& allowed, const std::string& advice, Code code = Code::format)
{
    throw Error({.code = code, .file = path, .place = place, .found = found, .allowed = allowed, .advice = advice});
}

// What the first part's name begins with; checks that the name fits the numbers inside.
std::string splitStem(const GgufFile& first, int64_t number, int64_t count)
{
    const std::string name = first.path.filename().native();
    const std::string ending = partName("", number + 1, count);
    if (!name.ends_with(ending)) {
        throwSplit(first.path, "split.no, split.count",
            "part " + std::to_string(number + 1) + " of " + std::to_string(count) + " under another part's name",
            "a name that ends in \"" + ending + "\"", "Give the parts their original names");
    }
    const std::string stem = name.substr(0, name.size() - ending.size());
    if (number != 0) {
        throwSplit(first.path, "split.no", "part " + std::to_string(number + 1) + " of " + std::to_string(count),
            "the first part", "Open " + partName(stem, 1, count), Code::usage);
    }
    return stem;
}

void requireAllParts(const GgufFile& first, const std::string& stem, int64_t count)
{
    constexpr int kShown = 10;
    int missing = 0;
    std::string names;
    for (int64_t part = 2; part <= count; ++part) {
        const auto name = partName(stem, part, count);
        std::error_code error;
        if (fs::exists(first.path.parent_path() / name, error))
            continue;
        if (++missing <= kShown)
            names += (names.empty() ? "" : ", ") + name;
    }
    if (missing > kShown)
        names += " and " + std::to_string(missing - kShown) + " more";
    if (missing > 0) {
        throwSplit(first.path, "split.count", std::to_string(missing) + " of " + std::to_string(count)
                + " parts are missing: " + names,
            "all parts in one folder", "Download the missing parts", Code::missing);
    }
}

void appendPart(GgufFile& whole, GgufFile part, int64_t number, int64_t count)
{
    if (part.integer("split.no", -1) != number || part.integer("split.count", -1) != count) {
        throwSplit(part.path, "split.no, split.count",
            std::to_string(part.integer("split.no", -1)) + ", " + std::to_string(part.integer("split.count", -1)),
            std::to_string(number) + ", " + std::to_string(count), "Fetch all parts of one and the same model",
            Code::mismatch);
    }
    std::move(part.tensors.begin(), part.tensors.end(), std::back_inserter(whole.tensors));
}

void checkWhole(const GgufFile& whole)
{
    std::unordered_set<std::string_view> names;
    for (const TensorEntry& entry : whole.tensors) {
        if (!names.insert(entry.name).second) {
            throwSplit(entry.file, "tensor \"" + entry.name + "\"", "an earlier part has it as well",
                "each tensor in one part", "Fetch all parts of one and the same model", Code::mismatch);
        }
    }
    const auto expected = whole.integer("split.tensors.count", static_cast<int64_t>(whole.tensors.size()));
    if (expected != static_cast<int64_t>(whole.tensors.size())) {
        throwSplit(whole.path, "split.tensors.count",
            std::to_string(whole.tensors.size()) + " tensors in all parts together", std::to_string(expected),
            "Fetch all parts of one and the same model", Code::mismatch);
    }
}

}  // namespace

int64_t GgufFile::integer(const std::string& key, std::optional<int64_t> fallback) const
{
    const GgufValue* value = find(*this, key, fallback.has_value());
    if (value == nullptr)
        return *fallback;
    if (const auto* plain = std::get_if<uint64_t>(&value->value))
        return toSigned(*this, key, *plain);
    return as<int64_t>(*this, key, *value, "an integer");
}

double GgufFile::number(const std::string& key, std::optional<double> fallback) const
{
    const GgufValue* value = find(*this, key, fallback.has_value());
    if (value == nullptr)
        return *fallback;
    if (const auto* plain = std::get_if<uint64_t>(&value->value))
        return static_cast<double>(*plain);
    if (const auto* plain = std::get_if<int64_t>(&value->value))
        return static_cast<double>(*plain);
    return as<double>(*this, key, *value, "a number");
}

bool GgufFile::flag(const std::string& key, std::optional<bool> fallback) const
{
    const GgufValue* value = find(*this, key, fallback.has_value());
    return value == nullptr ? *fallback : as<bool>(*this, key, *value, "a bool");
}

std::string GgufFile::text(const std::string& key, std::optional<std::string> fallback) const
{
    const GgufValue* value = find(*this, key, fallback.has_value());
    return value == nullptr ? *fallback : as<std::string>(*this, key, *value, "a string");
}

const std::vector<std::string>& GgufFile::texts(const std::string& key) const
{
    return as<std::vector<std::string>>(*this, key, *find(*this, key, false), "an array of strings");
}

std::vector<double> GgufFile::numbers(const std::string& key) const
{
    const GgufValue* value = find(*this, key, false);
    if (const auto* plain = std::get_if<std::vector<uint64_t>>(&value->value))
        return {plain->begin(), plain->end()};
    if (const auto* plain = std::get_if<std::vector<int64_t>>(&value->value))
        return {plain->begin(), plain->end()};
    return as<std::vector<double>>(*this, key, *value, "an array of numbers");
}

std::vector<int64_t> GgufFile::integers(const std::string& key) const
{
    const GgufValue* value = find(*this, key, false);
    if (const auto* plain = std::get_if<std::vector<uint64_t>>(&value->value)) {
        std::vector<int64_t> all;
        all.reserve(plain->size());
        for (const uint64_t element : *plain)
            all.push_back(toSigned(*this, key, element));
        return all;
    }
    return as<std::vector<int64_t>>(*this, key, *value, "an array of integers");
}

GgufFile readGguf(const std::filesystem::path& file)
{
    GgufFile whole = readGgufPart(file);
    if (!whole.has("split.count"))
        return whole;
    constexpr int64_t kMostParts = 99'999;  // five digits
    const int64_t count = whole.integer("split.count");
    if (count < 1 || count > kMostParts) {
        throwSplit(file, "split.count", std::to_string(count), "1 to " + std::to_string(kMostParts),
            "Fetch the model again");
    }
    if (count > 1) {
        const std::string stem = splitStem(whole, whole.integer("split.no", 0), count);
        requireAllParts(whole, stem, count);
        for (int64_t part = 1; part < count; ++part) {
            const auto name = partName(stem, part + 1, count);
            const auto path = resolveInFolder(file.parent_path(), name, file, "split.count");
            appendPart(whole, readGgufPart(path), part, count);
        }
    }
    checkWhole(whole);
    return whole;
}

}  // namespace rankwright
