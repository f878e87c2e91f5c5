// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The adaptable matrices of a model as a grid, layers x kinds, as the heat map and the rank table show them. A kind is the shortest
// end of a path that tells it from the others of a layer ("q_proj", "attention.output.dense"); the experts of a layer share one cell.
#pragma once

#include "training/api/reports.h"

#include <QString>
#include <QStringList>

#include <functional>
#include <map>

namespace rankwright {

struct ModuleGrid
{
    std::vector<int64_t> layers;                 // ascending
    QStringList kinds;                           // in the order of the model's own list
    struct Cell { int layer = 0, kind = 0; };    // positions in the two lists
    std::map<std::string, Cell> cells;           // by module name
    std::vector<std::vector<ModuleInfo>> modules;    // layer by layer; none where a layer lacks the kind, many of experts

    // The first of a cell; nullptr where it is empty. Those of one cell have one shape.
    [[nodiscard]] const ModuleInfo* at(int layer, int kind) const;
    [[nodiscard]] const std::vector<ModuleInfo>& all(int layer, int kind) const;
    // The mean of what is known of the matrices of each cell, kind by kind as the heat map wants it; NaN where nothing is.
    [[nodiscard]] std::vector<double> means(const std::function<double(const std::string& module)>& value) const;
    [[nodiscard]] QStringList layerNames() const;
    bool operator==(const ModuleGrid& other) const { return layers == other.layers && kinds == other.kinds; }
};

[[nodiscard]] ModuleGrid moduleGrid(const std::vector<ModuleInfo>& modules);

}  // namespace rankwright
