// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Differences and tokens-to-a-loss. Curves are in order of step, so tokens and seconds rise along them too.
#include "ui/models/reach.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankwright {

size_t lossWindow(const std::vector<CurvePoint>& curve)
{
    return std::max<size_t>(1, curve.size() / 10);
}

double finalLoss(const std::vector<CurvePoint>& curve)
{
    if (curve.empty())
        return std::numeric_limits<double>::quiet_NaN();
    const size_t window = lossWindow(curve);
    double sum = 0;
    for (size_t i = curve.size() - window; i < curve.size(); ++i)
        sum += curve[i].value;
    return sum / double(window);
}

std::optional<CurvePoint> reached(const std::vector<CurvePoint>& curve, double target, size_t window)
{
    window = std::max<size_t>(1, window);
    for (size_t last = window; last <= curve.size(); ++last) {
        // Summed afresh: a running sum would carry one NaN (a skipped step) on for ever.
        double sum = 0;
        for (size_t i = last - window; i < last; ++i)
            sum += curve[i].value;
        if (sum / double(window) <= target)
            return curve[last - 1];
    }
    return std::nullopt;
}

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
