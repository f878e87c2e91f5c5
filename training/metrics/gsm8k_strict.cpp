// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// gsm8k-strict: the number after the first "#### " equals the reference's.
#include "training/api/metrics.h"
#include "training/metrics/gsm8k_answer.h"

namespace rankwright {

namespace {

bool isRight(std::string_view generated, std::string_view reference)
{
    const auto answer = strictAnswer(untilStop(generated));
    return answer && comparedForm(*answer) == comparedForm(reference);
}

}  // namespace

MetricCard gsm8kStrictMetric()
{
    return {.id = "gsm8k-strict", .title = "GSM8K, strict", .explanation = "The number after the first #### is the reference's.",
        .source = "lm-evaluation-harness, task gsm8k version 3, filter strict-match", .kind = MetricCard::Kind::answers,
        .numbers = false, .ofLabels = nullptr, .isRight = isRight};
}

}  // namespace rankwright
