// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A model folder: one safetensors file, or an index and its shards. The index is untrusted: it may name files anywhere.
#include "training/api/error.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"
#include "training/formats/safetensors.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

namespace rankwright {

namespace {

namespace fs = std::filesystem;

constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

bool isThere(const fs::path& path)
{
    std::error_code error;
    return fs::exists(fs::symlink_status(path, error));
}

// What resolveInFolder() returned is no link; should one be there now, somebody has just put it there.
SafetensorsFile readPlain(const fs::path& path)
{
    return readSafetensors(path, FileReader::Links::refuse);
}

// Which shard holds which tensor, both as the index says; the names are checked before anything is opened.
std::map<std::string, std::set<std::string>> readIndex(const fs::path& folder, const fs::path& index)
{
    const fs::path real = resolveInFolder(folder, kIndex, index, "path");
    const auto json = parseUntrusted(readWholeFile(real, limits::kJsonConfig), index);
    const auto map = json.is_object() ? json.find("weight_map") : json.end();
    if (!json.is_object() || map == json.end() || !map->is_object() || map->empty()) {
        throw Error({.code = Code::format, .file = index, .place = "weight_map",
            .found = "missing, empty or not an object", .allowed = "an object of tensor and file names",
            .advice = "Fetch the index again"});
    }
    std::map<std::string, std::set<std::string>> shards;
    for (const auto& [tensor, shard] : map->items()) {
        const std::string place = "weight_map, key \"" + tensor + "\"";
        if (!shard.is_string()) {
            throw Error({.code = Code::format, .file = index, .place = place, .found = "not a string",
                .allowed = "the name of a file", .advice = "Fetch the index again"});
        }
        const auto& name = shard.get_ref<const std::string&>();
        auto& tensors = shards[name];
        if (tensors.empty())
            (void)resolveInFolder(folder, name, index, place);
        tensors.insert(tensor);
    }
    return shards;
}

void requireAllShards(const fs::path& folder, const fs::path& index,
    const std::map<std::string, std::set<std::string>>& shards)
{
    int64_t missing = 0;
    std::string names;
    for (const auto& [name, tensors] : shards) {
        std::error_code error;
        if (fs::exists(folder / name, error))
            continue;
        ++missing;
        names += (names.empty() ? "" : ", ") + name;
    }
    if (missing > 0) {
        throw Error({.code = Code::missing, .file = index, .place = "weight_map",
            .found = std::to_string(missing) + " of " + std::to_string(shards.size()) + " files are missing: " + names,
            .allowed = "all files in the folder", .advice = "Download the missing files into " + folder.native()});
    }
}

std::vector<TensorEntry> readShards(const fs::path& folder, const fs::path& index, std::vector<std::string>* warnings)
{
    const auto shards = readIndex(folder, index);
    requireAllShards(folder, index, shards);
    std::vector<TensorEntry> all;
    std::map<std::string, std::string> seen;  // tensor and the shard it came from
    for (const auto& [name, expected] : shards) {
        std::set<std::string> unseen = expected;
        auto shard = readPlain(resolveInFolder(folder, name, index, "weight_map"));
        for (TensorEntry& tensor : shard.tensors) {
            const auto [before, fresh] = seen.emplace(tensor.name, name);
            if (!fresh) {
                throw Error({.code = Code::mismatch, .file = index, .place = "tensor \"" + tensor.name + "\"",
                    .found = "it is in " + before->second + " and in " + name, .allowed = "each tensor in one file",
                    .advice = "Fetch all files of one and the same model"});
            }
            if (unseen.erase(tensor.name) == 0 && warnings != nullptr) {
                warnings->push_back(escaped(name) + " has the tensor \"" + escaped(tensor.name)
                    + "\", which the index does not list there");
            }
            all.push_back(std::move(tensor));
        }
        if (!unseen.empty()) {
            throw Error({.code = Code::mismatch, .file = index, .place = "weight_map, key \"" + *unseen.begin() + "\"",
                .found = name + " does not have it"
                    + (unseen.size() > 1 ? ", nor " + std::to_string(unseen.size() - 1) + " others" : std::string()),
                .allowed = "every tensor in the file that the index names",
                .advice = "Fetch the index and all files of one and the same model"});
        }
    }
    return all;
}

// There are no safetensors: says what there is instead.
[[noreturn]] void throwNoWeights(const fs::path& folder)
{
    constexpr std::array<std::string_view, 3> kPickles {"pytorch_model.bin", "pytorch_model.bin.index.json",
        "consolidated.00.pth"};
    for (const std::string_view name : kPickles) {
        if (isThere(folder / name)) {
            throw Error({.code = Code::pickle, .file = folder, .place = std::string(name),
                .found = "the weights are pickles, which can run code", .allowed = kSingle,
                .advice = "Fetch the safetensors version, or convert it with transformers (save_pretrained)"});
        }
    }
    throw Error({.code = Code::missing, .file = folder, .place = kSingle,
        .found = isThere(folder) ? "no such file, and no " + std::string(kIndex) : "no such folder",
        .allowed = "a folder with one of the two", .advice = "Choose the folder that holds the weights"});
}

}  // namespace

std::vector<TensorEntry> readSafetensorsFolder(const fs::path& folder, std::vector<std::string>* warnings)
{
    if (isThere(folder / kSingle))
        return readPlain(resolveInFolder(folder, kSingle, folder, "path")).tensors;
    if (isThere(folder / kIndex))
        return readShards(folder, folder / kIndex, warnings);
    throwNoWeights(folder);
}

}  // namespace rankwright
