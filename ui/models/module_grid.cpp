// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/models/module_grid.h"

#include "ui/format.h"

#include <algorithm>
#include <set>

namespace rankwright {

const ModuleInfo* ModuleGrid::at(int layer, int kind) const
{
    if (layer < 0 || kind < 0 || kind >= kinds.size() || size_t(layer) >= layers.size())
        return nullptr;
    const auto& found = modules[size_t(layer) * size_t(kinds.size()) + size_t(kind)];
    return found ? &*found : nullptr;
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
    for (const ModuleInfo& module : modules) {
        layers.insert(module.layer);
        const QString kind = format::shown(module.kind, 40);
        if (!grid.kinds.contains(kind))
            grid.kinds.append(kind);
    }
    grid.layers.assign(layers.begin(), layers.end());
    grid.modules.resize(grid.layers.size() * size_t(grid.kinds.size()));
    for (const ModuleInfo& module : modules) {
        const auto layer = std::lower_bound(grid.layers.begin(), grid.layers.end(), module.layer) - grid.layers.begin();
        const auto kind = grid.kinds.indexOf(format::shown(module.kind, 40));
        grid.cells[module.name] = {.layer = int(layer), .kind = int(kind)};
        grid.modules[size_t(layer) * size_t(grid.kinds.size()) + size_t(kind)] = module;
    }
    return grid;
}

}  // namespace rankwright
