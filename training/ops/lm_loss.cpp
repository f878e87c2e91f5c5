// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Head and cross entropy together, in chunks of targets.
#include "training/ops/ops.h"
#include "training/ops/product.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace rankwright::ops {

namespace {

constexpr int64_t kChunk = 256;

at::Tensor plain(const at::Tensor& hidden, const at::Tensor& head, const at::Tensor& targets, double softcap)
{
    auto logits = at::linear(hidden, head).to(at::kFloat);
    if (softcap > 0)
        logits = logits.div(softcap).tanh().mul(softcap);
    return at::cross_entropy_loss(logits, targets, {}, at::Reduction::None);
}

// The gradient of a loss with regard to its hidden state, (softmax - onehot) W, is computed with the loss while the logits are at
// hand; the backward pass only scales its rows. A cap c tanh(l / c) has the derivative 1 - tanh(l / c)^2.
struct LmLoss : torch::autograd::Function<LmLoss>
{
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& hidden, const at::Tensor& head,
        const at::Tensor& targets, bool wantsGradient, double softcap)
    {
        const auto count = hidden.size(0);
        auto losses = at::empty({count}, at::kFloat);
        auto gradient = wantsGradient ? at::empty_like(hidden) : at::Tensor();
        for (int64_t first = 0; first < count; first += kChunk) {
            const auto rows = std::min(kChunk, count - first);
            auto logits = timesTransposed(hidden.narrow(0, first, rows), head).to(at::kFloat);
            at::Tensor slope;
            if (softcap > 0) {
                logits.div_(softcap).tanh_();
                if (wantsGradient)
                    slope = 1 - logits.square();
                logits.mul_(softcap);
            }
            const auto chunkTargets = targets.narrow(0, first, rows).unsqueeze(1);
            const auto largest = logits.amax(-1, true);
            const auto chosen = logits.gather(1, chunkTargets) - largest;
            logits.sub_(largest).exp_();
            const auto sum = logits.sum(-1, true);
            losses.narrow(0, first, rows).copy_((sum.log() - chosen).squeeze(1));
            if (!wantsGradient)
                continue;
            logits.div_(sum);
            logits.scatter_add_(1, chunkTargets, at::full({rows, 1}, -1.0f, at::kFloat));
            if (slope.defined())
                logits.mul_(slope);
            gradient.narrow(0, first, rows).copy_(times(logits.to(head.scalar_type()), head));
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
};

}  // namespace

at::Tensor lmLoss(const at::Tensor& hidden, const at::Tensor& head, const at::Tensor& targets, double softcap)
{
    if (form() == Form::plain || head.requires_grad())
        return plain(hidden, head.to(hidden.scalar_type()), targets, softcap);
    return LmLoss::apply(hidden, head, targets, at::GradMode::is_enabled() && hidden.requires_grad(), softcap);
}

}  // namespace rankwright::ops
