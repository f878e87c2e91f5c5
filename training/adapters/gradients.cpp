// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/adapters/gradients.h"

#include "training/api/error.h"
#include "training/nn/model.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace rankwright {

namespace {

// Parameters whose gradients are held at once: 1 GiB of weights and as much of gradients.
constexpr int64_t kTogether = int64_t(1) << 28;

// Puts a trainable copy of their weight on some slots; takes it away again at the end, whatever happens.
class TrainableWeights
{
public:
    TrainableWeights(Model& model, const std::vector<std::string>& names)
    {
        for (const auto& name : names) {
            auto* slot = model.slot(name);
            m_before.emplace_back(slot, slot->delta);
            Delta delta;
            delta.weight = slot->base.dense().detach().set_requires_grad(true);
            slot->delta = std::move(delta);
        }
    }
    ~TrainableWeights()
    {
        for (auto& [slot, delta] : m_before)
            slot->delta = std::move(delta);
    }
    TrainableWeights(const TrainableWeights&) = delete;
    TrainableWeights& operator=(const TrainableWeights&) = delete;
    [[nodiscard]] at::Tensor& weight(size_t i) { return m_before[i].first->delta->weight; }

private:
    std::vector<std::pair<LinearSlot*, std::optional<Delta>>> m_before;
};

// The modules in model order, so many at a time that their gradients fit.
std::vector<std::vector<std::string>> groupsOf(const PrepareContext& context)
{
    std::vector<std::vector<std::string>> groups;
    int64_t held = kTogether;
    for (const auto& [name, rank] : context.modules) {
        const auto* slot = context.model.slot(name);
        const auto size = slot->out() * slot->in();
        if (held + size > kTogether) {
            groups.emplace_back();
            held = 0;
        }
        groups.back().push_back(name);
        held += size;
    }
    return groups;
}

// Adds the gradient of the batch's mean loss. False where no token of it counts.
bool addGradient(const Model& model, const std::vector<const Sample*>& rows)
{
    const auto batch = makeBatch(rows, {}, model.config().labelHead.atEnd);
    if (batch.targetCount() == 0)
        return false;
    const at::AutoGradMode on(true);
    model.losses(batch).sum().div(double(batch.targetCount())).backward();
    return true;
}

void requireTargets(int64_t counted)
{
    if (counted > 0)
        return;
    throw Error({.code = Code::data,
        .place = "gradients for the start of the adapters",
        .found = "no training row with a token that counts",
        .allowed = "at least one row with an answer",
        .advice = "Choose training data for this method, check the columns, or raise the maximum length."});
}

void give(const TakeGradient& take, const std::string& name, const at::Tensor& gradient)
{
    if (!at::isfinite(gradient).all().item<bool>()) {
        throw Error({.code = Code::data,
            .place = "gradient of " + name,
            .found = "values that are not finite",
            .allowed = "finite gradients of the base model",
            .advice = "Use dtype float32, or look at the training rows: the base model's own loss on them overflows."});
    }
    take(name, gradient.cpu());   // starts are made on the CPU
}

}  // namespace

void meanGradients(PrepareContext& context, int64_t batches, int64_t rows, const TakeGradient& take)
{
    const auto groups = groupsOf(context);
    const auto count = int64_t(context.samples.size());
    for (size_t g = 0; g < groups.size(); ++g) {
        TrainableWeights weights(context.model, groups[g]);
        int64_t counted = 0;
        for (int64_t i = 0; i < batches && count > 0; ++i) {
            context.progress("Gradients of the base", int64_t(g) * batches + i, int64_t(groups.size()) * batches);
            std::vector<const Sample*> batch;
            for (int64_t row = i * rows; row < (i + 1) * rows; ++row)
                batch.push_back(&context.samples[size_t(row % count)]);
            counted += addGradient(context.model, batch);
        }
        requireTargets(counted);
        for (size_t i = 0; i < groups[g].size(); ++i) {
            auto& weight = weights.weight(i);
            give(take, groups[g][i], weight.grad().defined() ? weight.grad().div(double(counted)) : at::zeros_like(weight));
            weight.mutable_grad().reset();
        }
    }
}

void squaredGradients(PrepareContext& context, int64_t sequences, const TakeGradient& take)
{
    const auto groups = groupsOf(context);
    const auto count = std::min(sequences, int64_t(context.samples.size()));
    for (size_t g = 0; g < groups.size(); ++g) {
        TrainableWeights weights(context.model, groups[g]);
        std::vector<at::Tensor> sums(groups[g].size());
        int64_t counted = 0;
        for (int64_t row = 0; row < count; ++row) {
            context.progress("Squared gradients of the base", int64_t(g) * count + row, int64_t(groups.size()) * count);
            counted += addGradient(context.model, {&context.samples[size_t(row)]});
            for (size_t i = 0; i < sums.size(); ++i) {
                auto& gradient = weights.weight(i).mutable_grad();
                if (!gradient.defined())
                    continue;
                sums[i] = sums[i].defined() ? sums[i].addcmul_(gradient, gradient) : gradient.square();
                gradient.reset();
            }
        }
        requireTargets(counted);
        for (size_t i = 0; i < sums.size(); ++i)
            give(take, groups[g][i], sums[i].defined() ? sums[i] : at::zeros_like(weights.weight(i)));
    }
}

}  // namespace rankwright
