// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Line charts as SVG documents for reports: what browsers and Qt's renderer (SVG Tiny 1.2) both draw. Classes on the parts let a page of
// HTML turn axes and text light on a dark ground.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rankwright {

struct ChartPoint { double x = 0, y = 0, low = 0, high = 0; };   // low and high: the band; NaN where there is none

struct ChartSeries
{
    std::string label;           // in the legend; empty: not there
    uint32_t hue = 0;            // 0xffRRGGBB
    int dash = 0;                // 0 solid, 1 dashes, 2 dots, 3 dash-dot
    std::vector<ChartPoint> points;      // ascending x; a point whose y is not finite ends a stretch of the line
    bool line = true, markers = false;
    bool bars = false;           // low to high as error bars instead of an area
    double opacity = 1;
    bool hollow = false;         // markers are rings
};

struct Chart
{
    std::string title, xTitle, yTitle;
    std::vector<ChartSeries> series;
    bool logX = false;           // x > 0
    std::vector<double> xTicks = {};     // labelled places; empty: round ones are chosen
    std::vector<double> xMarks = {};     // red marks on the x axis, which has room for them as for the ticks
    bool zeroLine = false;       // y = 0 is drawn, and always on the chart
    double width = 720, height = 300;    // px
};

// Points that cannot be drawn (not finite, or x <= 0 on a logarithmic axis) are left out. A chart without any point says so.
std::string chartSvg(const Chart& chart);

// Round numbers from `least` to `most`, about `wanted` of them, ascending; logarithmic: of the form 1, 2, 5 times a power of ten, or less
// round ones where the range is narrower than that.
std::vector<double> roundTicks(double least, double most, int wanted);
std::vector<double> logarithmicTicks(double least, double most);

// & < > " ' and characters that XML does not allow.
std::string markupText(std::string_view text);

}  // namespace rankwright
