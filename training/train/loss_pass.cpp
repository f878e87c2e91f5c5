// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/loss_pass.h"

#include <ATen/ATen.h>

namespace rankwright {

at::Tensor ownPass(const Model& model, int64_t seed, const LossPass::Work& work)
{
    at::Tensor balance;
    const auto loss = model.losses(work.batch, {.training = true, .seed = seed, .step = work.step}, work.routerLoss > 0 ? &balance : nullptr)
                          .sum();
    // Beside a mean over targets: weighed by them, since the sum is divided by their number later. It is part of the gradient, not of
    // the loss that is reported.
    if (balance.defined())
        (loss + balance * (work.routerLoss * double(work.batch.targetCount()))).backward();
    else
        loss.backward();
    return loss.detach();
}

}  // namespace rankwright
