// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the spectrum explorer says of a matrix, of a kind of matrices and of a layer: the energy that a rank captures, stable and
// effective rank, values above the noise edge. Properties of W; none of them says what a direction is worth to a task.
#pragma once

#include "ui/models/fact_table.h"
#include "ui/models/rank_draft.h"

#include <optional>

namespace rankwright {

enum class SpectrumMeasure { energy, stableRank, effectiveRank, aboveEdge, reduction };

// NaN for `reduction`, which is the quantisation laboratory's.
[[nodiscard]] double measureOf(SpectrumMeasure measure, const ModuleSpectrum& spectrum, int64_t rank);
[[nodiscard]] int measureDigits(SpectrumMeasure measure);
[[nodiscard]] QString measureUnit(SpectrumMeasure measure);

struct HeatScale { double least = 0, most = 1; };
// Round ends, which do not move with every small change. `diverging`: the same on both sides of 0.
[[nodiscard]] HeatScale heatScale(const std::vector<double>& values, bool diverging, double limit);

// "12 q_proj": short enough for a legend.
[[nodiscard]] QString shortName(const ModuleGrid& grid, const std::string& module);

// One row of figures a matrix, for the table of those that are beside each other.
[[nodiscard]] QStringList matrixColumns();
[[nodiscard]] std::vector<Fact> matrixFacts(const ModuleSpectrum& spectrum, int64_t rank);

// Means over the matrices of each kind, or of each layer, that are known; the energy is of their squared norms together.
[[nodiscard]] QStringList profileColumns(bool byLayer);
[[nodiscard]] std::vector<FactRow> profileRows(const ModuleGrid& grid, const std::map<std::string, ModuleSpectrum>& spectra,
    const Ranks& ranks, bool byLayer);

}  // namespace rankwright
