// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/evaluate.h"

#include "training/api/error.h"
#include "training/api/metrics.h"

#include <ATen/ATen.h>

namespace rankwright {

namespace {
constexpr int64_t kTokensAtOnce = 2048;

// Losses of rows with labels, and what the head says of each.
at::Tensor predict(const Model& model, const Batch& batch, Evaluation& result)
{
    const auto scores = model.scores(model.forward(batch).index_select(0, batch.targetIndex));
    const bool classes = model.task() == Task::classify;
    const auto predicted = (classes ? scores.argmax(1) : scores.squeeze(1)).to(at::kCPU, at::kDouble);
    const auto truth = (classes ? batch.targets : batch.values).to(at::kCPU, at::kDouble);
    const auto append = [](std::vector<double>& to, const at::Tensor& values) {
        to.insert(to.end(), values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel());
    };
    append(result.predicted, predicted);
    append(result.truth, truth);
    result.classes = scores.size(1);
    return model.labelLosses(scores, batch);
}

void measure(const Model& model, const std::vector<std::string>& metrics, Evaluation& result)
{
    for (const auto& id : metrics) {
        const auto* card = findMetricCard(id);
        const bool fits = card != nullptr && card->ofLabels != nullptr && card->numbers == (model.task() == Task::regress);
        if (fits && !result.truth.empty())
            result.metrics[id] = card->ofLabels(result.predicted, result.truth, result.classes);
    }
}

}  // namespace

Evaluation evaluate(const Model& model, const std::vector<Sample>& samples,
    const std::function<bool(int64_t done, int64_t total)>& go, const std::vector<std::string>& metrics)
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
        const auto batch = onDevice(makeBatch(rows, {}, model.config().labelHead.atEnd), model.device());
        if (batch.targetCount() == 0)
            continue;
        const auto losses
            = (model.task() == Task::lm ? model.losses(batch) : predict(model, batch, result)).to(at::kCPU, at::kDouble);
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
    measure(model, metrics, result);
    return result;
}

}  // namespace rankwright
