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

constexpr int64_t kFormat = 2;   // 2: state by name, starts with more than A and B
constexpr size_t kKept = 2;
constexpr const char* kBest = "best";

std::string stepName(int64_t step)
{
    auto digits = std::to_string(step);
    return "step-" + std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits;
}

nlohmann::json numberOrNull(double value)
{
    return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}

double numberOr(const nlohmann::json& json, const char* key, double otherwise)
{
    const auto found = json.find(key);
    return found == json.end() || found->is_null() ? otherwise : found->get<double>();
}

nlohmann::json manifestOf(const Progress& progress, const CheckpointIdentity& identity, const std::string& hash)
{
    return {{"format", kFormat}, {"step", progress.step}, {"tokens", progress.tokens}, {"targets", progress.targets},
        {"seconds", progress.seconds}, {"loss", numberOrNull(progress.loss)},
        {"skippedInARow", progress.skippedInARow}, {"bestEval", numberOrNull(progress.bestEval)}, {"bestStep", progress.bestStep},
        {"goalEval", numberOrNull(progress.goalEval)}, {"withoutGain", progress.withoutGain},
        {"evaluatedStep", progress.evaluatedStep}, {"configHash", identity.configHash}, {"dataHash", identity.dataHash},
        {"modelHash", identity.modelHash},
        {"threads", identity.threads}, {"start.safetensors", identity.startHash}, {"rows", identity.rowsHash}, {"state.safetensors", hash}};
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
            .advice = "Another version of Rankwright wrote it: go on with or export the run there."});
    }
    if (sha256OfFile(folder / "state.safetensors") != json.at("state.safetensors").get<std::string>()) {
        throw Error({.code = Code::format,
            .file = folder / "state.safetensors",
            .place = "SHA-256",
            .found = "it differs from the manifest's",
            .advice = "The file is damaged; the checkpoint before it is used."});
    }
    constexpr double kNone = std::numeric_limits<double>::infinity();
    return {.folder = folder,
        .progress = {.step = json.at("step"),
            .tokens = json.at("tokens"),
            .targets = json.at("targets"),
            .seconds = json.at("seconds"),
            .loss = numberOr(json, "loss", std::nan("")),
            .skippedInARow = json.at("skippedInARow"),
            .bestEval = numberOr(json, "bestEval", kNone),
            .bestStep = json.value("bestStep", int64_t(-1)),
            .goalEval = numberOr(json, "goalEval", kNone),
            .withoutGain = json.value("withoutGain", int64_t(0)),
            .evaluatedStep = json.value("evaluatedStep", int64_t(-1))},
        .identity = {json.at("configHash"), json.at("dataHash"), json.at("modelHash"), json.at("threads"),
            json.at("start.safetensors"), json.value("rows", std::string())}};
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

// What a start says beside its tensors.
nlohmann::json wordsOf(const Start& start)
{
    return {{"scaling", start.scaling}, {"trainsA", start.trainsA}, {"trainsB", start.trainsB},
        {"trainsWeight", start.trainsWeight}, {"untiesHead", start.untiesHead}, {"rateFactorB", start.rateFactorB},
        {"driftGain", start.driftGain}, {"belongsToBase", start.belongsToBase}, {"format", start.format},
        {"edit", start.edit ? nlohmann::json(start.edit->scaling) : nlohmann::json()}};
}

Start startOf(const nlohmann::json& words, std::map<std::string, at::Tensor>& tensors, const std::string& name,
    const std::filesystem::path& file)
{
    Start start{.scaling = words.at("scaling"),
        .trainsA = words.at("trainsA"),
        .trainsB = words.at("trainsB"),
        .trainsWeight = words.at("trainsWeight"),
        .untiesHead = words.at("untiesHead"),
        .rateFactorB = words.at("rateFactorB"),
        .driftGain = words.at("driftGain"),
        .belongsToBase = words.at("belongsToBase"),
        .format = words.at("format")};
    const auto take = [&](const std::string& part) {
        const auto found = tensors.find(name + part);
        return found == tensors.end() ? at::Tensor() : found->second;
    };
    start.A = take(".lora_A");
    start.B = take(".lora_B");
    start.core = take(".core");
    start.magnitude = take(".magnitude");
    start.weight = take(".weight");
    const bool edited = !words.at("edit").is_null();
    if (edited) {
        // Most edits take out what the adapter starts with; only others are stored.
        const auto A0 = take(".edit_A"), B0 = take(".edit_B");
        start.edit = BaseEdit{A0.defined() ? A0 : start.A.clone(), B0.defined() ? B0 : start.B.clone(), words.at("edit")};
    }
    if (!start.trainsWeight && !(start.A.defined() && start.B.defined())) {
        throw Error({.code = Code::format, .file = file, .place = "tensors of " + name, .found = "lora_A or lora_B is missing",
            .advice = "The file is damaged: start the run again."});
    }
    return start;
}

NamedTensors tensorsOf(const PlacedStart& placed)
{
    const auto& [name, start] = placed;
    NamedTensors tensors;
    const auto add = [&](const char* part, const at::Tensor& tensor) {
        if (tensor.defined())
            tensors.emplace_back(name + part, tensor);
    };
    add(".lora_A", start.A);
    add(".lora_B", start.B);
    add(".core", start.core);
    add(".magnitude", start.magnitude);
    add(".weight", start.weight);
    if (start.edit && !at::equal(start.edit->A0, start.A))
        add(".edit_A", start.edit->A0);
    if (start.edit && !at::equal(start.edit->B0, start.B))
        add(".edit_B", start.edit->B0);
    return tensors;
}

}  // namespace

