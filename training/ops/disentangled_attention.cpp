// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// DeBERTa's attention: scores of content and of distances in both directions (He, Liu, Gao and Chen 2021, arXiv 2006.03654, equation
// 4), distances in logarithmic classes (the same authors' DeBERTa-v2).
#include "training/ops/ops.h"
#include "training/ops/product.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

namespace rankwright::ops {

namespace {

// One row of the batch, heads first. R distances, T tokens.
struct Row
{
    at::Tensor q, k, v;          // (heads, T, size)
    at::Tensor keys, queries;    // (heads, R, size); R = 0: that term is left out
    at::Tensor index;            // (longest row, longest row) int64, of which the first T of each count
    [[nodiscard]] bool hasKeys() const { return keys.size(1) > 0; }
    [[nodiscard]] bool hasQueries() const { return queries.size(1) > 0; }
    [[nodiscard]] double scale() const
    {
        const int terms = 1 + int(hasKeys()) + int(hasQueries());
        return 1 / std::sqrt(double(q.size(2)) * terms);
    }
};

at::Tensor headsFirst(const at::Tensor& x)
{
    return x.transpose(0, 1);
}

at::Tensor plainProducts(const at::Tensor& a, const at::Tensor& b)
{
    return at::bmm(a, b.transpose(1, 2)).to(at::kFloat);
}

at::Tensor products(const at::Tensor& a, const at::Tensor& b)
{
    return timesTransposedEach(a, b).to(at::kFloat);
}

at::Tensor plainRow(const Row& row)
{
    auto scores = plainProducts(row.q, row.k);
    const auto tokens = scores.size(1);
    const auto index = row.index.narrow(0, 0, tokens).narrow(1, 0, tokens).unsqueeze(0).expand(scores.sizes());
    if (row.hasKeys())
        scores = scores + plainProducts(row.q, row.keys).gather(2, index);
    if (row.hasQueries())
        scores = scores + plainProducts(row.k, row.queries).gather(2, index.transpose(1, 2)).transpose(1, 2);
    const auto p = at::softmax(scores * row.scale(), -1).to(row.v.scalar_type());
    return at::bmm(p, row.v);
}

// visit(head, i, j, distance) for all scores of a row of so many tokens, heads in parallel. `index` is the longest row's: shared by all
// rows and layers of a batch, a copy for each would be half a gigabyte at 32 rows of 400 tokens.
template <class Visit>
void eachScore(const at::Tensor& index, int64_t tokens, int64_t heads, const Visit& visit)
{
    const auto stride = index.size(1);
    const auto* distances = index.const_data_ptr<int64_t>();
    at::parallel_for(0, heads, 1, [&](int64_t first, int64_t last) {
        for (int64_t head = first; head < last; ++head) {
            for (int64_t i = 0; i < tokens; ++i) {
                for (int64_t j = 0; j < tokens; ++j)
                    visit(head, i, j, distances[i * stride + j]);
            }
        }
    });
}

// (heads, T, T) in the compute dtype.
at::Tensor probabilities(const Row& row)
{
    auto scores = products(row.q, row.k).contiguous();
    const auto tokens = scores.size(1);
    const auto add = [&](const at::Tensor& table, bool ofKeys) {
        const auto rows = table.size(2);
        const auto* from = table.const_data_ptr<float>();
        auto* to = scores.data_ptr<float>();
        eachScore(row.index, tokens, scores.size(0), [=](int64_t head, int64_t i, int64_t j, int64_t distance) {
            const auto token = head * tokens + (ofKeys ? j : i);
            to[(head * tokens + i) * tokens + j] += from[token * rows + distance];
        });
    };
    if (row.hasKeys())
        add(products(row.q, row.keys).contiguous(), false);
    if (row.hasQueries())
        add(products(row.k, row.queries).contiguous(), true);
    return at::softmax(scores.mul_(row.scale()), -1).to(row.v.scalar_type());
}

// Sums of the scores' gradients (heads, T, T) by token and distance: (heads, T, distances), for queries or for keys.
at::Tensor byDistance(const at::Tensor& dScores, const at::Tensor& index, int64_t distances, bool ofKeys)
{
    const auto heads = dScores.size(0), tokens = dScores.size(1);
    auto sums = at::zeros({heads, tokens, distances}, at::kFloat);
    const auto* from = dScores.const_data_ptr<float>();
    auto* to = sums.data_ptr<float>();
    eachScore(index, tokens, heads, [=](int64_t head, int64_t i, int64_t j, int64_t distance) {
        const auto token = head * tokens + (ofKeys ? j : i);
        to[token * distances + distance] += from[(head * tokens + i) * tokens + j];
    });
    return sums;
}

// Keeps the projections and the output; scores and probabilities are computed again in the backward pass, and sums over distances stand
// for the tables (T, T, size) that each term would need.
struct RowAttention : torch::autograd::Function<RowAttention>
{
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
        const at::Tensor& keys, const at::Tensor& queries, const at::Tensor& index)
    {
        auto output = timesEach(probabilities({q, k, v, keys, queries, index}), v);
        context->save_for_backward({q, k, v, keys, queries, index, output});
        return output;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list grads)
    {
        const auto saved = context->get_saved_variables();
        const Row row{saved[0], saved[1], saved[2], saved[3], saved[4], saved[5]};
        const auto& output = saved[6];
        const auto type = row.q.scalar_type();
        const auto p = probabilities(row);
        const auto dv = transposedTimesEach(p, grads[0]);
        // dS = P (dP - rowsum(dO O)) scale  (Dao and others 2022, appendix B)
        const auto rowSums = (grads[0] * output).sum(-1, true, at::kFloat);
        const auto dScores = products(grads[0], row.v).sub_(rowSums).mul_(p).mul_(row.scale()).contiguous();
        const auto narrow = dScores.to(type);
        auto dq = timesEach(narrow, row.k), dk = transposedTimesEach(narrow, row.q);
        at::Tensor dKeys, dQueries;
        if (row.hasKeys()) {
            const auto sums = byDistance(dScores, row.index, row.keys.size(1), false).to(type);
            dq = dq + timesEach(sums, row.keys);
            dKeys = transposedTimesEach(sums, row.q);
        }
        if (row.hasQueries()) {
            const auto sums = byDistance(dScores, row.index, row.queries.size(1), true).to(type);
            dk = dk + timesEach(sums, row.queries);
            dQueries = transposedTimesEach(sums, row.k);
        }
        return {dq, dk, dv, dKeys, dQueries, {}};
    }
};

}  // namespace

