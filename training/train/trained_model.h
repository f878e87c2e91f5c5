// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A stored run opened again: what exports, spectra, drift and the rank post-mortem look at.
#pragma once

#include "training/adapters/adapter_set.h"
#include "training/train/checkpoint.h"
#include "training/train/session.h"

namespace rankwright {

// The configuration in a run folder's run.json. Throws Error{missing, format}.
RunConfig configOfRun(const std::filesystem::path& runFolder);

struct TrainedModel
{
    RunConfig config;
    std::unique_ptr<Weights> weights;   // the original ones; stays where it is: bases that are not placed yet read from it
    Model model;
    int64_t step = 0;                   // of the checkpoint
    std::vector<std::string> labels;    // of a run with classes, in their order
    std::optional<AdapterSet> adapters = std::nullopt;
};
// Puts the head for labels on the model that these starts, of a run or an adapter, train; nothing where they train none.
void addLabelHead(Model& model, const std::vector<PlacedStart>& starts, const RunConfig& config, Weights& weights);
// The run at the checkpoint whose parameters it keeps: the one of the lowest evaluation loss where it was told so
// (RunConfig::keep), the newest otherwise. Throws Error{missing} where it has written none. On `device`, or on the processor,
// wherever the run was trained.
std::unique_ptr<TrainedModel> openTrained(const std::filesystem::path& runFolder, JobContext& context, at::Device device);
std::unique_ptr<TrainedModel> openTrained(const std::filesystem::path& runFolder, JobContext& context);
// The rows that the run is judged by, labels as it was started with; no samples where it has none.
PreparedData evaluationData(const TrainedModel& trained, JobContext& context);

}  // namespace rankwright
