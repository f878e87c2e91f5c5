// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/quant/dynamic_map.h"

#include "training/quant/nf4_arithmetic.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace rankwright {

namespace {

using nf4::kScaleCells;

// `parts` + 1 equally spaced points from 0.1 to 1, as LibTorch's linspace rounds them on a processor with fused multiply-add: the
// lower half counts up from the start, the upper half down from the end, each with one rounding. (A product of two floats is exact
// in float64, and so is the sum here.)
std::vector<float> points(int parts)
{
    const float first = 0.1f, last = 1.0f;
    const float step = (last - first) / float(parts);
    std::vector<float> values(size_t(parts) + 1);
    for (int k = 0; k <= parts; ++k) {
        const bool lower = k < (parts + 1) / 2;
        values[size_t(k)] = float(lower ? double(first) + double(step) * k : double(last) - double(step) * (parts - k));
    }
    return values;
}

std::array<float, 256> makeMap()
{
    std::array<float, 256> map{};
    size_t used = 0;
    for (int exponent = 0; exponent < 7; ++exponent) {
        const auto ends = points(1 << exponent);
        const auto scale = float(std::pow(10.0, exponent - 6));
        for (size_t k = 0; k + 1 < ends.size(); ++k) {
            const float middle = (ends[k] + ends[k + 1]) / 2.0f;
            map[used++] = scale * middle;
            map[used++] = -(scale * middle);
        }
    }
    map[used++] = 0.0f;
    map[used++] = 1.0f;
    std::sort(map.begin(), map.end());
    return map;
}

// bitsandbytes looks codes up in a table of 65536 equal cells over [-1, 1] that holds the nearest value to each cell's centre. So
// values nearer to 0 than 1.5e-5 all get the code of 0's cell, and thresholds are up to half a cell off the midpoints. Equal bytes
// need the same table.
std::array<uint8_t, kScaleCells> makeCells()
{
    const auto& map = dynamicMap();
    std::array<uint8_t, kScaleCells> cells{};
    int code = 0;
    for (int cell = 0; cell < kScaleCells; ++cell) {
        const float centre = 2.0f * float(cell) / 65535.0f - 1.0f;
        while (code < 255 && centre > (map[size_t(code)] + map[size_t(code) + 1]) * 0.5f)
            ++code;
        cells[size_t(cell)] = uint8_t(code);
    }
    return cells;
}

}  // namespace

const std::array<float, 256>& dynamicMap()
{
    static const auto map = makeMap();
    return map;
}

const std::array<uint8_t, kScaleCells>& dynamicCells()
{
    static const auto cells = makeCells();
    return cells;
}

void quantiseDynamic(const float* values, int64_t count, uint8_t* codes, float* absmax)
{
    const auto& cells = dynamicCells();
    float largest = 0;
    for (int64_t i = 0; i < count; ++i)
        largest = std::max(largest, std::fabs(values[i]));
    *absmax = largest;
    if (largest == 0) {
        std::fill_n(codes, count, uint8_t(0));   // not the code of 0: any code times 0
        return;
    }
    const float inverse = 1.0f / largest;        // infinite for the smallest subnormal numbers, as there
    for (int64_t i = 0; i < count; ++i)
        codes[i] = cells[size_t(nf4::scaleCell(values[i], inverse))];
}

}  // namespace rankwright
