// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Ranks per module from singular values: a pure function, so that a slider in the window can call it for every move.
#pragma once

#include "training/api/reports.h"

namespace rankwright {

// Exactly one of the four is set (> 0).
struct PlanRequest
{
    int64_t rank = 0;       // the same rank everywhere (cut at min(rows, cols))
    double energy = 0;      // 0..1: the smallest rank per module that holds this share of its squared Frobenius norm
    int64_t budget = 0;     // trainable parameters: the largest total energy for it
    int64_t memory = 0;     // bytes of training (RankPlan::adapterBytes): the same by memory
};

// Module energies from their spectra; alpha = rank (scaling 1). Where a spectrum lists fewer values than the energy
// needs, the rank is the number of values listed. A budget is spent best: never below the optimum by more than RankPlan::gap says,
// which is 0 where the exact search was possible. Weighted spectra (SpectrumJob::weighted) give activation-weighted plans. Throws
// Error{usage} unless exactly one part of the request is set.
RankPlan planRanks(const std::vector<ModuleSpectrum>& spectra, const PlanRequest& request);
// Share of the squared Frobenius norm that the first `rank` values hold, 0..1.
double capturedEnergy(const ModuleSpectrum& spectrum, int64_t rank);
// Recomputes the totals after a person has edited single ranks.
RankPlan planFromRanks(const std::vector<ModuleSpectrum>& spectra, const std::map<std::string, ModuleRank>& ranks);

// {"rank_pattern": {...}, "alpha_pattern": {...}, "r": .., "lora_alpha": ..} as PEFT's LoraConfig reads them, with the module names
// anchored so that each pattern means exactly one module, and modules of rank 0 left out of "target_modules".
nlohmann::json peftPatterns(const RankPlan& plan);

}  // namespace rankwright
