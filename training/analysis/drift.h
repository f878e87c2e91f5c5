// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How far training moves each weight, seen in the singular directions of the ORIGINAL weight (never of the residual that a method
// may have put in its place). While a run goes on by DriftMonitor, from a part of the directions; afterwards by measureDrift, from
// all of them. Intruder dimensions: Shuttleworth and others 2024, arXiv 2410.21228, section 3. What counts as the update: see
// training/analysis/update.h.
#pragma once

#include "training/adapters/adapter_set.h"
#include "training/train/session.h"

namespace rankwright {

// Of the checkpoint whose parameters a stored run keeps. Full singular value decompositions of the original weights, float64. Where
// whole weights are trained there is no B, and the first left singular vectors of the update stand for it.
DriftReport measureDrift(const DriftJob& job, JobContext& context);

// The same while a run goes on, made once the adapters are in place and before a checkpoint is loaded into them. Keeps for every module
// the first L = max(rank, 20) singular triplets of the original weight, L (out + in) floats: exact up to float32 where the shorter side
// is at most 1024, randomised above, where single directions of a flat spectrum may be off by degrees.
//
// Modules without a low-rank update (whole weights, DoRA) are left out. `intruders` is an estimate: of the first 10 left singular
// vectors of W_eff, as Rayleigh and Ritz find them in the spans of the kept vectors and of the update's factors, those whose cosine to
// each kept vector is below 0.5. It errs low. What it does not see: the part of W beyond the kept vectors between the factors' spans, an update
// that lifts one of W's own directions from there into the first 10 (measureDrift does not count it), and what a quantised base lost.
class DriftMonitor
{
public:
    DriftMonitor(const AdapterSet& adapters, Weights& weights, const RunConfig& config, const Model::Progress& progress);
    ~DriftMonitor();
    DriftMonitor(const DriftMonitor&) = delete;
    DriftMonitor& operator=(const DriftMonitor&) = delete;

    // Call after step `step`, with the run's training time so far: what is due now, or nothing. Due is every config.driftEvery steps,
    // but for those where measuring would bring the time spent on it above 2 % of the training time since this monitor was made. The
    // first cost is known from a measurement at the end of the set-up; the set-up itself is part of a run's preparation.
    [[nodiscard]] std::optional<DriftEvent> after(int64_t step, double trainingSeconds);

    [[nodiscard]] double setupSeconds() const { return m_setup; }
    [[nodiscard]] double measuringSeconds() const { return m_spent; }   // in all, without the set-up
    [[nodiscard]] int64_t bytes() const;                                // kept between measurements

private:
    struct Directions;
    std::vector<ModuleDrift> measure() const;

    std::vector<Directions> m_modules;
    int64_t m_every;
    double m_setup = 0, m_spent = 0, m_last = 0;    // seconds
    double m_begin = -1;                            // training time at the first call; below 0: none yet
};

}  // namespace rankwright
