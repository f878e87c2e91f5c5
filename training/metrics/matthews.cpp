// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Matthews correlation for any number of classes (Gorodkin 2004): with N rows, of which c are right, p_k predicted and t_k true
// rows of class k, it is (c N - sum p_k t_k) / sqrt((N^2 - sum p_k^2) (N^2 - sum t_k^2)); 0 where a factor is 0, as in scikit-learn.
#include "training/api/metrics.h"

#include <cmath>
#include <limits>
#include <map>

namespace rankwright {

namespace {

double matthews(std::span<const double> predicted, std::span<const double> truth, int64_t /*classes*/)
{
    if (truth.empty())
        return std::numeric_limits<double>::quiet_NaN();
    struct Counts { double predicted = 0, truth = 0; };
    std::map<double, Counts> classes;
    double right = 0;
    const auto count = double(truth.size());
    for (size_t i = 0; i < truth.size(); ++i) {
        ++classes[predicted[i]].predicted;
        ++classes[truth[i]].truth;
        right += predicted[i] == truth[i] ? 1 : 0;
    }
    double both = 0, predictedSquares = 0, truthSquares = 0;
    for (const auto& [label, counts] : classes) {
        both += counts.predicted * counts.truth;
        predictedSquares += counts.predicted * counts.predicted;
        truthSquares += counts.truth * counts.truth;
    }
    const double spread = std::sqrt(count * count - predictedSquares) * std::sqrt(count * count - truthSquares);
    return spread == 0 ? 0 : (right * count - both) / spread;
}

}  // namespace

MetricCard matthewsMetric()
{
    return {.id = "matthews", .title = "Matthews correlation",
        .explanation = "From -1 to 1; 0 is chance, however unequal the classes are.",
        .source = "GLUE (Wang and others 2019, arXiv 1804.07461), table 1: CoLA; several classes: Gorodkin 2004",
        .kind = MetricCard::Kind::labels, .numbers = false, .ofLabels = matthews, .isRight = nullptr};
}

}  // namespace rankwright
