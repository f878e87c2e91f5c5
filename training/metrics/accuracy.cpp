// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The share of right classes.
#include "training/api/metrics.h"

#include <limits>

namespace rankwright {

namespace {

double accuracy(std::span<const double> predicted, std::span<const double> truth, int64_t /*classes*/)
{
    size_t right = 0;
    for (size_t i = 0; i < truth.size(); ++i)
        right += predicted[i] == truth[i] ? 1 : 0;
    return truth.empty() ? std::numeric_limits<double>::quiet_NaN() : double(right) / double(truth.size());
}

}  // namespace

MetricCard accuracyMetric()
{
    return {.id = "accuracy", .title = "Accuracy", .explanation = "The share of rows whose class is right.",
        .source = "GLUE (Wang and others 2019, arXiv 1804.07461), table 1", .kind = MetricCard::Kind::labels, .numbers = false,
        .ofLabels = accuracy, .isRight = nullptr};
}

}  // namespace rankwright
