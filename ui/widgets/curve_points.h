// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Stored points as the two columns of a chart's curve.
#pragma once

#include "ui/models/curve_store.h"
#include "ui/plots/curve_plot.h"

namespace rankwright {

inline void fill(Curve& curve, const std::vector<CurvePoint>& points, Axis axis)
{
    curve.x.resize(points.size());
    curve.y.resize(points.size());
    for (size_t i = 0; i < points.size(); ++i) {
        curve.x[i] = along(points[i], axis);
        curve.y[i] = points[i].value;
    }
}

}  // namespace rankwright
