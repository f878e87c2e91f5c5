// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Grouped-query attention over rows laid end to end.
#include "training/ops/attention_device.h"
#include "training/ops/each_at_once.h"
#include "training/ops/ops.h"
#include "training/ops/product.h"
#include "training/ops/vector_loops.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankwright::ops {

namespace {

// Queries of a row that are worked on at once: (kvHeads, group * kBlock, keys) scores exist for a moment, and keys behind the last
// query of the block are left out. With 256 tokens a row that is a quarter of the work, with 1,024 it is 44 percent.
constexpr int64_t kBlock = 128;
constexpr int64_t kGrain = 16;   // rows of scores a thread takes at least

double scaleOf(const AttentionRule& rule, int64_t size)
{
    return rule.scale > 0 ? rule.scale : 1 / std::sqrt(double(size));
}

// (queries, keys) additive mask in float32: 0 where a query may look, -inf elsewhere. The last query sits on the last key.
at::Tensor causalMask(int64_t queries, int64_t keys, int64_t window, at::Device device)
{
    const auto numbers = at::TensorOptions(at::kLong).device(device);
    const auto q = at::arange(keys - queries, keys, numbers).unsqueeze(1);
    const auto k = at::arange(keys, numbers).unsqueeze(0);
    auto hidden = k > q;
    if (window > 0)
        hidden = hidden.logical_or(k <= q - window);
    return at::zeros({queries, keys}, numbers.dtype(at::kFloat)).masked_fill_(hidden, -std::numeric_limits<float>::infinity());
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
        scores = scores + causalMask(tokens, keys, rule.window, q.device());
    return at::softmax(scores, -1).to(q.scalar_type()).view({kvHeads, group * tokens, keys});
}

at::Tensor plainRow(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttentionRule& rule)
{
    const auto tokens = q.size(0), kvHeads = k.size(1);
    const auto p = probabilities(grouped(q, kvHeads), k.transpose(0, 1), tokens, rule);
    return ungrouped(at::bmm(p, v.transpose(0, 1)), tokens);
}

// Which keys the rows of a block of scores see. Row r of (kvHeads, group * queries, keys) is a query of token firstQuery + r / group;
// the keys are those from firstKey on.
struct Sight
{
    int64_t firstQuery = 0, firstKey = 0, keys = 0, group = 1, rows = 0;   // rows: of one key head
    bool causal = true;
    int64_t window = 0;
    float scale = 1;
    // First and last visible key of a row, counted from firstKey.
    [[nodiscard]] std::pair<int64_t, int64_t> of(int64_t row) const
    {
        if (!causal)
            return {0, keys};
        const auto token = firstQuery + row % rows / group;
        return {window > 0 ? std::max<int64_t>(0, token - window + 1 - firstKey) : 0, std::min(keys, token + 1 - firstKey)};
    }
};

// Scores as they came from the product -> probabilities in their place, and the logarithm of each row's sum of exponentials. Instead of
// LibTorch's passes for the type, scale, mask, softmax and the type again.
template <class T>
RANKWRIGHT_VECTOR_CLONES void softmaxRows(T* scores, float* logSums, int64_t first, int64_t last, const Sight& sight)
{
    const float scale = sight.scale;
    for (int64_t row = first; row < last; ++row) {
        T* values = scores + row * sight.keys;
        const auto [begin, end] = sight.of(row);
        float largest = -INFINITY;
#pragma omp simd reduction(max : largest)
        for (int64_t i = begin; i < end; ++i) {
            const auto value = float(widened(values[i]));
            largest = value > largest ? value : largest;
        }
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = begin; i < end; ++i)
            sum += expOf((float(widened(values[i])) - largest) * scale);
        const float share = 1 / sum;
        std::fill(values, values + begin, T(0));
#pragma omp simd
        for (int64_t i = begin; i < end; ++i)
            store(values[i], expOf((float(widened(values[i])) - largest) * scale) * share);
        std::fill(values + end, values + sight.keys, T(0));
        logSums[row] = largest * scale + std::log(sum);
    }
}

