// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// LibTorch's two kernels for rows laid end to end: FlashAttention 2 (Dao 2023, arXiv 2307.08691) in 16-bit types, which reads shared key
// heads as they are, and the memory-efficient one (Rabe and Staats 2021, arXiv 2112.05682) in float32, which wants a key head for
// every query head. Both record their gradients themselves.
#include "training/ops/attention_device.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace rankwright::ops {

namespace {

constexpr int64_t kLargestHead = 256;
constexpr int64_t kNoMask = 0, kCausalAtTheEnd = 2;   // of the memory-efficient kernel: the last query sits on the last key

// Where rows begin and end, for the kernels: int32 on the device, copied without waiting.
struct RowEnds
{
    at::Tensor of;
    int64_t longest = 0;
};

RowEnds endsOf(const std::vector<int64_t>& bounds, at::Device device)
{
    RowEnds ends{.of = at::tensor(std::vector<int32_t>(bounds.begin(), bounds.end()), at::kInt).pin_memory().to(device, at::kInt, true)};
    for (size_t i = 1; i < bounds.size(); ++i)
        ends.longest = std::max(ends.longest, bounds[i] - bounds[i - 1]);
    return ends;
}

// (keys, kvHeads, size) -> (keys, heads, size), each key head as often as it is read.
at::Tensor forEachQueryHead(const at::Tensor& x, int64_t heads)
{
    const auto group = heads / x.size(1);
    return group == 1 ? x : x.unsqueeze(2).expand({x.size(0), x.size(1), group, x.size(2)}).reshape({x.size(0), heads, x.size(2)});
}

}  // namespace

at::Tensor attentionOnDevice(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const std::vector<int64_t>& bounds,
    const AttentionRule& rule)
{
    const auto tokens = q.size(0), heads = q.size(1), size = q.size(2);
    const bool isFloat = q.scalar_type() == at::kFloat;
    if (!q.is_cuda() || rule.softcap > 0 || tokens == 0 || size % 8 != 0 || size > kLargestHead || (isFloat && rule.window > 0))
        return {};
    const auto queries = endsOf(bounds, q.device());
    // Behind a cache there is one row, with more keys than queries.
    const auto keys = k.size(0) == tokens ? queries : endsOf({0, k.size(0)}, q.device());
    const double scale = rule.scale > 0 ? rule.scale : 1 / std::sqrt(double(size));
    if (isFloat) {
        const auto mixed = std::get<0>(at::_efficient_attention_forward(q.unsqueeze(0), forEachQueryHead(k, heads).unsqueeze(0),
            forEachQueryHead(v, heads).unsqueeze(0), {}, queries.of, keys.of, queries.longest, keys.longest, 0.0,
            rule.causal ? kCausalAtTheEnd : kNoMask, at::GradMode::is_enabled(), scale));
        return mixed.reshape({tokens, heads * size});
    }
    const auto left = rule.window > 0 ? std::optional<int64_t>(rule.window - 1) : std::nullopt;
    const auto right = rule.window > 0 && rule.causal ? std::optional<int64_t>(0) : std::nullopt;
    const auto mixed = std::get<0>(at::_flash_attention_forward(
        q, k, v, queries.of, keys.of, queries.longest, keys.longest, 0.0, rule.causal, false, scale, left, right));
    return mixed.reshape({tokens, heads * size});
}

}  // namespace rankwright::ops
