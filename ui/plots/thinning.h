// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Curves of any length as two points a pixel column, its least and its greatest value, which fill the pixels that all
// points would. And the debiased moving average.
#pragma once

#include "ui/plots/levels.h"

namespace rankwright::plots {

struct View
{
    double from = 0, to = 1;   // visible range of x
    int columns = 1000;        // pixels it is drawn on
    bool logX = false;
    bool positiveOnly = false; // log y: other values are gaps
};

struct Thinned { std::vector<double> x, y; };  // y NaN: a gap

// x ascending and of y's length. One point on each side of the view is kept, so that lines enter and leave it.
[[nodiscard]] Thinned thin(std::span<const double> x, std::span<const double> y, const View& view);
// The same through the levels of y, whose work grows with the columns and not with the points.
[[nodiscard]] Thinned thin(std::span<const double> x, std::span<const double> y, const Levels& levels, const View& view);
// Positions of NaN in the view, at most one a pixel column; `gaps`: where y is NaN.
[[nodiscard]] std::vector<double> gapsIn(std::span<const double> x, std::span<const uint32_t> gaps, const View& view);
// Values of curves that thin() has looked at so far, for tests of how its work grows. Of this thread.
[[nodiscard]] int64_t& valuesSeen();

// s <- f s + (1 - f) y, divided by the weight seen so far: the start is not pulled towards 0. NaN in, NaN out, state
// kept.
class MovingAverage
{
public:
    explicit MovingAverage(double factor) : m_factor(factor) {}
    double next(double value);

private:
    double m_factor, m_sum = 0, m_weight = 0;
};

}  // namespace rankwright::plots
