// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The state of a run on disk. start.safetensors: the method's start, written once, so that no decomposition is ever repeated.
// checkpoints/step-000012/: parameters and moments with a manifest written last; the folder appears under its name only when it is
// whole.
#pragma once

#include "training/methods/adapter_set.h"
#include "training/optimisers/adamw.h"

#include <filesystem>
#include <optional>

namespace rankwright {

// With hashes of each W and of the edited base as metadata.
void writeStart(const std::filesystem::path& runFolder, const std::vector<PlacedStart>& starts, Decoder& model,
    Weights& weights);
// Throws Error{mismatch} where the model's weights are not those the start was made from.
// or Error{format} where the file is damaged (`startHash`, of the checkpoint's manifest, is another).
std::vector<PlacedStart> readStart(const std::filesystem::path& runFolder, Weights& weights, const std::string& startHash);

// Where a run stands after `step` updates.
struct Progress
{
    int64_t step = 0, tokens = 0, targets = 0;
    double seconds = 0, loss = 0;
    int64_t skippedInARow = 0;
    bool operator==(const Progress&) const = default;
};
// What must be the same for a resume to make sense (configHash) or to be exact (threads).
struct CheckpointIdentity
{
    std::string configHash, dataHash, modelHash;
    int64_t threads = 0;
    std::string startHash;   // SHA-256 of start.safetensors
};

// Returns the checkpoint's folder; the newest two stay. Throws Error{io}; earlier checkpoints are untouched then.
std::filesystem::path writeCheckpoint(const std::filesystem::path& runFolder, const Progress& progress,
    const CheckpointIdentity& identity, AdapterSet& adapters, AdamW& optimiser);

struct Checkpoint
{
    std::filesystem::path folder;
    Progress progress;
    CheckpointIdentity identity;
    std::vector<std::string> notices;      // damaged newer checkpoints that were passed over
};
// The newest whole checkpoint (hashes match), or nothing. Leftover temporary folders are ignored.
std::optional<Checkpoint> findCheckpoint(const std::filesystem::path& runFolder);
void loadCheckpoint(const Checkpoint& checkpoint, AdapterSet& adapters, AdamW& optimiser);

}  // namespace rankwright
