// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What an evaluation can measure beside the loss: one card and one file in training/metrics/ each. No LibTorch.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rankwright {

struct MetricCard
{
    enum class Kind {
        labels,      // predicted classes or numbers against the data's
        answers,     // generated text against the data's response
    };
    std::string id;              // "matthews"
    std::string title;           // "Matthews correlation"
    std::string explanation;     // one sentence for people
    std::string source;          // where the rule is from
    Kind kind = Kind::labels;
    bool numbers = false;        // labels: for regression (true) or for classes
    // labels: the value for predictions and truths of equal length, classes as whole numbers below `classes` (of numbers: 1); NaN where
    // it is not defined. Percent are never used: accuracy is 0..1.
    double (*ofLabels)(std::span<const double> predicted, std::span<const double> truth, int64_t classes) = nullptr;
    // answers: whether the generated text gives the reference's answer; the metric is the share of true ones.
    bool (*isRight)(std::string_view generated, std::string_view reference) = nullptr;
};

// In display order (training/metrics/metrics.inc).
const std::vector<MetricCard>& metricCards();
const MetricCard* findMetricCard(std::string_view id);   // nullptr where there is none
std::string allowedMetrics();                            // "one of accuracy, f1, ..."
// Whether a model can be measured so: one for labels of this kind, or for text one that generates. `task`: lm | classify | regress.
bool metricFits(const MetricCard& card, std::string_view task, bool generates = true);
// Throws Error{usage} that names the first of `ids` that does not fit, and those that do. Ids without a card are passed over. `place`:
// the option that named them; `besides`: what else it takes, before the list of those that fit.
void refuseMetricsThatDoNotFit(const std::vector<std::string>& ids, std::string_view task, bool generates, const std::string& place,
    const std::string& besides = {});
// "accuracy,f1" -> its parts without spaces; empty: none.
std::vector<std::string> metricIds(std::string_view list);

}  // namespace rankwright
