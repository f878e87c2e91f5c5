// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Where the least and the greatest value lie of each 16, 256, 4,096 ... points of a curve, kept as it grows: the extremes of any range
// are found by looking at some dozens of values, so that thinning costs what the pixels cost and not what the points do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rankwright::plots {

class Levels
{
public:
    static constexpr size_t kBlock = 16;   // of one level in the next

    // `values`: the whole curve, of which the first size() were seen before.
    void extend(std::span<const double> values);
    [[nodiscard]] size_t size() const { return m_size; }

    struct Extremes { size_t least, most; };   // positions; `to` where no value counts
    // Of values[from, to) without NaN, and without what is not positive where `positiveOnly`. `seen` grows by what was looked at.
    [[nodiscard]] Extremes extremes(std::span<const double> values, size_t from, size_t to, bool positiveOnly, int64_t& seen) const;
    // Positions of NaN, ascending.
    [[nodiscard]] const std::vector<uint32_t>& gaps() const { return m_gaps; }
    // Bytes beside the values themselves.
    [[nodiscard]] size_t bytes() const;

private:
    static constexpr uint32_t kNone = 0xffffffff;
    struct Block { uint32_t least = kNone, most = kNone, leastPositive = kNone; };
    void close(std::span<const double> values, size_t level);

    size_t m_size = 0;
    std::vector<std::vector<Block>> m_levels;   // whole blocks only: [0] of kBlock points, [1] of kBlock squared ...
    std::vector<uint32_t> m_gaps;
};

}  // namespace rankwright::plots
