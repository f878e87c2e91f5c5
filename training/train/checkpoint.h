// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The state of a run on disk. start.safetensors: the method's start, written once, so that no decomposition is ever repeated.
// checkpoints/step-000012/: parameters, the optimiser's state and that of a drifting base, with a manifest written last; the folder appears under its name only when it is
// whole.
#pragma once

#include "training/adapters/adapter_set.h"
#include "training/io/tensor_writer.h"

#include <filesystem>
#include <limits>
#include <optional>

namespace rankwright {

// The tensors of each start under its module's name; as metadata what else a start says, the hash of each W and that of the bases made
// from them (AdapterSet::baseHash()). A weight that is trained from its original value has no tensor here.
void writeStart(const std::filesystem::path& runFolder, const std::vector<PlacedStart>& starts, Weights& weights,
    const std::string& baseHash, const std::vector<std::string>& labels = {});
// Names of the classes that the run was started with; empty for other tasks.
std::vector<std::string> labelsOfStart(const std::filesystem::path& runFolder);
// Whether the bases are, bit for bit, those that the run began with: other processors and numbers of threads may round otherwise.
bool sameBases(const std::filesystem::path& runFolder, const AdapterSet& adapters);
// Throws Error{mismatch} where the model's weights are not those the start was made from, Error{format} where the file is damaged
// (`startHash`, of the checkpoint's manifest, is another).
std::vector<PlacedStart> readStart(const std::filesystem::path& runFolder, Weights& weights, const std::string& startHash);

// Where a run stands after `step` updates.
struct Progress
{
    int64_t step = 0, tokens = 0, targets = 0;
    double seconds = 0, loss = 0;
    int64_t skippedInARow = 0;
    double bestEval = std::numeric_limits<double>::infinity();   // lowest evaluation loss so far
    int64_t bestStep = -1;                                       // where it was; -1: never evaluated
    double goalEval = std::numeric_limits<double>::infinity();   // the loss that Patience counts from
    int64_t withoutGain = 0;                                     // evaluations since then
    int64_t evaluatedStep = -1;                                  // the last step that was evaluated
    bool operator==(const Progress&) const = default;
};
// What must be the same for a resume to make sense (configHash) or to be exact (threads).
struct CheckpointIdentity
{
    std::string configHash, dataHash, modelHash;
    int64_t threads = 0;
    std::string startHash;   // SHA-256 of start.safetensors
    std::string rowsHash = {};   // of the first epoch's order and so of the number of rows; empty: of an earlier version
};

// Returns the checkpoint's folder; the newest two stay. Throws Error{io}; earlier checkpoints are untouched then.
std::filesystem::path writeCheckpoint(const std::filesystem::path& runFolder, const Progress& progress,
    const CheckpointIdentity& identity, const NamedTensors& state);
// checkpoints/best: the state of the lowest evaluation loss, beside the others; the one before is replaced.
void writeBest(const std::filesystem::path& runFolder, const Progress& progress, const CheckpointIdentity& identity,
    const NamedTensors& state);

struct Checkpoint
{
    std::filesystem::path folder;
    Progress progress;
    CheckpointIdentity identity;
    std::vector<std::string> notices;      // damaged newer checkpoints that were passed over
};
// The newest whole checkpoint (hashes match), or nothing. Leftover temporary folders are ignored.
std::optional<Checkpoint> findCheckpoint(const std::filesystem::path& runFolder);
// checkpoints/best, where there is one that is whole and of this run's progress so far.
std::optional<Checkpoint> findBest(const std::filesystem::path& runFolder, const Progress& progress);
// The checkpoint whose parameters the run keeps: findBest() where config.keep says so, findCheckpoint() otherwise.
std::optional<Checkpoint> findTrained(const std::filesystem::path& runFolder, const RunConfig& config);
// Copies the checkpoint's tensors into those of `state`, by name. Throws Error{mismatch} where one is missing or has another size.
void loadCheckpoint(const Checkpoint& checkpoint, const NamedTensors& state);

}  // namespace rankwright
