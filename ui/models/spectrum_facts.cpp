// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/models/spectrum_facts.h"

#include "training/api/rank_plan.h"
#include "training/api/spectrum_measures.h"
#include "ui/format.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>

namespace rankwright {

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("rankwright::SpectrumFacts", text);
}

Fact number(double value, int digits)
{
    return {.text = format::number(value, digits), .value = value};
}

// Of the matrices of one row so far.
struct Sum
{
    int64_t count = 0;
    double captured = 0, energy = 0, stable = 0, effective = 0, above = 0;
};

int64_t rankIn(const Ranks& ranks, const std::string& module)
{
    const auto found = ranks.find(module);
    return found == ranks.end() ? 0 : found->second.rank;
}

}  // namespace

double measureOf(SpectrumMeasure measure, const ModuleSpectrum& spectrum, int64_t rank)
{
    switch (measure) {
    case SpectrumMeasure::energy:
        return 100 * capturedEnergy(spectrum, rank);
    case SpectrumMeasure::stableRank:
        return spectrum.stableRank;
    case SpectrumMeasure::effectiveRank:
        return spectrum.effectiveRank;
    case SpectrumMeasure::aboveEdge:
        return double(valuesAboveEdge(spectrum));
    case SpectrumMeasure::reduction:
        break;
    }
    return std::numeric_limits<double>::quiet_NaN();
}

int measureDigits(SpectrumMeasure measure)
{
    return measure == SpectrumMeasure::aboveEdge ? 0 : 1;
}

QString measureUnit(SpectrumMeasure measure)
{
    return measure == SpectrumMeasure::energy || measure == SpectrumMeasure::reduction ? tr(" %") : QString();
}

HeatScale heatScale(const std::vector<double>& values, bool diverging, double limit)
{
    double most = 0;
    for (const double value : values) {
        if (std::isfinite(value))
            most = std::max(most, diverging ? std::abs(value) : value);
    }
    const double step = most > 200 ? 50 : most > 50 ? 10 : most > 10 ? 5 : most > 1 || !diverging ? 1 : 0.1;
    const double end = std::min(limit, std::max(step, std::ceil(most / step - 1e-9) * step));
    return {.least = diverging ? -end : 0, .most = end};
}

QString shortName(const ModuleGrid& grid, const std::string& module)
{
    const auto cell = grid.cells.find(module);
    if (cell == grid.cells.end())
        return format::shown(module, 40);
    return QStringLiteral("%1 %2").arg(grid.layerNames().value(cell->second.layer), grid.kinds.value(cell->second.kind));
}

QStringList matrixColumns()
{
    return {tr("Matrix"), tr("σ₁"), tr("Stable"), tr("Effective"), tr("Over edge"), tr("At r, %")};
}

std::vector<Fact> matrixFacts(const ModuleSpectrum& spectrum, int64_t rank)
{
    const auto above = valuesAboveEdge(spectrum);
    return {number(spectrum.values.empty() ? 0 : double(spectrum.values.front()), 2), number(spectrum.stableRank, 1),
        number(spectrum.effectiveRank, 1), {.text = QString::number(above), .value = double(above)},
        number(100 * capturedEnergy(spectrum, rank), 1)};
}

QStringList profileColumns(bool byLayer)
{
    return {byLayer ? tr("Layer") : tr("Kind"), tr("Known"), tr("Stable"), tr("Effective"), tr("Over edge"), tr("At r, %")};
}

std::vector<FactRow> profileRows(
    const ModuleGrid& grid, const std::map<std::string, ModuleSpectrum>& spectra, const Ranks& ranks, bool byLayer)
{
    const QStringList names = byLayer ? grid.layerNames() : grid.kinds;
    std::vector<Sum> sums(size_t(names.size()));
    for (const auto& [name, spectrum] : spectra) {
        const auto cell = grid.cells.find(name);
        if (cell == grid.cells.end())
            continue;
        Sum& sum = sums[size_t(byLayer ? cell->second.layer : cell->second.kind)];
        ++sum.count;
        sum.captured += spectrum.energy * capturedEnergy(spectrum, rankIn(ranks, name));
        sum.energy += spectrum.energy;
        sum.stable += spectrum.stableRank;
        sum.effective += spectrum.effectiveRank;
        sum.above += double(valuesAboveEdge(spectrum));
    }
    std::vector<FactRow> rows;
    for (qsizetype i = 0; i < names.size(); ++i) {
        const Sum& sum = sums[size_t(i)];
        const double n = sum.count > 0 ? double(sum.count) : std::numeric_limits<double>::quiet_NaN();
        rows.push_back({.key = names[i], .title = names[i], .tip = {}, .facts = {{.text = QString::number(sum.count), .value = double(sum.count)},
            number(sum.stable / n, 1), number(sum.effective / n, 1), number(sum.above / n, 0),
            number(100 * sum.captured / (sum.energy > 0 ? sum.energy : std::numeric_limits<double>::quiet_NaN()), 1)}, .color = {}});
    }
    return rows;
}

}  // namespace rankwright
