// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Arithmetic over two runs' curves: the difference along an axis, and what one run needs to reach the other's final
// loss.
#pragma once

#include "ui/models/curve_store.h"

namespace rankwright {

// Loss of single batches is noisy. The final loss is therefore the mean over the last tenth of the steps (at least
// one), and a loss counts as reached at the first step whose mean over as many steps back is no larger.
[[nodiscard]] size_t lossWindow(const std::vector<CurvePoint>& curve);
[[nodiscard]] double finalLoss(const std::vector<CurvePoint>& curve);   // NaN where there is none
// The first point where the trailing mean over `window` steps is at most `target`; nothing where it never is.
[[nodiscard]] std::optional<CurvePoint> reached(const std::vector<CurvePoint>& curve, double target, size_t window);

// arm - baseline at the arm's points. By step: equal steps only (the same batch of data); by tokens or time: the
// baseline interpolated, within its range.
struct DifferencePoint { double x = 0, y = 0; };
[[nodiscard]] std::vector<DifferencePoint> difference(
    const std::vector<CurvePoint>& arm, const std::vector<CurvePoint>& baseline, Axis axis);

}  // namespace rankwright
