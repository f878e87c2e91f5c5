// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Curves are in order of step, so tokens and seconds rise along them too.
#include "ui/models/reach.h"

#include <cmath>

namespace rankwright {

std::vector<DifferencePoint> difference(
    const std::vector<CurvePoint>& arm, const std::vector<CurvePoint>& baseline, Axis axis)
{
    std::vector<DifferencePoint> points;
    size_t next = 0;   // first baseline point at or after the arm's x
    for (const CurvePoint& point : arm) {
        const double x = along(point, axis);
        while (next < baseline.size() && along(baseline[next], axis) < x)
            ++next;
        if (next == baseline.size())
            break;
        const double right = along(baseline[next], axis);
        if (right == x) {
            points.push_back({x, point.value - baseline[next].value});
        } else if (axis != Axis::step && next > 0) {
            const double left = along(baseline[next - 1], axis);
            const double share = (x - left) / (right - left);
            const double value = std::lerp(baseline[next - 1].value, baseline[next].value, share);
            points.push_back({x, point.value - value});
        }
    }
    return points;
}

}  // namespace rankwright
