// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/loss_pass.h"

#include "training/ops/each_at_once.h"
#include "training/train/even_shares.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

namespace rankwright {

namespace {

using Shares = std::vector<std::vector<int64_t>>;

// The rows that each thread takes; a single share where all threads work at one pass: a device, rows that cannot be shared out evenly,
// a balancing loss, which is of the batch as a whole, or too much that is trained. train/memory_model counts on the same.
Shares sharesOf(const Model& model, const AdapterSet& adapters, const LossPass::Work& work)
{
    const int64_t threads = at::get_num_threads(), rows = work.batch.rows();
    const bool apart = model.device().is_cpu() && ops::form() == ops::Form::fast
        && work.routerLoss == 0 && fitsShares(threads, double(adapters.gradients().nbytes()), double(model.bytes()));
    std::vector<int64_t> lengths;
    for (int64_t row = 0; row < rows; ++row)
        lengths.push_back(work.batch.bounds[size_t(row) + 1] - work.batch.bounds[size_t(row)]);
    return evenShares(lengths, apart ? threads : 1);
}

ops::DropoutSource dropoutOf(int64_t seed, const LossPass::Work& work)
{
    return {.training = true, .seed = seed, .step = work.step};
}

at::Tensor wholePass(const Model& model, int64_t seed, const LossPass::Work& work)
{
    at::Tensor balance;
    const auto loss = model.losses(work.batch, dropoutOf(seed, work), work.routerLoss > 0 ? &balance : nullptr).sum();
    // Beside a mean over targets: weighed by them, since the sum is divided by their number later. It is part of the gradient, not of
    // the loss that is reported.
    if (balance.defined())
        (loss + balance * (work.routerLoss * double(work.batch.targetCount()))).backward();
    else
        loss.backward();
    return loss.detach();
}

at::Tensor passInShares(const Model& model, const AdapterSet& adapters, int64_t seed, const LossPass::Work& work, const Shares& shares)
{
    torch::autograd::variable_list leaves;
    for (const auto& tensor : adapters.trained())
        leaves.push_back(tensor.parameter);
    std::vector<at::Tensor> losses(shares.size());
    std::vector<torch::autograd::variable_list> gradients(shares.size());
    ops::eachAtOnce(int64_t(shares.size()), [&](int64_t i) {
        const auto rows = rowsOf(work.batch, shares[size_t(i)]);
        if (rows.targetCount() == 0)
            return;
        const auto loss = model.losses(rows, dropoutOf(seed, work)).sum();
        gradients[size_t(i)] = torch::autograd::grad({loss}, leaves, {}, false, false, true);
        losses[size_t(i)] = loss.detach();
    });
    at::Tensor sum;
    const at::NoGradGuard guard;
    for (size_t i = 0; i < shares.size(); ++i) {
        if (!losses[i].defined())
            continue;
        sum = sum.defined() ? sum + losses[i] : losses[i];
        for (size_t k = 0; k < leaves.size(); ++k) {
            if (gradients[i][k].defined())
                adapters.trained()[k].gradient.add_(gradients[i][k]);
        }
    }
    return sum;
}

}  // namespace

at::Tensor ownPass(const Model& model, const AdapterSet& adapters, int64_t seed, const LossPass::Work& work)
{
    const auto shares = sharesOf(model, adapters, work);
    return shares.size() == 1 ? wholePass(model, seed, work) : passInShares(model, adapters, seed, work, shares);
}

}  // namespace rankwright
