// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/checkpoint.h"

#include "training/api/error.h"
#include "training/formats/atomic_file.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"
#include "training/formats/safetensors.h"
#include "training/formats/sha256.h"
#include "training/io/tensor_writer.h"

#include <ATen/ATen.h>

#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace rankwright {

namespace {

constexpr int64_t kFormat = 1;
constexpr size_t kKept = 2;

std::string stepName(int64_t step)
{
    auto digits = std::to_string(step);
    return "step-" + std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits;
}

nlohmann::json manifestOf(const Progress& progress, const CheckpointIdentity& identity, const std::string& hash)
{
    return {{"format", kFormat}, {"step", progress.step}, {"tokens", progress.tokens}, {"targets", progress.targets},
        {"seconds", progress.seconds}, {"loss", std::isfinite(progress.loss) ? nlohmann::json(progress.loss) : nullptr},
        {"skippedInARow", progress.skippedInARow}, {"configHash", identity.configHash}, {"dataHash", identity.dataHash}, {"modelHash", identity.modelHash},
        {"threads", identity.threads}, {"start.safetensors", identity.startHash}, {"state.safetensors", hash}};
}

// Throws where anything is missing or differs.
Checkpoint readManifest(const std::filesystem::path& folder)
{
    const auto file = folder / "manifest.json";
    const auto json = readJsonFile(file, limits::kJsonConfig);
    if (json.value("format", int64_t(0)) != kFormat) {
        throw Error({.code = Code::unsupported,
            .file = file,
            .place = "/format",
            .found = json.value("format", nlohmann::json()).dump(),
            .allowed = std::to_string(kFormat),
            .advice = "Use the version of Rankwright that wrote it, or a newer one."});
    }
    if (sha256OfFile(folder / "state.safetensors") != json.at("state.safetensors").get<std::string>()) {
        throw Error({.code = Code::format,
            .file = folder / "state.safetensors",
            .place = "SHA-256",
            .found = "it differs from the manifest's",
            .advice = "The file is damaged; the checkpoint before it is used."});
    }
    const auto loss = json.at("loss");
    return {.folder = folder,
        .progress = {.step = json.at("step"),
            .tokens = json.at("tokens"),
            .targets = json.at("targets"),
            .seconds = json.at("seconds"),
            .loss = loss.is_null() ? std::nan("") : loss.get<double>(),
            .skippedInARow = json.at("skippedInARow")},
        .identity = {json.at("configHash"), json.at("dataHash"), json.at("modelHash"), json.at("threads"),
            json.at("start.safetensors")}};
}

std::vector<std::filesystem::path> checkpointFolders(const std::filesystem::path& runFolder)
{
    std::vector<std::filesystem::path> folders;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(runFolder / "checkpoints", ignored)) {
        const auto name = entry.path().filename().string();
        if (entry.is_directory() && name.starts_with("step-") && name.find(".tmp-") == std::string::npos)
            folders.push_back(entry.path());
    }
    // By length first: step-1000000 comes after step-999999.
    std::sort(folders.begin(), folders.end(), [](const auto& a, const auto& b) {
        const auto x = a.filename().string(), y = b.filename().string();
        return x.size() != y.size() ? x.size() > y.size() : x > y;
    });
    return folders;   // newest first
}

void renameFolder(const std::filesystem::path& from, const std::filesystem::path& to)
{
    std::error_code problem;
    std::filesystem::remove_all(to, problem);
    std::filesystem::rename(from, to, problem);
    if (problem) {
        throw Error({.code = Code::io,
            .file = to,
            .place = "renaming the finished checkpoint",
            .found = problem.message(),
            .advice = "Make room or check the folder's permissions; the run can go on from the checkpoint before."});
    }
    syncDirectory(to.parent_path());
}

std::string metadataOf(const SafetensorsFile& table, const std::filesystem::path& file, const std::string& key)
{
    const auto found = table.metadata.find(key);
    if (found == table.metadata.end()) {
        throw Error({.code = Code::format, .file = file, .place = key, .found = "it is missing",
            .advice = "The file is damaged: start the run again."});
    }
    return found->second;
}

double scalingOf(const std::string& text, const std::filesystem::path& file, const std::string& name)
{
    const auto json = parseUntrusted(text, file);
    if (!json.is_number() || !(json.get<double>() > 0)) {
        throw Error({.code = Code::format, .file = file, .place = "scaling." + name, .found = escaped(text),
            .allowed = "a number above 0", .advice = "The file is damaged: start the run again."});
    }
    return json.get<double>();
}

}  // namespace

void writeStart(const std::filesystem::path& runFolder, const std::vector<PlacedStart>& starts, Decoder& model,
    Weights& weights)
{
    NamedTensors tensors;
    std::map<std::string, std::string> metadata{{"format", "rankwright-start-1"}};
    for (const auto& [name, start] : starts) {
        tensors.emplace_back(name + ".lora_A", start.A);
        tensors.emplace_back(name + ".lora_B", start.B);
        metadata["scaling." + name] = nlohmann::json(start.scaling).dump();
        metadata["edited." + name] = start.edit ? "1" : "0";
        metadata["weight." + name] = weights.hash(name + ".weight");
        if (start.edit)
            metadata["base." + name] = hashOf({{name, model.slot(name)->base.stored()}});
    }
    writeTensors(runFolder / "start.safetensors", tensors, metadata);
}

