// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/ops/row_attention.h"

#include "training/ops/vector_loops.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

namespace rankwright::ops {

namespace {

// scores[j] = q k_j, keys `stride` values apart.
template <class T>
inline void dots(const float* q, const T* keys, int64_t stride, int64_t count, int64_t size, float* scores)
{
    for (int64_t j = 0; j < count; ++j) {
        const T* key = keys + j * stride;
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < size; ++i)
            sum += q[i] * widened(key[i]);
        scores[j] = sum;
    }
}

template <class T>
inline void mix(const float* shares, const T* values, int64_t stride, int64_t count, int64_t size, float* mixed)
{
    std::fill_n(mixed, size, 0.0F);
    for (int64_t j = 0; j < count; ++j) {
        const T* value = values + j * stride;
        const float share = shares[j];
#pragma omp simd
        for (int64_t i = 0; i < size; ++i)
            mixed[i] += share * widened(value[i]);
    }
}

RANKWRIGHT_VECTOR_CLONES
void dotsOf(const float* q, const float* keys, int64_t stride, int64_t count, int64_t size, float* scores)
{
    dots(q, keys, stride, count, size, scores);
}

RANKWRIGHT_VECTOR_CLONES
void dotsOf(const float* q, const uint16_t* keys, int64_t stride, int64_t count, int64_t size, float* scores)
{
    dots(q, keys, stride, count, size, scores);
}

RANKWRIGHT_VECTOR_CLONES
void mixOf(const float* shares, const float* values, int64_t stride, int64_t count, int64_t size, float* mixed)
{
    mix(shares, values, stride, count, size, mixed);
}

RANKWRIGHT_VECTOR_CLONES
void mixOf(const float* shares, const uint16_t* values, int64_t stride, int64_t count, int64_t size, float* mixed)
{
    mix(shares, values, stride, count, size, mixed);
}

// softmax(scale scores) in place.
RANKWRIGHT_VECTOR_CLONES
void softmax(float* scores, int64_t count, float scale)
{
    float most = scores[0];
#pragma omp simd reduction(max : most)
    for (int64_t j = 0; j < count; ++j)
        most = scores[j] > most ? scores[j] : most;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t j = 0; j < count; ++j) {
        scores[j] = expOf((scores[j] - most) * scale);
        sum += scores[j];
    }
#pragma omp simd
    for (int64_t j = 0; j < count; ++j)
        scores[j] /= sum;
}

template <class T>
void attendHeads(const float* q, int64_t heads, const KeyValueCache::Layer& cache, const AttentionRule& rule, float* mixed)
{
    const auto kvHeads = cache.keys.size(1), size = cache.keys.size(2), stride = kvHeads * size, group = heads / kvHeads;
    const auto count = rule.window > 0 ? std::min(rule.window, cache.length) : cache.length;
    const auto first = (cache.length - count) * stride;
    const auto* keys = stored(cache.keys.const_data_ptr<T>()) + first;
    const auto* values = stored(cache.values.const_data_ptr<T>()) + first;
    const auto scale = float(rule.scale > 0 ? rule.scale : 1 / std::sqrt(double(size)));
    const auto softcap = float(rule.softcap);
    at::parallel_for(0, heads, std::max<int64_t>(1, 65536 / (count * size)), [&](int64_t begin, int64_t end) {
        thread_local std::vector<float> scores;
        scores.resize(size_t(count));
        for (int64_t head = begin; head < end; ++head) {
            const auto offset = head / group * size;
            dotsOf(q + head * size, keys + offset, stride, count, size, scores.data());
            if (softcap > 0) {
                for (auto& score : scores)
                    score = std::tanh(score * scale / softcap) * softcap;
            }
            softmax(scores.data(), count, softcap > 0 ? 1.0F : scale);
            mixOf(scores.data(), values + offset, stride, count, size, mixed + head * size);
        }
    });
}

}  // namespace

void attendLast(const float* q, int64_t heads, const KeyValueCache::Layer& cache, const AttentionRule& rule, float* mixed)
{
    if (cache.keys.scalar_type() == at::kBFloat16)
        attendHeads<at::BFloat16>(q, heads, cache, rule, mixed);
    else
        attendHeads<float>(q, heads, cache, rule, mixed);
}

}  // namespace rankwright::ops
