// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The adaptable matrices of a model as a grid, layers x kinds, as the heat map and the rank table show them.
#pragma once

#include "training/api/reports.h"

#include <QString>
#include <QStringList>

#include <map>
#include <optional>

namespace rankwright {

struct ModuleGrid
{
    std::vector<int64_t> layers;                 // ascending
    QStringList kinds;                           // in the order of the model's own list
    struct Cell { int layer = 0, kind = 0; };    // positions in the two lists
    std::map<std::string, Cell> cells;           // by module name
    std::vector<std::optional<ModuleInfo>> modules;  // layer by layer; none where a layer lacks the kind

    [[nodiscard]] const ModuleInfo* at(int layer, int kind) const;
    [[nodiscard]] QStringList layerNames() const;
    bool operator==(const ModuleGrid& other) const { return layers == other.layers && kinds == other.kinds; }
};

[[nodiscard]] ModuleGrid moduleGrid(const std::vector<ModuleInfo>& modules);

}  // namespace rankwright
