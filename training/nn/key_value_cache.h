// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What generation keeps of a row's earlier tokens: keys and values of every layer, in buffers that double when they are full. A token
// then costs one write a layer; adding it to a tensor of exactly the right size copied the whole past each time.
#pragma once

#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

namespace rankwright {

class KeyValueCache
{
public:
    struct Layer
    {
        at::Tensor keys, values;   // (room, kvHeads, size): the first `length` of them are tokens
        int64_t length = 0;
    };
    // Tokens that all layers hold; between two passes every layer holds as many.
    [[nodiscard]] int64_t length() const { return m_layers.empty() ? 0 : m_layers.front().length; }
    // Puts k and v, (tokens, kvHeads, size), behind what the layer holds -> all that it holds now, as views.
    std::pair<at::Tensor, at::Tensor> append(size_t layer, const at::Tensor& k, const at::Tensor& v);
    // The layer with room for `tokens` more, which count as held: whoever asks writes them.
    Layer& extend(size_t layer, int64_t tokens, int64_t kvHeads, int64_t size, at::ScalarType type);
    // Forgets what comes after the first `tokens`.
    void keep(int64_t tokens);

    // Of slots with a magnitude: magnitude / norm of each row (DoRA), by the slot's index. Cleared by keep().
    std::vector<at::Tensor> gains;

private:
    Layer& grown(size_t layer, int64_t tokens, int64_t kvHeads, int64_t size, const at::TensorOptions& options);
    std::vector<Layer> m_layers;
};

}  // namespace rankwright
