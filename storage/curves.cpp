// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "storage/curves.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankwright {

namespace {

// Of the points first..last - 1 that are finite. Summed afresh by each caller: a running sum would carry one infinity on for ever.
double meanOf(const std::vector<CurvePoint>& curve, size_t first, size_t last)
{
    double sum = 0;
    int64_t count = 0;
    for (size_t i = first; i < last; ++i) {
        if (std::isfinite(curve[i].value)) {
            sum += curve[i].value;
            ++count;
        }
    }
    return count > 0 ? sum / double(count) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

size_t lossWindow(const std::vector<CurvePoint>& curve) { return std::max<size_t>(1, curve.size() / 10); }

double finalLoss(const std::vector<CurvePoint>& curve)
{
    return meanOf(curve, curve.size() - std::min(curve.size(), lossWindow(curve)), curve.size());
}

std::vector<CurvePoint> smoothed(std::vector<CurvePoint> curve, size_t window)
{
    window = std::max<size_t>(1, window);
    const std::vector<CurvePoint> raw = curve;
    for (size_t i = 0; i < curve.size(); ++i)
        curve[i].value = meanOf(raw, i + 1 - std::min(i + 1, window), i + 1);
    return curve;
}

std::optional<CurvePoint> reached(const std::vector<CurvePoint>& curve, double target, size_t window)
{
    window = std::max<size_t>(1, window);
    for (size_t last = window; last <= curve.size(); ++last) {
        double sum = 0;
        for (size_t i = last - window; i < last; ++i)
            sum += curve[i].value;
        if (sum / double(window) <= target)
            return curve[last - 1];
    }
    return std::nullopt;
}

}  // namespace rankwright
