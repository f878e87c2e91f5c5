// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// One token of a few rows through a decoder, each behind its cache: what generation does thousands of times. The arithmetic is that of
// decoder.cpp on plain memory: LibTorch's operators cost some microseconds each, and a layer has forty. What is rounded to bfloat16 is
// what is stored, the weights and the cache; sums stay in float32.
#include "training/nn/decoder.h"
#include "training/ops/row_attention.h"
#include "training/ops/row_product.h"
#include "training/ops/vector_loops.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>

namespace rankwright {

namespace {

using ops::stored;
using ops::widened;

template <class T>
inline void normRow(const float* x, const T* weight, int64_t width, float epsilon, float offset, float* y)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < width; ++i)
        sum += x[i] * x[i];
    const float scale = 1 / std::sqrt(sum / float(width) + epsilon);
#pragma omp simd
    for (int64_t i = 0; i < width; ++i)
        y[i] = x[i] * scale * (widened(weight[i]) + offset);
}

RANKWRIGHT_VECTOR_CLONES
void normOf(const float* x, const float* weight, int64_t width, float epsilon, float offset, float* y)
{
    normRow(x, weight, width, epsilon, offset, y);
}

RANKWRIGHT_VECTOR_CLONES
void normOf(const float* x, const uint16_t* weight, int64_t width, float epsilon, float offset, float* y)
{
    normRow(x, weight, width, epsilon, offset, y);
}

RANKWRIGHT_VECTOR_CLONES
void siluTimes(float* gate, const float* up, int64_t count)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        gate[i] = gate[i] * ops::sigmoid(gate[i]) * up[i];
}

RANKWRIGHT_VECTOR_CLONES
void addTo(float* h, const float* y, int64_t count)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        h[i] += y[i];
}

// Pairs (i, i + half) of each head, in place.
RANKWRIGHT_VECTOR_CLONES
void turn(float* x, const float* cos, const float* sin, int64_t heads, int64_t half)
{
    for (int64_t head = 0; head < heads; ++head, x += 2 * half) {
#pragma omp simd
        for (int64_t i = 0; i < half; ++i) {
            const float first = x[i], second = x[i + half];
            x[i] = first * cos[i] - second * sin[i];
            x[i + half] = second * cos[i] + first * sin[i];
        }
    }
}

RANKWRIGHT_VECTOR_CLONES
void round(const float* from, uint16_t* to, int64_t count)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        ops::store(to[i], from[i]);
}

// Writes the last token of a cache's tensor.
void put(const float* from, at::Tensor& cache, int64_t place)
{
    const auto width = cache.size(1) * cache.size(2);
    if (cache.scalar_type() == at::kBFloat16)
        round(from, stored(cache.mutable_data_ptr<at::BFloat16>()) + place * width, width);
    else
        std::copy_n(from, width, cache.mutable_data_ptr<float>() + place * width);
}

class Step
{
public:
    Step(const Parameters& parameters, const at::Tensor& h, const Pass& pass)
        : m_parameters(parameters), m_config(parameters.config), m_pass(pass), m_rows(h.size(0)), m_hidden(h.size(1)),
          m_h(h), m_values(h.mutable_data_ptr<float>())
    {
    }

    void layer(size_t index, const DecoderLayer& layer, const Angles& angles)
    {
        auto& x = m_x;
        norm(m_values, layer.inputNorm, m_rows, m_hidden, x);
        attend(index, layer, angles);
        if (m_config.sandwichNorms)
            norm(m_y.data(), layer.postAttentionNorm, m_rows, m_hidden, m_y);
        addTo(m_values, m_y.data(), m_rows * m_hidden);
        norm(m_values, m_config.sandwichNorms ? layer.preFeedforwardNorm : layer.postAttentionNorm, m_rows, m_hidden, x);
        feedForward(layer);
        if (m_config.sandwichNorms)
            norm(m_y.data(), layer.postFeedforwardNorm, m_rows, m_hidden, m_y);
        addTo(m_values, m_y.data(), m_rows * m_hidden);
    }

private:
    using Buffer = std::vector<float>;

    void norm(const float* from, size_t weight, int64_t rows, int64_t width, Buffer& to)
    {
        to.resize(size_t(rows * width));
        const auto& factors = m_parameters.tensor(weight);
        const auto epsilon = float(m_config.normEpsilon), offset = m_config.normAddsOne ? 1.0F : 0.0F;
        for (int64_t row = 0; row < rows; ++row) {
            const float* x = from + row * width;
            float* y = to.data() + row * width;
            if (factors.scalar_type() == at::kBFloat16)
                normOf(x, stored(factors.const_data_ptr<at::BFloat16>()), width, epsilon, offset, y);
            else
                normOf(x, factors.const_data_ptr<float>(), width, epsilon, offset, y);
        }
    }

    template <size_t N>
    void project(const float* x, const std::array<size_t, N>& slots, const std::array<Buffer*, N>& outputs)
    {
        std::array<const LinearSlot*, N> pointers;
        std::array<float*, N> to;
        std::array<const float*, N> gains;
        for (size_t i = 0; i < N; ++i) {
            pointers[i] = &m_parameters.slots[slots[i]];
            outputs[i]->resize(size_t(m_rows * pointers[i]->out()));
            to[i] = outputs[i]->data();
            gains[i] = gainsOf(slots[i]);
        }
        ops::linearRows(x, m_rows, pointers, to, gains);
    }

