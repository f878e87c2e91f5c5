// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/ops/dropout.h"

#include "training/ops/vector_loops.h"
#include "training/train/random.h"

#include <ATen/ATen.h>
#include <ATen/Dispatch_v2.h>
#include <ATen/Parallel.h>

#include <cmath>

namespace rankwright::ops {

namespace {

constexpr int64_t kGrain = 8;   // tokens a thread takes at least

// Random::uniform() of an element lies below p where its upper 53 bits lie below p 2^53.
template <class T>
RANKWRIGHT_VECTOR_CLONES void dropElements(T* values, int64_t first, int64_t count, uint64_t key, uint64_t below)
{
#pragma omp simd
    for (int64_t i = 0; i < count; ++i)
        values[i] = (Random::bitsOf(key, uint64_t(first + i)) >> 11) < below ? T(0) : values[i];
}

}  // namespace

DropoutDraw::DropoutDraw(const DropoutSource& source)
    : seed(source.seed), step(source.step), bounds(*source.bounds), sampleIndex(*source.sampleIndex)
{
}

DropoutDraw::DropoutDraw(const ArmTokens& arm) : seed(arm.seed), step(arm.step), bounds(arm.bounds), sampleIndex(arm.sampleIndex) {}

void dropValues(at::Tensor& values, const LinearSlot& slot, const DropoutDraw& draw)
{
    const auto width = values.size(1);
    const auto below = uint64_t(std::ceil(std::ldexp(slot.delta->dropout, 53)));
    const auto stream = Random(draw.seed, "dropout", slot.name).at(uint64_t(draw.step));
    AT_DISPATCH_FLOATING_TYPES_AND(at::kBFloat16, values.scalar_type(), "dropout", [&] {
        auto* all = stored(values.data_ptr<scalar_t>());
        for (size_t row = 0; row + 1 < draw.bounds.size(); ++row) {
            const auto first = draw.bounds[row], last = draw.bounds[row + 1];
            const auto key = stream.at(uint64_t(draw.sampleIndex[row])).key();
            at::parallel_for(first, last, kGrain, [&](int64_t begin, int64_t end) {
                dropElements(all + begin * width, (begin - first) * width, (end - begin) * width, key, below);
            });
        }
    });
}

double keptFactor(const LinearSlot& slot)
{
    return 1 / (1 - slot.delta->dropout);
}

}  // namespace rankwright::ops
