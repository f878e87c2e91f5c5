// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/evaluate.h"

#include "training/api/error.h"

#include <ATen/ATen.h>

namespace rankwright {

namespace {
constexpr int64_t kTokensAtOnce = 2048;
}

Evaluation evaluate(const Decoder& model, const std::vector<Sample>& samples,
    const std::function<bool(int64_t done, int64_t total)>& go)
{
    const at::NoGradGuard guard;
    Evaluation result;
    double rowSum = 0, tokenSum = 0;
    for (size_t next = 0; next < samples.size();) {
        if (go && !go(int64_t(next), int64_t(samples.size())))
            throw Error({.code = Code::stopped, .place = "evaluating", .found = "a stop was asked for"});
        std::vector<const Sample*> rows;
        int64_t tokens = 0;
        while (next < samples.size() && (rows.empty() || tokens + int64_t(samples[next].ids.size()) <= kTokensAtOnce)) {
            tokens += int64_t(samples[next].ids.size());
            rows.push_back(&samples[next++]);
        }
        const auto batch = makeBatch(rows);
        if (batch.targetCount() == 0)
            continue;
        const auto losses = model.losses(batch).to(at::kDouble);
        for (int64_t i = 0; i < batch.rows(); ++i) {
            const auto first = batch.targetBounds[size_t(i)], count = batch.targetBounds[size_t(i) + 1] - first;
            if (count == 0)
                continue;
            const double sum = losses.narrow(0, first, count).sum().item<double>();
            rowSum += sum / double(count);
            tokenSum += sum;
            ++result.rows;
            result.tokens += count;
        }
    }
    if (result.rows == 0) {
        throw Error({.code = Code::data,
            .place = "evaluation rows",
            .found = "0 target tokens",
            .allowed = "at least one row with an answer",
            .advice = "Check the columns, or raise the maximum length."});
    }
    result.rowMean = rowSum / double(result.rows);
    result.tokenMean = tokenSum / double(result.tokens);
    return result;
}

}  // namespace rankwright
