// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// F1 = 2 TP / (2 TP + FP + FN). Two classes: of the second, as GLUE has it for MRPC and QQP. More: the mean over the classes that
// occur (macro F1). Without any positive it is 0, as in scikit-learn.
#include "training/api/metrics.h"

#include <limits>
#include <map>

namespace rankwright {

namespace {

struct Counts
{
    double hits = 0, misses = 0;  // true positives; false positives and false negatives together
    [[nodiscard]] double f1() const { return hits + misses == 0 ? 0 : 2 * hits / (2 * hits + misses); }
};

double f1(std::span<const double> predicted, std::span<const double> truth, int64_t among)
{
    if (truth.empty())
        return std::numeric_limits<double>::quiet_NaN();
    std::map<double, Counts> classes;
    for (size_t i = 0; i < truth.size(); ++i) {
        if (predicted[i] == truth[i]) {
            ++classes[truth[i]].hits;
        } else {
            ++classes[truth[i]].misses;
            ++classes[predicted[i]].misses;
        }
    }
    if (among <= 2)
        return classes[1].f1();
    double sum = 0;
    for (const auto& [label, counts] : classes)
        sum += counts.f1();
    return sum / double(classes.size());
}

}  // namespace

MetricCard f1Metric()
{
    return {.id = "f1", .title = "F1",
        .explanation = "The harmonic mean of precision and recall: of the second class where there are two, otherwise the mean over "
                       "the classes.",
        .source = "GLUE (Wang and others 2019, arXiv 1804.07461), table 1: MRPC and QQP", .kind = MetricCard::Kind::labels,
        .numbers = false, .ofLabels = f1, .isRight = nullptr};
}

}  // namespace rankwright