    // All rows have the same adapters: the first cache keeps them for all.
    const float* gainsOf(size_t slot)
    {
        const auto& delta = m_parameters.slots[slot].delta;
        if (!delta || !delta->magnitude.defined())
            return nullptr;
        auto& gains = m_pass.caches.front()->gains;
        gains.resize(m_parameters.slots.size());
        if (!gains[slot].defined())
            gains[slot] = ops::rowGains(m_parameters.slots[slot]);
        return gains[slot].const_data_ptr<float>();
    }

    void attend(size_t index, const DecoderLayer& layer, const Angles& angles)
    {
        const auto heads = m_config.heads, kvHeads = m_config.kvHeads, size = m_config.headDim;
        project<3>(m_x.data(), {layer.q, layer.k, layer.v}, {&m_q, &m_k, &m_v});
        if (layer.queryNorm != kNone)
            norm(m_q.data(), layer.queryNorm, m_rows * heads, size, m_q);
        if (layer.keyNorm != kNone)
            norm(m_k.data(), layer.keyNorm, m_rows * kvHeads, size, m_k);
        m_mixed.resize(size_t(m_rows * heads * size));
        const ops::AttentionRule rule{.window = layer.window, .scale = m_config.attentionScale, .softcap = m_config.attentionSoftcap};
        for (int64_t row = 0; row < m_rows; ++row) {
            const float* cos = angles.cos.const_data_ptr<float>() + row * size / 2;
            const float* sin = angles.sin.const_data_ptr<float>() + row * size / 2;
            float *q = m_q.data() + row * heads * size, *k = m_k.data() + row * kvHeads * size;
            turn(q, cos, sin, heads, size / 2);
            turn(k, cos, sin, kvHeads, size / 2);
            auto& cache = m_pass.caches[size_t(row)]->extend(index, 1, kvHeads, size, m_parameters.type);
            put(k, cache.keys, cache.length - 1);
            put(m_v.data() + row * kvHeads * size, cache.values, cache.length - 1);
            ops::attendLast(q, heads, cache, rule, m_mixed.data() + row * heads * size);
        }
        project<1>(m_mixed.data(), {layer.o}, {&m_y});
    }

    void feedForward(const DecoderLayer& layer)
    {
        if (layer.experts) {
            const auto x = at::from_blob(m_x.data(), {m_rows, m_hidden}, at::kFloat).to(m_parameters.type);
            const auto y = layer.experts->forward(m_parameters, x, m_pass).to(at::kFloat).contiguous();
            std::copy_n(y.const_data_ptr<float>(), y.numel(), m_y.data());
            return;
        }
        project<2>(m_x.data(), {layer.mlp.gate, layer.mlp.up}, {&m_gate, &m_up});
        if (m_config.activation == "silu") {
            siluTimes(m_gate.data(), m_up.data(), int64_t(m_gate.size()));
        } else {
            auto gate = at::from_blob(m_gate.data(), {int64_t(m_gate.size())}, at::kFloat);
            at::gelu_(gate, m_config.activation == "gelu_tanh" ? "tanh" : "none");
            gate.mul_(at::from_blob(m_up.data(), {int64_t(m_up.size())}, at::kFloat));
        }
        project<1>(m_gate.data(), {layer.mlp.down}, {&m_y});
    }

    const Parameters& m_parameters;
    const ModelConfig& m_config;
    const Pass& m_pass;
    int64_t m_rows, m_hidden;
    at::Tensor m_h;
    float* m_values;
    Buffer m_x, m_y, m_q, m_k, m_v, m_mixed, m_gate, m_up;
};

bool isVector(const at::Tensor& t)
{
    return t.is_cpu() && t.is_contiguous() && (t.scalar_type() == at::kFloat || t.scalar_type() == at::kBFloat16);
}

bool suits(const Parameters& parameters, const DecoderLayer& layer)
{
    for (const auto norm : {layer.inputNorm, layer.postAttentionNorm, layer.preFeedforwardNorm, layer.postFeedforwardNorm,
             layer.queryNorm, layer.keyNorm}) {
        if (norm != kNone && !isVector(parameters.tensor(norm)))
            return false;
    }
    for (const auto slot : {layer.q, layer.k, layer.v, layer.o}) {
        if (!ops::suitsLinearRows(parameters.slots[slot]))
            return false;
    }
    return layer.experts || (ops::suitsLinearRows(parameters.slots[layer.mlp.gate])
               && ops::suitsLinearRows(parameters.slots[layer.mlp.up]) && ops::suitsLinearRows(parameters.slots[layer.mlp.down]));
}

}  // namespace

bool isDecoderStep(const Parameters& parameters, const std::vector<DecoderLayer>& layers, const Batch& batch, const Pass& pass)
{
    const bool single = !pass.caches.empty() && batch.rows() == batch.tokens() && batch.rows() <= ops::kFewRows;
    if (!single || pass.allLayers != nullptr || pass.routing != nullptr || at::GradMode::is_enabled()
        || ops::form() == ops::Form::plain || !parameters.device.is_cpu())
        return false;
    return std::ranges::all_of(layers, [&](const DecoderLayer& layer) { return suits(parameters, layer); });
}

at::Tensor decoderStep(const Parameters& parameters, const std::vector<DecoderLayer>& layers, const at::Tensor& h,
    const Angles& angles, const Angles& localAngles, const Pass& pass)
{
    auto values = h.to(at::kFloat).clone();
    Step step(parameters, values, pass);
    for (size_t i = 0; i < layers.size(); ++i)
        step.layer(i, layers[i], layers[i].local ? localAngles : angles);
    return values;
}

}  // namespace rankwright