int64_t distanceBucket(int64_t distance, int64_t buckets, int64_t span)
{
    const int64_t half = buckets / 2, far = std::abs(distance);
    if (far <= half)
        return distance;
    // The quotient is 1 exactly where far = span - 1, so that rounding cannot carry it into the next class.
    const double share = far == span - 1 ? 1 : std::log(double(far) / double(half)) / std::log(double(span - 1) / double(half));
    const auto bucket = half + int64_t(std::ceil(share * double(half - 1)));
    return distance < 0 ? -bucket : bucket;
}

at::Tensor disentangledAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const RelativeTerms& relative,
    const std::vector<int64_t>& bounds)
{
    std::vector<at::Tensor> rows;
    // Autograd's functions take no undefined tensors.
    const auto table = [&](const at::Tensor& x) { return headsFirst(x.defined() ? x : q.detach().narrow(0, 0, 0)); };
    const auto keys = table(relative.keys), queries = table(relative.queries);
    const auto index = relative.index.contiguous();
    for (size_t i = 0; i + 1 < bounds.size(); ++i) {
        const auto first = bounds[i], count = bounds[i + 1] - first;
        if (count == 0)
            continue;
        const auto part = [&](const at::Tensor& x) { return headsFirst(x.narrow(0, first, count)); };
        const Row row{part(q), part(k), part(v), keys, queries, index};
        const auto mixed = !fastOn(q)
            ? plainRow(row)
            : RowAttention::apply(row.q, row.k, row.v, row.keys, row.queries, row.index);
        rows.push_back(mixed.transpose(0, 1));
    }
    return at::cat(rows).reshape({q.size(0), q.size(1) * q.size(2)});
}

}  // namespace rankwright::ops
