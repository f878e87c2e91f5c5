// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "storage/curves.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankwright {

namespace {

// Of the points first..last - 1 that are finite.
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

// The sum of the last `window` values up to a point that moves on, of those that are finite: one infinity must not be carried on for
// ever. Summed afresh every thousand points, so that what adding and taking away leave behind stays below 1e-12 of it; n points cost
// some n additions where sums of their own would cost n times the window (20 curves of 100,000 points: 4 s).
class LastValues
{
public:
    LastValues(const std::vector<CurvePoint>& curve, size_t window) : m_curve(curve), m_window(window) {}
    void next()
    {
        constexpr size_t kAfresh = 1000;
        const size_t last = ++m_last, first = last - std::min(last, m_window);
        if (last % kAfresh == 0) {
            m_sum = 0;
            m_count = 0;
            for (size_t i = first; i < last; ++i)
                add(i, 1);
            return;
        }
        add(last - 1, 1);
        if (last > m_window)
            add(first - 1, -1);
    }
    [[nodiscard]] double mean() const { return m_count > 0 ? m_sum / double(m_count) : std::numeric_limits<double>::quiet_NaN(); }
    [[nodiscard]] bool isWhole() const { return m_count == int64_t(m_window); }

private:
    void add(size_t at, int sign)
    {
        if (!std::isfinite(m_curve[at].value))
            return;
        m_sum += sign * m_curve[at].value;
        m_count += sign;
    }
    const std::vector<CurvePoint>& m_curve;
    size_t m_window, m_last = 0;
    double m_sum = 0;
    int64_t m_count = 0;
};

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
    if (window == 1) {
        for (CurvePoint& point : curve)
            point.value = std::isfinite(point.value) ? point.value : std::numeric_limits<double>::quiet_NaN();
        return curve;
    }
    LastValues last(raw, window);
    for (CurvePoint& point : curve) {
        last.next();
        point.value = last.mean();
    }
    return curve;
}

std::optional<CurvePoint> reached(const std::vector<CurvePoint>& curve, double target, size_t window)
{
    window = std::max<size_t>(1, window);
    LastValues values(curve, window);
    const double near = target + 1e-9 * std::max(1.0, std::abs(target));
    for (size_t last = 1; last <= curve.size(); ++last) {
        values.next();
        // Only a sum of its own says whether a curve has reached what is its own mean.
        if (last >= window && values.isWhole() && values.mean() <= near && meanOf(curve, last - window, last) <= target)
            return curve[last - 1];
    }
    return std::nullopt;
}

}  // namespace rankwright
