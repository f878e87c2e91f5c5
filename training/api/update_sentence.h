// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// "95.3 % of the update lives in rank 5 of 16": where a run's update dW = W_eff - W lies, by the singular values of every module. The energy
// of a direction is its squared singular value; ||dW||_F^2 is their sum, so by Eckart and Young no other rank-k update keeps more of it.
#pragma once

#include "training/api/reports.h"

namespace rankwright {

constexpr double kMostOfUpdate = 0.95;   // share of the energy that the sentence is about

// Share of the energy over all modules that the first 1, 2, ... directions of each hold, 0..1; empty where there is no update.
std::vector<double> energyByRank(const std::vector<UpdateSpectrum>& modules);
// The smallest rank that holds kMostOfUpdate; 0 where there is no update.
int64_t rankOfMost(const std::vector<double>& energies);
std::string updateSentence(const std::vector<double>& energies);

}  // namespace rankwright
