// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Pearson's correlation: sum (x - mean x)(y - mean y) / sqrt(sum (x - mean x)^2 sum (y - mean y)^2).
#include "training/api/metrics.h"
#include "training/metrics/correlation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace rankwright {

double correlation(std::span<const double> left, std::span<const double> right)
{
    const size_t count = left.size();
    const auto isConstant = [](std::span<const double> values) {
        return std::ranges::all_of(values, [&](double value) { return value == values.front(); });
    };
    if (count < 2 || isConstant(left) || isConstant(right))
        return std::numeric_limits<double>::quiet_NaN();
    const double leftMean = std::accumulate(left.begin(), left.end(), 0.0) / double(count);
    const double rightMean = std::accumulate(right.begin(), right.end(), 0.0) / double(count);
    double both = 0, leftSquares = 0, rightSquares = 0;
    for (size_t i = 0; i < count; ++i) {
        const double a = left[i] - leftMean, b = right[i] - rightMean;
        both += a * b;
        leftSquares += a * a;
        rightSquares += b * b;
    }
    return std::clamp(both / (std::sqrt(leftSquares) * std::sqrt(rightSquares)), -1.0, 1.0);
}

MetricCard pearsonMetric()
{
    return {.id = "pearson", .title = "Pearson correlation",
        .explanation = "How far predicted and true numbers lie on a rising line, from -1 to 1.",
        .source = "GLUE (Wang and others 2019, arXiv 1804.07461), table 1: STS-B", .kind = MetricCard::Kind::labels, .numbers = true,
        .ofLabels = [](std::span<const double> predicted, std::span<const double> truth, int64_t) { return correlation(predicted, truth); },
        .isRight = nullptr};
}

}  // namespace rankwright
