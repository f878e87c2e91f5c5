// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/plots/thinning.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankwright::plots {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Right end of pixel column `column`, so that no point needs a logarithm of its own.
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

// Points [from, to) of one column.
void putColumn(
    Thinned& out, std::span<const double> x, std::span<const double> y, size_t from, size_t to, const View& view)
{
    size_t least = to, most = to;
    for (size_t i = from; i < to; ++i) {
        if (isGap(y[i], view))
            continue;
        least = least == to || y[i] < y[least] ? i : least;
        most = most == to || y[i] > y[most] ? i : most;
    }
    if (least == to) {
        put(out, x[from], kNaN, view);
        return;
    }
    const auto [first, second] = std::minmax(least, most);
    put(out, x[first], y[first], view);
    if (second != first)
        put(out, x[second], y[second], view);
}

}  // namespace

Thinned thin(std::span<const double> x, std::span<const double> y, const View& view)
{
    Thinned out;
    const auto [first, last] = visible(x, view);
    const size_t begin = first > 0 ? first - 1 : 0;
    const size_t end = std::min(last + 1, x.size());
    if (end - begin <= 2 * size_t(std::max(view.columns, 1))) {
        for (size_t i = begin; i < end; ++i)
            put(out, x[i], y[i], view);
        return out;
    }
    if (begin < first)
        put(out, x[begin], y[begin], view);
    size_t at = first;
    for (int column = 0; column < view.columns && at < last; ++column) {
        const double right
            = column + 1 == view.columns ? std::numeric_limits<double>::infinity() : columnEnd(view, column);
        size_t to = at;
        while (to < last && x[to] < right)
            ++to;
        if (to > at)
            putColumn(out, x, y, at, to, view);
        at = to;
    }
    if (last < end)
        put(out, x[last], y[last], view);
    return out;
}

std::vector<double> gapsIn(std::span<const double> x, std::span<const double> y, const View& view)
{
    std::vector<double> found;
    const auto [first, last] = visible(x, view);
    double right = -std::numeric_limits<double>::infinity();
    int column = 0;
    for (size_t i = first; i < last; ++i) {
        if (!std::isnan(y[i]) || x[i] < right)
            continue;
        found.push_back(x[i]);
        while (column + 1 < view.columns && columnEnd(view, column) <= x[i])
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
    m_weight = m_factor * m_weight + (1 - m_factor);
    return m_sum / m_weight;
}

}  // namespace rankwright::plots
