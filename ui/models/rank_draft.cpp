// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/models/rank_draft.h"

#include "ui/format.h"

#include <QCoreApplication>

#include <algorithm>

namespace rankwright {

Ranks ranksOf(const ModuleGrid& grid, const RunConfig& config)
{
    Ranks ranks;
    for (const auto& [name, cell] : grid.cells) {
        const ModuleInfo& module = *grid.at(cell.layer, cell.kind);
        const int64_t rank = std::min({config.rank, module.rows, module.cols});
        if (const auto planned = config.plan.find(name); planned != config.plan.end())
            ranks[name] = planned->second;
        else if (matchesModules(config.modules, name))
            ranks[name] = {.rank = rank, .alpha = config.alpha > 0 ? config.alpha : double(rank)};
        else
            ranks[name] = {};
    }
    return ranks;
}

bool sameRanks(const Ranks& a, const Ranks& b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
        return one.first == other.first && one.second.rank == other.second.rank;
    });
}

int64_t uniformRank(const ModuleGrid& grid, const RunConfig& config, const Ranks& ranks)
{
    int64_t largest = 0;
    for (const auto& [name, rank] : ranks)
        largest = std::max(largest, rank.rank);
    for (const auto& [name, rank] : ranks) {
        const auto cell = grid.cells.find(name);
        if (cell == grid.cells.end() || (rank.rank == 0 && !matchesModules(config.modules, name)))
            continue;
        const ModuleInfo& module = *grid.at(cell->second.layer, cell->second.kind);
        if (rank.rank != std::min({largest, module.rows, module.cols}))
            return 0;
    }
    return largest;
}

RunConfig withRanks(RunConfig config, const ModuleGrid& grid, const Ranks& ranks)
{
    const bool outside = std::any_of(ranks.begin(), ranks.end(), [&config](const auto& entry) {
        return entry.second.rank > 0 && !matchesModules(config.modules, entry.first);
    });
    if (outside)
        config.modules = "*";
    config.plan.clear();
    if (const int64_t uniform = uniformRank(grid, config, ranks); uniform > 0)
        config.rank = uniform;
    if (!sameRanks(ranksOf(grid, config), ranks))
        config.plan = ranks;
    return config;
}

// What the stored weights are, where their singular values are not those of the model as it was trained.
QString storedNotice(const ModelInfo& model)
{
    if (!model.quantised)
        return {};
    std::map<std::string, int64_t> weight;
    for (const ModuleInfo& module : model.modules)
        weight[module.dtype] += module.rows * module.cols;
    const auto most = std::max_element(
        weight.begin(), weight.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    const std::string dtype = most == weight.end() ? "quantised" : most->first;
    if (dtype.starts_with("Q4") || dtype.starts_with("IQ4"))
        return QCoreApplication::translate("rankwright::SpectrumPage",
            "These are the singular values of the dequantised 4-bit weights (%1): the small ones at the end are partly "
            "rounding noise.")
            .arg(format::shown(dtype, 16));
    return QCoreApplication::translate(
        "rankwright::SpectrumPage", "These are the singular values of the dequantised %1 weights.")
        .arg(format::shown(dtype, 16));
}

}  // namespace rankwright