// Scores -> probabilities P again, and dP -> dS = P (dP - rowsum(dO O)) scale (Dao and others 2022, appendix B).
template <class T>
RANKWRIGHT_VECTOR_CLONES void scoreGradients(T* scores, T* dProbabilities, const float* logSums, const float* rowSums, int64_t first,
    int64_t last, const Sight& sight)
{
    const float scale = sight.scale;
    for (int64_t row = first; row < last; ++row) {
        T* values = scores + row * sight.keys;
        T* grads = dProbabilities + row * sight.keys;
        const auto [begin, end] = sight.of(row);
        const float logSum = logSums[row], rowSum = rowSums[row];
        std::fill(values, values + begin, T(0));
        std::fill(grads, grads + begin, T(0));
#pragma omp simd
        for (int64_t i = begin; i < end; ++i) {
            const float p = expOf(float(widened(values[i])) * scale - logSum);
            store(values[i], p);
            store(grads[i], p * (float(widened(grads[i])) - rowSum) * scale);
        }
        std::fill(values + end, values + sight.keys, T(0));
        std::fill(grads + end, grads + sight.keys, T(0));
    }
}

// sum over `size` of a b, a row each.
template <class T>
RANKWRIGHT_VECTOR_CLONES void rowProducts(const T* a, const T* b, float* sums, int64_t first, int64_t last, int64_t size)
{
    for (int64_t row = first; row < last; ++row) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < size; ++i)
            sum += float(widened(a[row * size + i]) * widened(b[row * size + i]));
        sums[row] = sum;
    }
}

// One row of the batch, its queries in blocks. Where rows are not worked on at once (eachAtOnce), its blocks are: a share of them a thread.
class AttentionRow
{
public:
    // q (tokens, heads, size), k and v (keys, kvHeads, size).
    AttentionRow(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttentionRule& rule)
        : m_rule(rule), m_tokens(q.size(0)), m_group(q.size(1) / k.size(1)), m_q(byKeyHead(q, k.size(1))),
          m_k(k.transpose(0, 1).contiguous()), m_v(v.transpose(0, 1).contiguous())
    {
        const int64_t threads = at::in_parallel_region() ? 1 : at::get_num_threads();
        m_shares = blocks() >= 2 * threads ? threads : 1;
    }

    // Writes (tokens, heads, size) and (kvHeads, tokens * group) float32.
    void forward(at::Tensor output, at::Tensor logSums) const
    {
        eachAtOnce(m_shares, [&](int64_t share) { forwardBlocks(share, output, logSums); });
    }

    // Writes (tokens, heads, size) and twice (keys, kvHeads, size).
    void backward(const at::Tensor& dOutput, const at::Tensor& output, const at::Tensor& logSums, at::Tensor dq, at::Tensor dk,
        at::Tensor dv) const
    {
        const auto kvHeads = m_k.size(0);
        // Where every head has its own keys they are views so far, and the loops below go over plain memory.
        const auto dO = byKeyHead(dOutput, kvHeads).contiguous(), o = byKeyHead(output, kvHeads).contiguous();
        auto rowSums = at::empty_like(logSums, logSums.options(), at::MemoryFormat::Contiguous);
        AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, o.scalar_type(), "attentionBackward", [&] {
            at::parallel_for(0, o.size(0) * o.size(1), kGrain, [&](int64_t begin, int64_t end) {
                rowProducts(stored(dO.const_data_ptr<scalar_t>()), stored(o.const_data_ptr<scalar_t>()), rowSums.data_ptr<float>(), begin,
                    end, o.size(2));
            });
        });
        // Sums over blocks in float32: in bfloat16 each one would round anew. Of each share its own, added in their order.
        const auto wide = m_k.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
        std::vector<at::Tensor> keySums, valueSums;
        for (int64_t share = 0; share < m_shares; ++share) {
            keySums.push_back(at::zeros(m_k.sizes(), m_k.options().dtype(wide)));
            valueSums.push_back(at::zeros_like(keySums.back()));
        }
        eachAtOnce(m_shares, [&](int64_t share) {
            backwardBlocks(share, dO, logSums, rowSums, dq, keySums[size_t(share)], valueSums[size_t(share)]);
        });
        for (size_t share = 1; share < keySums.size(); ++share) {
            keySums.front().add_(keySums[share]);
            valueSums.front().add_(valueSums[share]);
        }
        dk.copy_(keySums.front().transpose(0, 1));
        dv.copy_(valueSums.front().transpose(0, 1));
    }

