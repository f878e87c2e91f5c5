// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/nn/key_value_cache.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace rankwright {

namespace {

constexpr int64_t kFirstRoom = 128;   // tokens

at::Tensor moved(const at::Tensor& from, int64_t length, std::vector<int64_t> shape, const at::TensorOptions& options)
{
    auto to = at::empty(shape, options);
    if (length > 0)
        to.narrow(0, 0, length).copy_(from.narrow(0, 0, length));
    return to;
}

}  // namespace

KeyValueCache::Layer& KeyValueCache::grown(
    size_t layer, int64_t tokens, int64_t kvHeads, int64_t size, const at::TensorOptions& options)
{
    if (layer >= m_layers.size())
        m_layers.resize(layer + 1);
    auto& held = m_layers[layer];
    const auto room = held.keys.defined() ? held.keys.size(0) : 0;
    const auto wanted = held.length + tokens;
    if (wanted > room) {
        const auto next = std::max({wanted, 2 * room, kFirstRoom});
        held.keys = moved(held.keys, held.length, {next, kvHeads, size}, options);
        held.values = moved(held.values, held.length, {next, kvHeads, size}, options);
    }
    return held;
}

std::pair<at::Tensor, at::Tensor> KeyValueCache::append(size_t layer, const at::Tensor& k, const at::Tensor& v)
{
    const at::NoGradGuard guard;
    const auto tokens = k.size(0);
    auto& held = grown(layer, tokens, k.size(1), k.size(2), k.options());
    held.keys.narrow(0, held.length, tokens).copy_(k);
    held.values.narrow(0, held.length, tokens).copy_(v);
    held.length += tokens;
    return {held.keys.narrow(0, 0, held.length), held.values.narrow(0, 0, held.length)};
}

KeyValueCache::Layer& KeyValueCache::extend(size_t layer, int64_t tokens, int64_t kvHeads, int64_t size, at::ScalarType type)
{
    auto& held = grown(layer, tokens, kvHeads, size, at::TensorOptions(type));
    held.length += tokens;
    return held;
}

void KeyValueCache::keep(int64_t tokens)
{
    for (auto& layer : m_layers)
        layer.length = std::min(layer.length, tokens);
    gains.clear();
}

}  // namespace rankwright
