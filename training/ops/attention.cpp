// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Grouped-query attention over rows laid end to end.
#include "training/ops/ops.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <limits>

namespace rankwright::ops {

namespace {

// Rows up to this length keep (heads, length, length) scores for a moment; longer ones go through LibTorch's flash attention.
constexpr int64_t kScoresUpTo = 1024;

double scaleOf(const AttentionRule& rule, int64_t size)
{
    return rule.scale > 0 ? rule.scale : 1 / std::sqrt(double(size));
}

// (queries, keys) additive mask in float32: 0 where a query may look, -inf elsewhere. The last query sits on the last key.
at::Tensor causalMask(int64_t queries, int64_t keys, int64_t window)
{
    const auto q = at::arange(keys - queries, keys, at::kLong).unsqueeze(1);
    const auto k = at::arange(keys, at::kLong).unsqueeze(0);
    auto hidden = k > q;
    if (window > 0)
        hidden = hidden.logical_or(k <= q - window);
    return at::zeros({queries, keys}, at::kFloat).masked_fill_(hidden, -std::numeric_limits<float>::infinity());
}

// (tokens, heads, size) -> (kvHeads, group * tokens, size): query heads of one key head side by side, so that keys need no copies.
at::Tensor grouped(const at::Tensor& x, int64_t kvHeads)
{
    const auto tokens = x.size(0), group = x.size(1) / kvHeads, size = x.size(2);
    return x.view({tokens, kvHeads, group, size}).permute({1, 2, 0, 3}).reshape({kvHeads, group * tokens, size});
}

at::Tensor ungrouped(const at::Tensor& x, int64_t tokens)
{
    const auto kvHeads = x.size(0), group = x.size(1) / tokens, size = x.size(2);
    return x.view({kvHeads, group, tokens, size}).permute({2, 0, 1, 3}).reshape({tokens, kvHeads * group, size});
}

// softmax(cap(q k^T scale) + mask), q (kvHeads, group * tokens, size), k (kvHeads, keys, size) -> the compute dtype.
at::Tensor probabilities(const at::Tensor& q, const at::Tensor& k, int64_t tokens, const AttentionRule& rule)
{
    const auto kvHeads = q.size(0), group = q.size(1) / tokens, keys = k.size(1);
    auto scores = at::bmm(q, k.transpose(1, 2)).to(at::kFloat).mul(scaleOf(rule, q.size(2))).view({kvHeads, group, tokens, keys});
    if (rule.softcap > 0)
        scores = scores.div(rule.softcap).tanh().mul(rule.softcap);
    if (rule.causal)
        scores = scores + causalMask(tokens, keys, rule.window);
    return at::softmax(scores, -1).to(q.scalar_type()).view({kvHeads, group * tokens, keys});
}

at::Tensor plainRow(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttentionRule& rule)
{
    const auto tokens = q.size(0), kvHeads = k.size(1);
    const auto p = probabilities(grouped(q, kvHeads), k.transpose(0, 1), tokens, rule);
    return ungrouped(at::bmm(p, v.transpose(0, 1)), tokens);
}

at::Tensor flashRow(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttentionRule& rule)
{
    const auto group = q.size(1) / k.size(1);
    const auto heads = [](const at::Tensor& x) { return x.transpose(0, 1).unsqueeze(0); };
    const auto keys = heads(k.repeat_interleave(group, 1)), values = heads(v.repeat_interleave(group, 1));
    const bool square = rule.causal && q.size(0) == k.size(0) && (rule.window == 0 || rule.window >= k.size(0));
    std::optional<at::Tensor> mask;
    if (rule.causal && !square)
        mask = causalMask(q.size(0), k.size(0), rule.window).to(q.scalar_type());
    return at::scaled_dot_product_attention(heads(q), keys, values, mask, 0.0, square, scaleOf(rule, q.size(2)))
        .squeeze(0)
        .transpose(0, 1)
        .contiguous();
}

// Keeps q, k, v and the output; the probabilities are computed again in the backward pass.
struct RowAttention : torch::autograd::Function<RowAttention>
{
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& q, const at::Tensor& k,
        const at::Tensor& v, const AttentionRule& rule)
    {
        auto output = plainRow(q, k, v, rule);
        context->save_for_backward({q, k, v, output});
        context->saved_data["window"] = rule.window;
        context->saved_data["scale"] = rule.scale;
        context->saved_data["causal"] = rule.causal;
        return output;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
        torch::autograd::variable_list grads)
    {
        const auto saved = context->get_saved_variables();
        const auto tokens = saved[0].size(0), kvHeads = saved[1].size(1);
        const AttentionRule rule{.window = context->saved_data["window"].toInt(),
            .scale = context->saved_data["scale"].toDouble(),
            .causal = context->saved_data["causal"].toBool()};
        const double scale = scaleOf(rule, saved[0].size(2));
        const auto q = grouped(saved[0], kvHeads), k = saved[1].transpose(0, 1), v = saved[2].transpose(0, 1);
        const auto dOutput = grouped(grads[0].contiguous(), kvHeads);
        const auto p = probabilities(q, k, tokens, rule);
        const auto dv = at::bmm(p.transpose(1, 2), dOutput);
        // dS = P (dP - rowsum(dO O)) scale  (Dao and others 2022, appendix B)
        const auto rowSums = (dOutput * grouped(saved[3], kvHeads)).sum(-1, true, at::kFloat);
        auto dScores = at::bmm(dOutput, v.transpose(1, 2)).sub(rowSums.to(p.scalar_type())).mul_(p).mul_(scale);
        const auto dq = ungrouped(at::bmm(dScores, k), tokens);
        const auto dk = at::bmm(dScores.transpose(1, 2), q);
        return {dq, dk.transpose(0, 1), dv.transpose(0, 1), {}};
    }
};

at::Tensor attendRow(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttentionRule& rule)
{
    // A cap's derivative is left to autograd: no family in use has one while training.
    if (form() == Form::plain || rule.softcap > 0)
        return plainRow(q, k, v, rule);
    if (k.size(0) > kScoresUpTo)
        return flashRow(q, k, v, rule);
    return RowAttention::apply(q, k, v, rule);
}

}  // namespace

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const std::vector<int64_t>& bounds,
    const AttentionRule& rule)
{
    const auto width = q.size(1) * q.size(2);
    if (bounds.size() == 2)
        return attendRow(q, k, v, rule).reshape({q.size(0), width});
    std::vector<at::Tensor> rows;
    for (size_t i = 0; i + 1 < bounds.size(); ++i) {
        const auto first = bounds[i], count = bounds[i + 1] - first;
        if (count == 0)
            continue;
        rows.push_back(attendRow(q.narrow(0, first, count), k.narrow(0, first, count), v.narrow(0, first, count),
            rule));
    }
    return at::cat(rows).reshape({q.size(0), width});
}

}  // namespace rankwright::ops
