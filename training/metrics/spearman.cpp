// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Spearman's correlation: Pearson's of the ranks; equal numbers share the mean of their ranks.
#include "training/api/metrics.h"
#include "training/metrics/correlation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace rankwright {

namespace {

std::vector<double> ranks(std::span<const double> values)
{
    std::vector<size_t> order(values.size());
    std::iota(order.begin(), order.end(), size_t(0));
    std::ranges::sort(order, {}, [&](size_t i) { return values[i]; });
    std::vector<double> result(values.size());
    for (size_t begin = 0; begin < order.size();) {
        size_t end = begin + 1;
        while (end < order.size() && values[order[end]] == values[order[begin]])
            ++end;
        for (size_t i = begin; i < end; ++i)
            result[order[i]] = double(begin + end + 1) / 2;  // ranks count from 1
        begin = end;
    }
    return result;
}

double spearman(std::span<const double> predicted, std::span<const double> truth, int64_t /*classes*/)
{
    const auto isNan = [](double value) { return std::isnan(value); };
    if (std::ranges::any_of(predicted, isNan) || std::ranges::any_of(truth, isNan))
        return std::numeric_limits<double>::quiet_NaN();
    return correlation(ranks(predicted), ranks(truth));
}

}  // namespace

MetricCard spearmanMetric()
{
    return {.id = "spearman", .title = "Spearman correlation",
        .explanation = "How far predicted numbers have the order of the true ones, from -1 to 1.",
        .source = "GLUE (Wang and others 2019, arXiv 1804.07461), table 1: STS-B", .kind = MetricCard::Kind::labels, .numbers = true,
        .ofLabels = spearman, .isRight = nullptr};
}

}  // namespace rankwright