std::vector<PlacedStart> readStart(const std::filesystem::path& runFolder, Weights& weights, const std::string& startHash)
{
    const auto file = runFolder / "start.safetensors";
    if (const auto hash = sha256OfFile(file); hash != startHash) {
        throw Error({.code = Code::format, .file = file, .place = "SHA-256", .found = hash, .allowed = startHash,
            .advice = "The file is damaged: start the run again."});
    }
    const auto table = readSafetensors(file);
    const auto metadata = [&](const std::string& key) { return metadataOf(table, file, key); };
    auto tensors = readTensors(file);
    std::vector<PlacedStart> starts;
    for (const auto& stored : table.tensors) {
        if (!stored.name.ends_with(".lora_A"))
            continue;
        const auto name = stored.name.substr(0, stored.name.size() - 7);
        if (!tensors.contains(name + ".lora_B"))
            (void)metadata("tensor " + name + ".lora_B");
        if (metadata("weight." + name) != weights.hash(name + ".weight")) {
            throw Error({.code = Code::mismatch,
                .file = weights.source().path,
                .place = "tensor " + name + ".weight",
                .found = "its bytes are not those that this run started from",
                .allowed = "SHA-256 " + metadata("weight." + name),
                .advice = "Put the original model back, or start a new run."});
        }
        Start start{.A = tensors.at(name + ".lora_A"),
            .B = tensors.at(name + ".lora_B"),
            .scaling = scalingOf(metadata("scaling." + name), file, name)};
        if (metadata("edited." + name) == "1")
            start.edit = BaseEdit{start.A.clone(), start.B.clone(), start.scaling};
        starts.push_back({name, std::move(start)});
    }
    return starts;
}

std::filesystem::path writeCheckpoint(const std::filesystem::path& runFolder, const Progress& progress,
    const CheckpointIdentity& identity, AdapterSet& adapters, AdamW& optimiser)
{
    const auto parent = runFolder / "checkpoints";
    const auto target = parent / stepName(progress.step);
    auto temporary = target;
    temporary += ".tmp-" + std::to_string(::getpid());
    std::error_code problem;
    std::filesystem::remove_all(temporary, problem);
    std::filesystem::create_directories(temporary, problem);
    if (problem) {
        throw Error({.code = Code::io, .file = temporary, .place = "creating the checkpoint", .found = problem.message(),
            .advice = "Check the folder's permissions and the free space."});
    }
    try {
        writeTensors(temporary / "state.safetensors",
            {{"parameters", adapters.parameters()}, {"first", optimiser.first()}, {"second", optimiser.second()}});
        const auto hash = sha256OfFile(temporary / "state.safetensors");
        writeFileAtomically(temporary / "manifest.json", manifestOf(progress, identity, hash).dump(2) + "\n");
        syncDirectory(temporary);
    } catch (...) {
        std::filesystem::remove_all(temporary, problem);
        throw;
    }
    renameFolder(temporary, target);
    const auto folders = checkpointFolders(runFolder);
    for (size_t i = kKept; i < folders.size(); ++i)
        std::filesystem::remove_all(folders[i], problem);   // not being able to delete an old one stops nothing
    return target;
}

std::optional<Checkpoint> findCheckpoint(const std::filesystem::path& runFolder)
{
    std::vector<std::string> notices;
    for (const auto& folder : checkpointFolders(runFolder)) {
        try {
            auto found = readManifest(folder);
            found.notices = notices;
            return found;
        } catch (const Error& error) {
            notices.emplace_back(error.what());
        } catch (const nlohmann::json::exception& error) {
            notices.push_back((folder / "manifest.json").string() + ": " + error.what());
        }
    }
    if (!notices.empty()) {
        throw Error({.code = Code::format,
            .file = runFolder / "checkpoints",
            .place = "every checkpoint",
            .found = notices.front(),
            .advice = "None can be used: start the run again."});
    }
    return std::nullopt;
}

void loadCheckpoint(const Checkpoint& checkpoint, AdapterSet& adapters, AdamW& optimiser)
{
    const auto file = checkpoint.folder / "state.safetensors";
    const auto tensors = readTensors(file);
    const auto load = [&](const char* name, at::Tensor& to) {
        const auto found = tensors.find(name);
        if (found == tensors.end() || found->second.numel() != to.numel()) {
            throw Error({.code = Code::mismatch,
                .file = file,
                .place = std::string("tensor ") + name,
                .found = found == tensors.end() ? "it is not there" : std::to_string(found->second.numel()) + " values",
                .allowed = std::to_string(to.numel()) + " values",
                .advice = "The checkpoint belongs to another configuration."});
        }
        to.copy_(found->second);
    };
    const at::NoGradGuard guard;
    load("parameters", adapters.parameters());
    load("first", optimiser.first());
    load("second", optimiser.second());
}

}  // namespace rankwright
