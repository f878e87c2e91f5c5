// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// math-string: the boxed answer is the reference's, compared as MATH compares strings.
#include "training/api/metrics.h"
#include "training/metrics/math_answer.h"

namespace rankwright {

namespace {

bool isRight(std::string_view generated, std::string_view reference)
{
    const auto answer = mathAnswer(generated);
    return answer && sameMath(*answer, mathAnswer(reference).value_or(std::string(reference)));
}

}  // namespace

MetricCard mathStringMetric()
{
    return {.id = "math-string", .title = "MATH, as strings",
        .explanation = "The last \\boxed answer, or the one after \"The answer is: \", is the reference's, up to how it is written.",
        .source = "Hendrycks and others 2021, arXiv 2103.03874 (MATH); MetaMath (Yu and others 2023, arXiv 2309.12284)",
        .kind = MetricCard::Kind::answers, .numbers = false, .ofLabels = nullptr, .isRight = isRight};
}

}  // namespace rankwright
