// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// gsm8k-flexible: the last number of the answer equals the reference's, in whatever form it is given.
#include "training/api/metrics.h"
#include "training/metrics/gsm8k_answer.h"

namespace rankwright {

namespace {

bool isRight(std::string_view generated, std::string_view reference)
{
    const auto answer = flexibleAnswer(untilStop(generated));
    return answer && comparedForm(*answer) == comparedForm(reference);
}

}  // namespace

MetricCard gsm8kFlexibleMetric()
{
    return {.id = "gsm8k-flexible", .title = "GSM8K, flexible", .explanation = "The last number of the answer is the reference's.",
        .source = "lm-evaluation-harness, task gsm8k version 3, filter flexible-extract", .kind = MetricCard::Kind::answers,
        .numbers = false, .ofLabels = nullptr, .isRight = isRight};
}

}  // namespace rankwright
