// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/models/module_grid.h"

#include "ui/format.h"

#include <QRegularExpression>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace rankwright {

namespace {

// What follows the layer's number, without an expert's: "block_sparse_moe.experts.w1".
QString pathInLayer(const ModuleInfo& module)
{
    static const QRegularExpression layer(QStringLiteral("^.*?\\.\\d+\\.")), expert(QStringLiteral("experts\\.\\d+\\."));
    QString path = format::shown(module.name, 200);
    path.remove(layer);
    return path.replace(expert, QStringLiteral("experts."));
}

// The shortest end of `path` that is no end of another one; the whole path where there is none.
QString shortName(const QString& path, const QStringList& paths)
{
    for (qsizetype parts = 1; parts <= path.count(u'.'); ++parts) {
        const QString end = path.section(u'.', -parts);
        const bool taken = std::ranges::any_of(paths, [&](const QString& other) {
            return other != path && (other == end || other.endsWith(u'.' + end));
        });
        if (!taken)
            return end;
    }
    return path;
}

}  // namespace

const std::vector<ModuleInfo>& ModuleGrid::all(int layer, int kind) const
{
    static const std::vector<ModuleInfo> none;
    if (layer < 0 || kind < 0 || kind >= kinds.size() || size_t(layer) >= layers.size())
        return none;
    return modules[size_t(layer) * size_t(kinds.size()) + size_t(kind)];
}

const ModuleInfo* ModuleGrid::at(int layer, int kind) const
{
    const auto& found = all(layer, kind);
    return found.empty() ? nullptr : &found.front();
}

std::vector<double> ModuleGrid::means(const std::function<double(const std::string& module)>& value) const
{
    std::vector<double> sums(modules.size(), 0.0);
    std::vector<int> counts(modules.size(), 0);
    for (const auto& [name, cell] : cells) {
        const size_t place = size_t(cell.kind) * layers.size() + size_t(cell.layer);
        const double one = value(name);
        if (std::isnan(one))
            continue;
        sums[place] += one;
        ++counts[place];
    }
    for (size_t i = 0; i < sums.size(); ++i)
        sums[i] = counts[i] > 0 ? sums[i] / counts[i] : std::numeric_limits<double>::quiet_NaN();
    return sums;
}

QStringList ModuleGrid::layerNames() const
{
    QStringList names;
    for (const int64_t layer : layers)
        names.append(layer < 0 ? QStringLiteral("–") : QString::number(layer));
    return names;
}

ModuleGrid moduleGrid(const std::vector<ModuleInfo>& modules)
{
    ModuleGrid grid;
    std::set<int64_t> layers;
    QStringList paths;
    for (const ModuleInfo& module : modules) {
        layers.insert(module.layer);
        const QString path = pathInLayer(module);
        if (!paths.contains(path))
            paths.append(path);
    }
    for (const QString& path : paths)
        grid.kinds.append(shortName(path, paths));
    grid.layers.assign(layers.begin(), layers.end());
    grid.modules.resize(grid.layers.size() * size_t(grid.kinds.size()));
    for (const ModuleInfo& module : modules) {
        const auto layer = std::lower_bound(grid.layers.begin(), grid.layers.end(), module.layer) - grid.layers.begin();
        const auto kind = paths.indexOf(pathInLayer(module));
        grid.cells[module.name] = {.layer = int(layer), .kind = int(kind)};
        grid.modules[size_t(layer) * size_t(grid.kinds.size()) + size_t(kind)].push_back(module);
    }
    return grid;
}

}  // namespace rankwright