bool sameBases(const std::filesystem::path& runFolder, const AdapterSet& adapters)
{
    const auto file = runFolder / "start.safetensors";
    return metadataOf(readSafetensors(file), file, "bases") == adapters.baseHash();
}

void writeStart(const std::filesystem::path& runFolder, const std::vector<PlacedStart>& starts, Weights& weights,
    const std::string& baseHash, const std::vector<std::string>& labels)
{
    NamedTensors tensors;
    std::map<std::string, std::string> metadata{{"format", "rankwright-start-2"}, {"bases", baseHash}};
    if (!labels.empty())
        metadata["labels"] = nlohmann::json(labels).dump();
    for (const auto& placed : starts) {
        for (auto& named : tensorsOf(placed))
            tensors.push_back(std::move(named));
        metadata["start." + placed.name] = wordsOf(placed.start).dump();
        const auto stored = placed.name.ends_with(".weight") ? placed.name : placed.name + ".weight";
        metadata["weight." + placed.name] = weights.has(stored) ? weights.hash(stored) : "";
    }
    nlohmann::json order = nlohmann::json::array();
    for (const auto& placed : starts)
        order.push_back(placed.name);
    metadata["order"] = order.dump();
    if (tensors.empty())
        tensors.emplace_back("none", at::zeros({0}, at::kFloat));   // a file of tensors has at least one
    writeTensors(runFolder / "start.safetensors", tensors, metadata);
}

std::vector<std::string> labelsOfStart(const std::filesystem::path& runFolder)
{
    const auto file = runFolder / "start.safetensors";
    const auto table = readSafetensors(file);
    const auto found = table.metadata.find("labels");
    if (found == table.metadata.end())
        return {};
    std::vector<std::string> labels;
    for (const auto& label : parseUntrusted(found->second, file))
        labels.push_back(label.is_string() ? label.get<std::string>() : label.dump());
    return labels;
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
    for (const std::string name : parseUntrusted(metadata("order"), file)) {
        const auto stored = name.ends_with(".weight") ? name : name + ".weight";
        const auto hash = metadata("weight." + name);
        if (!hash.empty() && hash != weights.hash(stored)) {
            throw Error({.code = Code::mismatch,
                .file = weights.source().path,
                .place = "tensor " + stored,
                .found = "its bytes are not those that this run started from",
                .allowed = "SHA-256 " + hash,
                .advice = "Put the original model back, or start a new run."});
        }
        starts.push_back({name, startOf(parseUntrusted(metadata("start." + name), file), tensors, name, file)});
    }
    return starts;
}

namespace {

// The folder appears under its name only when it is whole.
void writeState(const std::filesystem::path& target, const Progress& progress, const CheckpointIdentity& identity,
    const NamedTensors& state)
{
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
        writeTensors(temporary / "state.safetensors", state);
        const auto hash = sha256OfFile(temporary / "state.safetensors");
        writeFileAtomically(temporary / "manifest.json", manifestOf(progress, identity, hash).dump(2) + "\n");
        syncDirectory(temporary);
    } catch (...) {
        std::filesystem::remove_all(temporary, problem);
        throw;
    }
    renameFolder(temporary, target);
}

}  // namespace

std::filesystem::path writeCheckpoint(const std::filesystem::path& runFolder, const Progress& progress,
    const CheckpointIdentity& identity, const NamedTensors& state)
{
    const auto target = runFolder / "checkpoints" / stepName(progress.step);
    writeState(target, progress, identity, state);
    std::error_code problem;
    const auto folders = checkpointFolders(runFolder);
    for (size_t i = kKept; i < folders.size(); ++i)
        std::filesystem::remove_all(folders[i], problem);   // not being able to delete an old one stops nothing
    return target;
}

void writeBest(const std::filesystem::path& runFolder, const Progress& progress, const CheckpointIdentity& identity,
    const NamedTensors& state)
{
    writeState(runFolder / "checkpoints" / kBest, progress, identity, state);
}

std::optional<Checkpoint> findBest(const std::filesystem::path& runFolder, const Progress& progress)
{
    const auto folder = runFolder / "checkpoints" / kBest;
    std::error_code ignored;
    if (!std::filesystem::is_directory(folder, ignored))
        return std::nullopt;
    std::optional<Checkpoint> found;
    try {
        found = readManifest(folder);
    } catch (const Error&) {
        return std::nullopt;
    } catch (const nlohmann::json::exception&) {
        return std::nullopt;
    }
    // A kill may leave a best state of steps that are taken again: it counts once they have been.
    if (found->progress.bestStep != progress.bestStep)
        return std::nullopt;
    return found;
}

std::optional<Checkpoint> findTrained(const std::filesystem::path& runFolder, const RunConfig& config)
{
    auto newest = findCheckpoint(runFolder);
    if (newest && config.keep == "best") {
        if (auto best = findBest(runFolder, newest->progress))
            return best;
    }
    return newest;
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

void loadCheckpoint(const Checkpoint& checkpoint, const NamedTensors& state)
{
    const auto file = checkpoint.folder / "state.safetensors";
    const auto tensors = readTensors(file);
    const at::NoGradGuard guard;
    for (const auto& [name, to] : state) {
        const auto found = tensors.find(name);
        if (found == tensors.end() || found->second.sizes() != to.sizes()) {
            throw Error({.code = Code::mismatch,
                .file = file,
                .place = "tensor " + name,
                .found = found == tensors.end() ? "it is not there" : std::to_string(found->second.numel()) + " values",
                .allowed = std::to_string(to.numel()) + " values",
                .advice = "The checkpoint belongs to another configuration."});
        }
        to.copy_(found->second);
    }
}

}  // namespace rankwright
