// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The ranks that hold most energy for a number of parameters: a knapsack whose items are singular values. Rank r of a module costs
// r (rows + cols) and holds its r largest values squared.
#pragma once

#include "training/api/events.h"

namespace rankwright {

struct BudgetRanks
{
    std::vector<int64_t> ranks;   // one a spectrum
    double energy = 0;            // that the listed values of these ranks hold
    double bound = 0;             // no ranks within the budget hold more; equal to `energy` where these are the best
};
// Values must be listed largest first, as spectra are. Values of zero are not bought. Ties go to the module that comes first.
BudgetRanks ranksForBudget(const std::vector<ModuleSpectrum>& spectra, int64_t parameters);

}  // namespace rankwright
