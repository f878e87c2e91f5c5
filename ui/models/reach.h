// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The difference of two runs' curves along an axis; storage/curves.h has what one needs to reach the other's final loss.
#pragma once

#include "storage/curves.h"
#include "ui/models/curve_store.h"

namespace rankwright {

// arm - baseline at the arm's points. By step: equal steps only (the same batch of data); by tokens or time: the
// baseline interpolated, within its range.
struct DifferencePoint { double x = 0, y = 0; };
[[nodiscard]] std::vector<DifferencePoint> difference(
    const std::vector<CurvePoint>& arm, const std::vector<CurvePoint>& baseline, Axis axis);

}  // namespace rankwright
