// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// PEFT adapter folders: adapter_config.json and adapter_model.safetensors (methods.md 4.1, peft 0.21.2).
#pragma once

#include "training/adapters/adapter_set.h"

#include <filesystem>

namespace rankwright {

// Keys of adapter_model.safetensors' metadata beside PEFT's own.
inline constexpr const char *kLabelsKey = "rankwright.labels", *kBaseKey = "rankwright.base";

// The head for labels that an adapter brings along; task lm: none.
struct AdapterHead
{
    Task task = Task::lm;
    int64_t outputs = 0;               // rows of the last matrix
    std::vector<std::string> labels;   // classes by name, in order; empty: not known, or a regression
};
// Of the model as it stands, with the names of its classes.
AdapterHead headOf(const Model& model, std::vector<std::string> labels);

// Writes `starts` (A, B, alpha = scaling * rank, DoRA's magnitude, whole weights as modules_to_save; edits are not written) as a PEFT
// LoRA adapter for `baseModel`. Ranks and alphas that differ between modules become rank_pattern and alpha_pattern with whole module
// names. The folder must exist. `editedBase`, where given, is the SHA-256 of the base's model.safetensors: readAdapter() refuses any
// other base then. With a head the task is SEQ_CLS, and its task and labels stand in the file's metadata.
void writeAdapter(const std::filesystem::path& folder, const std::vector<PlacedStart>& starts, const std::string& baseModel,
    const std::string& editedBase = {}, const AdapterHead& head = {});

// What head the adapter needs before readAdapter(): of one of ours as its metadata says, of PEFT's own by the shape of the matrix
// that `config.labelHead.out` names (one row: a regression, as in transformers).
AdapterHead headOfAdapter(const std::filesystem::path& folder, const ModelConfig& config);

// Reads one and matches it to the model's modules: LoRA, rsLoRA, DoRA, rank_pattern, alpha_pattern, modules_to_save. Throws Error
// naming the key: missing files, a pickle (adapter_model.bin), a pending decomposition (init_lora_weights "pissa..."), shapes that do
// not fit, tensors of modules that are not there. `modelPath` is where the model came from.
std::vector<PlacedStart> readAdapter(const std::filesystem::path& folder, Model& model, const std::filesystem::path& modelPath);

// Why what was trained cannot be said as an adapter for the original base; empty where it can.
std::string whyNoPlainAdapter(const AdapterSet& adapters);
// The trained adapter as one for the ORIGINAL base: where the base was edited, A' = [A; A0], B' = [B, -B0] of rank 2r and the same
// scaling (PiSSA eq. 9-10; a drifting base likewise), as it is elsewhere. A core goes into its neighbour. Only where
// whyNoPlainAdapter() is empty.
std::vector<PlacedStart> adapterForOriginalBase(const AdapterSet& adapters);
// What a method took out of the base goes into the adapter as further ranks, so that the adapter goes on the base as it was.
void subtractEdit(Start& start, const BaseEdit& edit);
// The trained A and B, for the base as it is in memory.
std::vector<PlacedStart> adapterAsTrained(const AdapterSet& adapters);

}  // namespace rankwright
