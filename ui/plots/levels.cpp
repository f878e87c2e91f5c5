// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/plots/levels.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankwright::plots {

namespace {

constexpr uint32_t kNowhere = 0xffffffff;

// NaN is neither less nor greater than anything; of the other values the first is both, also where it is infinite.
struct Running
{
    double least = std::numeric_limits<double>::infinity(), most = -std::numeric_limits<double>::infinity();
    uint32_t leastAt = kNowhere, mostAt = kNowhere;

    void low(double value, uint32_t at)
    {
        if (value < least || (leastAt == kNowhere && !std::isnan(value))) {
            least = value;
            leastAt = at;
        }
    }
    void high(double value, uint32_t at)
    {
        if (value > most || (mostAt == kNowhere && !std::isnan(value))) {
            most = value;
            mostAt = at;
        }
    }
};

}  // namespace

// The last kBlock entries below make one more block of this level, and perhaps of the next.
void Levels::close(std::span<const double> values, size_t level)
{
    if (level == m_levels.size())
        m_levels.emplace_back();
    Running all, positive;
    if (level == 0) {
        for (size_t i = m_size - kBlock; i < m_size; ++i) {
            all.low(values[i], uint32_t(i));
            all.high(values[i], uint32_t(i));
            if (values[i] > 0)
                positive.low(values[i], uint32_t(i));
        }
    } else {
        const auto& below = m_levels[level - 1];
        for (size_t i = below.size() - kBlock; i < below.size(); ++i) {
            if (below[i].least == kNone)
                continue;
            all.low(values[below[i].least], below[i].least);
            all.high(values[below[i].most], below[i].most);
            if (below[i].leastPositive != kNone)
                positive.low(values[below[i].leastPositive], below[i].leastPositive);
        }
    }
    m_levels[level].push_back({all.leastAt, all.mostAt, positive.leastAt});
    if (m_levels[level].size() % kBlock == 0)
        close(values, level + 1);
}

void Levels::extend(std::span<const double> values)
{
    if (m_levels.empty())
        m_levels.emplace_back();
    m_levels[0].reserve(values.size() / kBlock);
    while (m_size < values.size()) {
        const size_t end = std::min(values.size(), (m_size / kBlock + 1) * kBlock);
        for (; m_size < end; ++m_size)
            if (std::isnan(values[m_size]))
                m_gaps.push_back(uint32_t(m_size));
        if (m_size % kBlock == 0)
            close(values, 0);
    }
}

Levels::Extremes Levels::extremes(std::span<const double> values, size_t from, size_t to, bool positiveOnly, int64_t& seen) const
{
    Running found;
    const size_t none = to;
    const auto points = [&](size_t begin, size_t end) {
        seen += int64_t(end - begin);
        for (size_t i = begin; i < end; ++i) {
            if (positiveOnly && !(values[i] > 0))
                continue;
            found.low(values[i], uint32_t(i));
            found.high(values[i], uint32_t(i));
        }
    };
    const auto blocks = [&](const std::vector<Block>& level, size_t begin, size_t end) {
        seen += int64_t(end - begin);
        for (size_t i = begin; i < end; ++i) {
            const uint32_t least = positiveOnly ? level[i].leastPositive : level[i].least;
            if (least == kNone)
                continue;
            found.low(values[least], least);
            found.high(values[level[i].most], level[i].most);
        }
    };
    // What is left of whole blocks on both sides is looked at where it is, the middle one level up.
    const auto up = [](size_t at) { return (at + kBlock - 1) / kBlock * kBlock; };
    if (up(from) >= to / kBlock * kBlock) {
        points(from, to);
    } else {
        points(from, up(from));
        points(to / kBlock * kBlock, to);
        from = up(from) / kBlock;
        to /= kBlock;
        size_t level = 0;
        for (; level + 1 < m_levels.size() && up(from) < to / kBlock * kBlock; ++level) {
            blocks(m_levels[level], from, up(from));
            blocks(m_levels[level], to / kBlock * kBlock, to);
            from = up(from) / kBlock;
            to /= kBlock;
        }
        blocks(m_levels[level], from, to);
    }
    if (found.leastAt == kNone)
        return {none, none};
    return {found.leastAt, found.mostAt};
}

size_t Levels::bytes() const
{
    size_t sum = m_gaps.capacity() * sizeof(uint32_t);
    for (const auto& level : m_levels)
        sum += level.capacity() * sizeof(Block);
    return sum;
}

}  // namespace rankwright::plots