private:
    [[nodiscard]] int64_t blocks() const { return (m_tokens + kBlock - 1) / kBlock; }
    // Later blocks see more keys: shares take them to and fro, 0 1 1 0 0 1 ...
    template <class Visit>
    void eachBlock(int64_t share, const Visit& visit) const
    {
        for (int64_t i = 0; i < blocks(); ++i) {
            const auto turn = i % (2 * m_shares);
            if (share == std::min(turn, 2 * m_shares - 1 - turn))
                visit(i * kBlock);
        }
    }

    void forwardBlocks(int64_t share, at::Tensor& output, at::Tensor& logSums) const
    {
        eachBlock(share, [&](int64_t first) {
            const auto sight = sightOf(first);
            const auto keys = m_k.narrow(1, sight.firstKey, sight.keys), values = m_v.narrow(1, sight.firstKey, sight.keys);
            auto scores = timesTransposedEach(block(m_q, first), keys);
            auto sums = at::empty({scores.size(0), scores.size(1)}, scores.options().dtype(at::kFloat));
            AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, scores.scalar_type(), "attention", [&] {
                at::parallel_for(0, scores.size(0) * scores.size(1), kGrain, [&](int64_t begin, int64_t end) {
                    softmaxRows(stored(scores.data_ptr<scalar_t>()), sums.data_ptr<float>(), begin, end, sight);
                });
            });
            block(logSums, first).copy_(sums);
            put(output, first, timesEach(scores, values));
        });
    }

    void backwardBlocks(int64_t share, const at::Tensor& dO, const at::Tensor& logSums, const at::Tensor& rowSums, at::Tensor& dq,
        at::Tensor& keySums, at::Tensor& valueSums) const
    {
        eachBlock(share, [&](int64_t first) {
            const auto sight = sightOf(first);
            const auto keys = m_k.narrow(1, sight.firstKey, sight.keys), values = m_v.narrow(1, sight.firstKey, sight.keys);
            const auto queries = block(m_q, first), grads = block(dO, first);
            auto p = timesTransposedEach(queries, keys);
            auto dS = timesTransposedEach(grads, values);
            const auto sums = block(logSums, first).contiguous(), products = block(rowSums, first).contiguous();
            AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, p.scalar_type(), "attentionBackward", [&] {
                at::parallel_for(0, p.size(0) * p.size(1), kGrain, [&](int64_t begin, int64_t end) {
                    scoreGradients(stored(p.data_ptr<scalar_t>()), stored(dS.data_ptr<scalar_t>()), sums.const_data_ptr<float>(),
                        products.const_data_ptr<float>(), begin, end, sight);
                });
            });
            put(dq, first, timesEach(dS, keys));
            keySums.narrow(1, sight.firstKey, sight.keys).add_(transposedTimesEach(dS, queries));
            valueSums.narrow(1, sight.firstKey, sight.keys).add_(transposedTimesEach(p, grads));
        });
    }

    // (tokens, heads, size) -> (kvHeads, tokens * group, size): the queries of a key head side by side, a block of tokens in one piece.
    static at::Tensor byKeyHead(const at::Tensor& x, int64_t kvHeads)
    {
        const auto tokens = x.size(0), group = x.size(1) / kvHeads, size = x.size(2);
        return x.reshape({tokens, kvHeads, group, size}).transpose(0, 1).reshape({kvHeads, tokens * group, size}).contiguous();
    }
    [[nodiscard]] int64_t countOf(int64_t first) const { return std::min(kBlock, m_tokens - first); }
    [[nodiscard]] at::Tensor block(const at::Tensor& x, int64_t first) const
    {
        return x.narrow(1, first * m_group, countOf(first) * m_group);
    }
    void put(at::Tensor& to, int64_t first, const at::Tensor& part) const
    {
        const auto count = countOf(first), kvHeads = part.size(0), size = part.size(2);
        to.narrow(0, first, count).view({count, kvHeads, m_group, size}).copy_(part.view({kvHeads, count, m_group, size}).transpose(0, 1));
    }
    // The last query sits on the last key.
    [[nodiscard]] Sight sightOf(int64_t first) const
    {
        const auto all = m_k.size(1), before = all - m_tokens, count = countOf(first);
        Sight sight{.firstQuery = before + first, .keys = all, .group = m_group, .rows = count * m_group, .causal = m_rule.causal,
            .window = m_rule.window, .scale = float(scaleOf(m_rule, m_q.size(2)))};
        if (sight.causal) {
            sight.firstKey = sight.window > 0 ? std::max<int64_t>(0, sight.firstQuery - sight.window + 1) : 0;
            sight.keys = sight.firstQuery + count - sight.firstKey;
        }
        return sight;
    }

    AttentionRule m_rule;
    int64_t m_tokens, m_group, m_shares = 1;
    at::Tensor m_q, m_k, m_v;   // (kvHeads, tokens * group, size), (kvHeads, keys, size)
};

