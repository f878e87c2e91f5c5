// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Head and cross entropy together, in chunks of targets.
#include "training/ops/ops.h"
#include "training/ops/product.h"
#include "training/ops/trained_linear.h"
#include "training/ops/vector_loops.h"

#include <ATen/ATen.h>
#include <ATen/Dispatch_v2.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

namespace rankwright::ops {

namespace {

constexpr int64_t kChunk = 256;

at::Tensor plain(const at::Tensor& hidden, const at::Tensor& head, const at::Tensor& targets, double softcap)
{
    auto logits = trainedLinear(hidden, head).to(at::kFloat);
    if (softcap > 0)
        logits = logits.div(softcap).tanh().mul(softcap);
    return at::cross_entropy_loss(logits, targets, {}, at::Reduction::None);
}

// A chunk's logits as they came from the product -> losses, and in place of the logits softmax - onehot. In two passes over values
// that a core's cache may still hold: the largest, then the sum of exponentials; a third writes: 10 ms of a core for 256 targets and
// SmolLM2's 49,152 tokens, beside 100 ms of the two products.
template <class T>
RANKWRIGHT_VECTOR_CLONES void lossRows(T* logits, const int64_t* targets, float* losses, int64_t first, int64_t last, int64_t width,
    float cap, bool wantsGradient)
{
    for (int64_t row = first; row < last; ++row) {
        T* values = logits + row * width;
        float largest = widened(values[0]);
        float finite = 0;   // stays 0 as long as no value is infinite or not a number: max passes over those
#pragma omp simd reduction(max : largest) reduction(+ : finite)
        for (int64_t i = 0; i < width; ++i) {
            const float value = widened(values[i]);
            largest = value > largest ? value : largest;
            finite += value * 0.0F;
        }
        const auto capped = [cap](float value) { return cap > 0 ? cap * (2 * sigmoid(2 * value / cap) - 1) : value; };
        largest = capped(largest);
        float sum = finite;
        if (cap > 0) {
#pragma omp simd reduction(+ : sum)
            for (int64_t i = 0; i < width; ++i)
                sum += expOf(capped(widened(values[i])) - largest);
        } else {
#pragma omp simd reduction(+ : sum)
            for (int64_t i = 0; i < width; ++i)
                sum += expOf(widened(values[i]) - largest);
        }
        const int64_t target = targets[row];
        const float chosen = capped(widened(values[target]));
        losses[row] = std::log(sum) + largest - chosen;
        if (!wantsGradient)
            continue;
        const float share = 1 / sum;
        // d cap tanh(l / cap) / dl = 1 - tanh(l / cap)^2.
        const auto slope = [cap](float value) { return cap > 0 ? 1 - value * value / (cap * cap) : 1.0F; };
        if (cap > 0) {
#pragma omp simd
            for (int64_t i = 0; i < width; ++i) {
                const float value = capped(widened(values[i]));
                store(values[i], expOf(value - largest) * share * slope(value));
            }
        } else {
#pragma omp simd
            for (int64_t i = 0; i < width; ++i)
                store(values[i], expOf(widened(values[i]) - largest) * share);
        }
        store(values[target], (expOf(chosen - largest) * share - 1) * slope(chosen));
    }
}

// The same by LibTorch's operators, where the values are elsewhere.
at::Tensor lossRowsOnDevice(at::Tensor& logits, const at::Tensor& targets, double cap, bool wantsGradient)
{
    auto wide = logits.to(at::kFloat);
    at::Tensor slope;
    if (cap > 0) {
        wide = wide.div(cap).tanh();
        slope = 1 - wide.square();
        wide.mul_(cap);
    }
    const auto shares = at::log_softmax(wide, -1);
    const auto chosen = targets.unsqueeze(1);
    auto losses = shares.gather(1, chosen).squeeze(1).neg();
    if (wantsGradient) {
        auto gradient = shares.exp();
        gradient.scatter_add_(1, chosen, at::full({targets.size(0), 1}, -1.0F, wide.options()));
        if (slope.defined())
            gradient.mul_(slope);
        logits.copy_(gradient);
    }
    return losses;
}

// The gradient of a loss with regard to its hidden state, (softmax - onehot) W, is computed with the loss while the logits are at
// hand; the backward pass only scales its rows.
struct LmLoss : torch::autograd::Function<LmLoss>
{
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& hidden, const at::Tensor& head,
        const at::Tensor& targets, bool wantsGradient, double softcap)
    {
        const auto count = hidden.size(0);
        auto losses = at::empty({count}, hidden.options().dtype(at::kFloat));
        auto gradient = wantsGradient ? at::empty_like(hidden) : at::Tensor();
        for (int64_t first = 0; first < count; first += kChunk) {
            const auto rows = std::min(kChunk, count - first);
            auto logits = timesTransposed(hidden.narrow(0, first, rows), head);
            const auto chunkTargets = targets.narrow(0, first, rows);
            auto chunkLosses = losses.narrow(0, first, rows);
            if (logits.is_cpu())
                lossesOf(logits, chunkTargets, chunkLosses, float(softcap), wantsGradient);
            else
                chunkLosses.copy_(lossRowsOnDevice(logits, chunkTargets, softcap, wantsGradient));
            if (wantsGradient)
                gradient.narrow(0, first, rows).copy_(times(logits, head));
        }
        if (wantsGradient)
            context->save_for_backward({gradient});
        return losses;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
        torch::autograd::variable_list grads)
    {
        const auto gradient = context->get_saved_variables()[0];
        return {(gradient * grads[0].unsqueeze(1)).to(gradient.scalar_type()), {}, {}, {}, {}};
    }

private:
    static void lossesOf(at::Tensor& logits, const at::Tensor& targets, at::Tensor& losses, float cap, bool wantsGradient)
    {
        TORCH_CHECK(targets.numel() == 0
            || (targets.min().item<int64_t>() >= 0 && targets.max().item<int64_t>() < logits.size(1)), "a target beyond the vocabulary");
        AT_DISPATCH_V2(logits.scalar_type(), "lmLoss", AT_WRAP([&] {
            at::parallel_for(0, logits.size(0), 1, [&](int64_t begin, int64_t end) {
                lossRows(stored(logits.data_ptr<scalar_t>()), targets.const_data_ptr<int64_t>(), losses.data_ptr<float>(), begin, end,
                    logits.size(1), cap, wantsGradient);
            });
        }), at::kFloat, at::kBFloat16);
    }
};

}  // namespace

at::Tensor lmLoss(const at::Tensor& hidden, const at::Tensor& head, const at::Tensor& targets, double softcap)
{
    if (form() == Form::plain || head.requires_grad() || hidden.scalar_type() == at::kDouble)
        return plain(hidden, head, targets, softcap);
    return LmLoss::apply(hidden, head, targets, at::GradMode::is_enabled() && hidden.requires_grad(), softcap);
}

}  // namespace rankwright::ops
