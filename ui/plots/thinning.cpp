// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/plots/thinning.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace rankwright::plots {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Right end of pixel column `column`, so that no point needs a logarithm of its own. A chart that is moved by whole pixels keeps its
// columns, and with them the shape of its curves.
double columnEnd(const View& view, int column)
{
    const double share = double(column + 1) / view.columns;
    if (view.logX && view.from > 0)
        return view.from * std::pow(view.to / view.from, share);
    return view.from + (view.to - view.from) * share;
}

bool isGap(double value, const View& view)
{
    return std::isnan(value) || (view.positiveOnly && value <= 0);
}

std::pair<size_t, size_t> visible(std::span<const double> x, const View& view)
{
    const auto first = size_t(std::lower_bound(x.begin(), x.end(), view.from) - x.begin());
    const auto last = size_t(std::upper_bound(x.begin(), x.end(), view.to) - x.begin());
    return {first, last};
}

void put(Thinned& out, double x, double y, const View& view)
{
    out.x.push_back(x);
    out.y.push_back(isGap(y, view) ? kNaN : y);
}

// The first point from `at` on that is not below `right`. Columns hold about equally many points: the search starts where a column
// of the last one's width would end and doubles its steps.
size_t endOfColumn(std::span<const double> x, size_t at, size_t last, double right, size_t width)
{
    size_t low = at, high = last, probe = at + width, step = 1;
    bool below = false, above = false;
    while (low < high && !(below && above)) {
        probe = std::clamp(probe, low, high - 1);
        if (x[probe] < right) {
            low = probe + 1;
            probe += step;
            below = true;
        } else {
            high = probe;
            probe -= std::min(probe, step);
            above = true;
        }
        step *= 2;
    }
    return size_t(std::lower_bound(x.begin() + std::ptrdiff_t(low), x.begin() + std::ptrdiff_t(high), right) - x.begin());
}

// `extremes(from, to)` gives the positions of the least and the greatest value.
template <class ExtremesOf>
Thinned thinned(std::span<const double> x, std::span<const double> y, const View& view, ExtremesOf extremes)
{
    Thinned out;
    const auto [first, last] = visible(x, view);
    const size_t begin = first > 0 ? first - 1 : 0;
    const size_t end = std::min(last + 1, x.size());
    const auto columns = size_t(std::max(view.columns, 1));
    out.x.reserve(std::min(end - begin, 2 * columns + 6));
    out.y.reserve(out.x.capacity());
    if (end - begin <= 2 * columns) {
        for (size_t i = begin; i < end; ++i)
            put(out, x[i], y[i], view);
        valuesSeen() += int64_t(end - begin);
        return out;
    }
    if (begin < first)
        put(out, x[begin], y[begin], view);
    size_t at = first, width = (last - first) / columns;
    for (size_t column = 0; column < columns && at < last; ++column) {
        const size_t to = column + 1 == columns ? last : endOfColumn(x, at, last, columnEnd(view, int(column)), width);
        if (to > at) {
            const Levels::Extremes found = extremes(at, to);
            const auto [left, right] = std::minmax(found.least, found.most);
            put(out, x[found.least == to ? at : left], found.least == to ? kNaN : y[left], view);
            if (right != left)
                put(out, x[right], y[right], view);
            width = to - at;
        }
        at = to;
    }
    if (last < end)
        put(out, x[last], y[last], view);
    return out;
}

}  // namespace

int64_t& valuesSeen()
{
    thread_local int64_t seen = 0;
    return seen;
}

Thinned thin(std::span<const double> x, std::span<const double> y, const View& view)
{
    return thinned(x, y, view, [&](size_t from, size_t to) {
        size_t least = to, most = to;
        for (size_t i = from; i < to; ++i) {
            if (isGap(y[i], view))
                continue;
            least = least == to || y[i] < y[least] ? i : least;
            most = most == to || y[i] > y[most] ? i : most;
        }
        valuesSeen() += int64_t(to - from);
        return Levels::Extremes{least, most};
    });
}

Thinned thin(std::span<const double> x, std::span<const double> y, const Levels& levels, const View& view)
{
    return thinned(x, y, view, [&](size_t from, size_t to) { return levels.extremes(y, from, to, view.positiveOnly, valuesSeen()); });
}

std::vector<double> gapsIn(std::span<const double> x, std::span<const uint32_t> gaps, const View& view)
{
    std::vector<double> found;
    const auto [first, last] = visible(x, view);
    double right = -std::numeric_limits<double>::infinity();
    int column = 0;
    for (auto gap = std::lower_bound(gaps.begin(), gaps.end(), uint32_t(first)); gap != gaps.end() && *gap < last; ++gap) {
        if (x[*gap] < right)
            continue;
        found.push_back(x[*gap]);
        while (column + 1 < view.columns && columnEnd(view, column) <= x[*gap])
            ++column;
        right = columnEnd(view, column);
    }
    return found;
}

double MovingAverage::next(double value)
{
    if (std::isnan(value))
        return value;
    m_sum = m_factor * m_sum + (1 - m_factor) * value;
    if (m_weight == 1)   // a division costs more than all the rest
        return m_sum;
    const double before = std::exchange(m_weight, m_factor * m_weight + (1 - m_factor));
    if (m_weight == before)   // as near to 1 as it comes
        m_sum /= std::exchange(m_weight, 1);
    return m_sum / m_weight;
}

}  // namespace rankwright::plots
