// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What a run will need, before it starts: memory part by part, multiply-adds and seconds of a step, and what to change where it does
// not fit. The answer to EstimateJob.
#pragma once

#include "training/models/model_source.h"
#include "training/train/session.h"

namespace rankwright {

// What is expected of a run from its configuration, its model and its rows alone: nothing measured, nothing from past runs.
struct Expectation
{
    std::vector<MemoryPart> parts;
    int64_t bytes = 0;                // of the whole process at its peak: the sum of the parts
    double productsPerStep = 0;       // multiply-adds
};
// Samples without targets are left out, as in training. train() sends the two numbers with RunStarted (estimatedBytes,
// productsPerStep); estimate() starts from the same ones. `outputs`: of a head for labels, 0: none.
Expectation expectationOf(const RunConfig& config, const ModelSource& source, const std::vector<Sample>& samples,
    const std::vector<Sample>& evalSamples, int64_t outputs = 0);

// What to say of a run that needs so much of so much that is free; empty where it fits with room, and where 0 are known to be free.
std::string memoryNote(int64_t peakBytes, int64_t memoryBytes);

// Size, memory and time of job.config, calibrated by job.past.
Estimate estimate(const EstimateJob& job, JobContext& context);

// The two changes of the configuration that save most, the larger saving first; each is estimated anew, times `factor`.
std::vector<Suggestion> suggestionsFor(const RunConfig& config, const ModelSource& source, const std::vector<Sample>& samples,
    const std::vector<Sample>& evalSamples, double factor = 1, int64_t outputs = 0);

// Memory: the median of 1 and of measured / expected of the newest ten past runs of this kind, without the program, which every run has
// alike. Speed: their median, of an even number the faster of the two in the middle, since other programs only ever slow a run down.
struct Calibration
{
    double memory = 1, productsPerSecond = 0;     // 0: no past run says how fast
    double slowest = 0, fastest = 0;              // products a second of single runs
    int64_t runs = 0;
};
Calibration calibrationOf(const std::string& kind, const std::vector<PastRun>& past);

}  // namespace rankwright
