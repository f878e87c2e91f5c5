// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Ranks of all matrices as the Spectrum page edits them, and how they stand to a configuration.
#pragma once

#include "ui/models/module_grid.h"

namespace rankwright {

using Ranks = std::map<std::string, ModuleRank>;

// The rank that each matrix of the grid trains with; 0: frozen.
[[nodiscard]] Ranks ranksOf(const ModuleGrid& grid, const RunConfig& config);
[[nodiscard]] bool sameRanks(const Ranks& a, const Ranks& b);
// The one rank of all matrices that train (smaller matrices cut); 0 where they differ.
[[nodiscard]] int64_t uniformRank(const ModuleGrid& grid, const RunConfig& config, const Ranks& ranks);
// `config` so that it trains with these ranks: by `rank` alone where that says it, by a plan otherwise.
[[nodiscard]] RunConfig withRanks(RunConfig config, const ModuleGrid& grid, const Ranks& ranks);
// What to know about singular values of this model; empty where its weights are stored as they were trained.
[[nodiscard]] QString storedNotice(const ModelInfo& model);

}  // namespace rankwright