// All rows of a batch in one node. Keeps q, k, v, the output and a number a query and head; the probabilities are computed again in the
// backward pass.
struct BlockAttention : torch::autograd::Function<BlockAttention>
{
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& q, const at::Tensor& k,
        const at::Tensor& v, const std::vector<int64_t>& bounds, const AttentionRule& rule)
    {
        auto output = at::empty_like(q, q.options(), at::MemoryFormat::Contiguous);
        auto logSums = at::empty({k.size(1), q.size(0) * (q.size(1) / k.size(1))}, q.options().dtype(at::kFloat));
        eachRow(bounds, q, k, [&](const Row& row) {
            AttentionRow(row.queries(q), row.keys(k), row.keys(v), rule).forward(row.queries(output), row.sums(logSums, q, k));
        });
        context->save_for_backward({q, k, v, output, logSums});
        context->saved_data["bounds"] = bounds;
        context->saved_data["window"] = rule.window;
        context->saved_data["scale"] = rule.scale;
        context->saved_data["causal"] = rule.causal;
        return output;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
        torch::autograd::variable_list grads)
    {
        const auto saved = context->get_saved_variables();
        const auto &q = saved[0], &k = saved[1], &v = saved[2];
        const AttentionRule rule{.window = context->saved_data["window"].toInt(),
            .scale = context->saved_data["scale"].toDouble(),
            .causal = context->saved_data["causal"].toBool()};
        const auto contiguous = at::MemoryFormat::Contiguous;
        auto dq = at::empty_like(q, q.options(), contiguous), dk = at::empty_like(k, k.options(), contiguous),
             dv = at::empty_like(v, v.options(), contiguous);
        eachRow(context->saved_data["bounds"].toIntVector(), q, k, [&](const Row& row) {
            AttentionRow(row.queries(q), row.keys(k), row.keys(v), rule)
                .backward(row.queries(grads[0]), row.queries(saved[3]), row.sums(saved[4], q, k), row.queries(dq), row.keys(dk),
                    row.keys(dv));
        });
        return {dq, dk, dv, {}, {}};
    }

private:
    struct Row
    {
        int64_t first = 0, count = 0, keyFirst = 0, keyCount = 0;
        [[nodiscard]] at::Tensor queries(const at::Tensor& x) const { return x.narrow(0, first, count); }
        [[nodiscard]] at::Tensor keys(const at::Tensor& x) const { return x.narrow(0, keyFirst, keyCount); }
        [[nodiscard]] at::Tensor sums(const at::Tensor& x, const at::Tensor& q, const at::Tensor& k) const
        {
            const auto group = q.size(1) / k.size(1);
            return x.narrow(1, first * group, count * group);
        }
    };
    template <class Visit>
    static void eachRow(const std::vector<int64_t>& bounds, const at::Tensor& q, const at::Tensor& k, const Visit& visit)
    {
        if (bounds.size() == 2 && q.size(0) > 0)
            return visit(Row{0, q.size(0), 0, k.size(0)});
        std::vector<Row> rows;
        for (size_t i = 0; i + 1 < bounds.size(); ++i) {
            if (const auto count = bounds[i + 1] - bounds[i]; count > 0)
                rows.push_back(Row{bounds[i], count, bounds[i], count});
        }
        eachAtOnce(int64_t(rows.size()), [&](int64_t i) { visit(rows[size_t(i)]); });
    }
};

}  // namespace

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const std::vector<int64_t>& bounds,
    const AttentionRule& rule)
{
    const auto width = q.size(1) * q.size(2);
    // A cap's derivative is left to autograd: no family in use has one while training.
    if (fastOn(q) && rule.softcap <= 0)
        return BlockAttention::apply(q, k, v, bounds, rule).view({q.size(0), width});
    if (auto mixed = form() == Form::plain ? at::Tensor() : attentionOnDevice(q, k, v, bounds, rule); mixed.defined())
        return mixed;
    if (bounds.size() == 2)
        return plainRow(q, k, v, rule).reshape({q.size(0), width});
    std::vector<at::Tensor> rows;
    for (size_t i = 0; i + 1 < bounds.size(); ++i) {
        const auto first = bounds[i], count = bounds[i + 1] - first;
        if (count > 0)
            rows.push_back(plainRow(q.narrow(0, first, count), k.narrow(0, first, count), v.narrow(0, first, count), rule));
    }
    return at::cat(rows).reshape({q.size(0), width});
}

}  // namespace rankwright::ops
