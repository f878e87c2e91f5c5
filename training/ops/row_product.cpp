// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/ops/row_product.h"

#include "training/ops/vector_loops.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace rankwright::ops {

namespace {

constexpr int64_t kGrain = 32768;      // multiply-adds that are worth a thread
constexpr int64_t kAhead = 2048;       // bfloat16 values that are fetched ahead: 4 KB

RANKWRIGHT_VECTOR_CLONES
void rowsTimesFloat(const float* w, int64_t in, int64_t rows, const float* x, float* y)
{
    for (int64_t o = 0; o < rows; ++o, w += in) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < in; ++i)
            sum += x[i] * w[i];
        y[o] = sum;
    }
}

// Two bfloat16s are one word of memory, its lower and its upper half: `even` and `odd` are the columns that meet them.
RANKWRIGHT_VECTOR_CLONES
void rowsTimesPairs(const uint16_t* w, int64_t in, int64_t rows, const float* even, const float* odd, float* y)
{
    for (int64_t o = 0; o < rows; ++o, w += in) {
        for (int64_t i = 0; i < in; i += 32)
            __builtin_prefetch(w + i + kAhead);
        float lower = 0, upper = 0;
#pragma omp simd reduction(+ : lower, upper)
        for (int64_t i = 0; i < in / 2; ++i) {
            uint32_t word;
            std::memcpy(&word, w + 2 * i, sizeof word);
            lower += even[i] * std::bit_cast<float>(word << 16);
            upper += odd[i] * std::bit_cast<float>(word & 0xFFFF0000U);
        }
        y[o] = lower + upper;
    }
}

// Four rows of x at once: 24 ms where one takes 9.6 (without fetching ahead 55: the sums are too long for the processor to look ahead).
RANKWRIGHT_VECTOR_CLONES
void rowsTimesFourPairs(const uint16_t* w, int64_t in, int64_t rows, const float* parted, float* y, int64_t stride)
{
    const int64_t half = in / 2;
    const float *x0 = parted, *x1 = x0 + in, *x2 = x1 + in, *x3 = x2 + in;
    for (int64_t o = 0; o < rows; ++o, w += in) {
        for (int64_t i = 0; i < in; i += 32)
            __builtin_prefetch(w + i + kAhead);
        float a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
#pragma omp simd reduction(+ : a, b, c, d, e, f, g, h)
        for (int64_t i = 0; i < half; ++i) {
            uint32_t word;
            std::memcpy(&word, w + 2 * i, sizeof word);
            const float lower = std::bit_cast<float>(word << 16), upper = std::bit_cast<float>(word & 0xFFFF0000U);
            a += x0[i] * lower;
            b += x0[i + half] * upper;
            c += x1[i] * lower;
            d += x1[i + half] * upper;
            e += x2[i] * lower;
            f += x2[i + half] * upper;
            g += x3[i] * lower;
            h += x3[i + half] * upper;
        }
        y[o] = a + b;
        y[stride + o] = c + d;
        y[2 * stride + o] = e + f;
        y[3 * stride + o] = g + h;
    }
}

// Rows of an odd length do not begin on a word.
RANKWRIGHT_VECTOR_CLONES
void rowsTimesBfloat16(const uint16_t* w, int64_t in, int64_t rows, const float* x, float* y)
{
    for (int64_t o = 0; o < rows; ++o, w += in) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < in; ++i)
            sum += x[i] * widened(w[i]);
        y[o] = sum;
    }
}

// Each row of x with its even columns first, then the odd ones.
RANKWRIGHT_VECTOR_CLONES
void part(const float* x, int64_t rows, int64_t in, float* parted)
{
    const int64_t half = in / 2;
    for (int64_t t = 0; t < rows; ++t) {
#pragma omp simd
        for (int64_t i = 0; i < half; ++i) {
            parted[t * in + i] = x[t * in + 2 * i];
            parted[t * in + half + i] = x[t * in + 2 * i + 1];
        }
    }
}

void timesBfloat16(const uint16_t* w, int64_t in, int64_t rows, const float* x, int64_t count, float* y, int64_t stride)
{
    if (in % 2 != 0 || std::endian::native != std::endian::little) {
        for (int64_t t = 0; t < count; ++t)
            rowsTimesBfloat16(w, in, rows, x + t * in, y + t * stride);
        return;
    }
    thread_local std::vector<float> parted;
    parted.resize(size_t(count * in));
    part(x, count, in, parted.data());
    int64_t t = 0;
    for (; t + 4 <= count; t += 4)
        rowsTimesFourPairs(w, in, rows, parted.data() + t * in, y + t * stride, stride);
    for (; t < count; ++t) {
        const float* even = parted.data() + t * in;
        rowsTimesPairs(w, in, rows, even, even + in / 2, y + t * stride);
    }
}

// Several rows of x read a piece of the weight while it is in the first cache.
int64_t rowsAtOnce(int64_t in, int64_t count)
{
    return count == 1 ? INT64_MAX : std::max<int64_t>(1, 8192 / in);
}

// An adapter's pair: scaling B core A.
struct Side
{
    const at::Tensor* A;
    const at::Tensor* B;
    const at::Tensor* core;
    double scaling;
    int64_t at;            // of its low products in the buffer
};

bool isPair(const at::Tensor& A, const at::Tensor& B)
{
    return isRowWeight(A) && isRowWeight(B);
}

struct Sides
{
    std::array<Side, 3> all{};
    size_t count = 0;
    void add(const at::Tensor& A, const at::Tensor& B, const at::Tensor* core, double scaling, int64_t& room)
    {
        all[count++] = {&A, &B, core != nullptr && core->defined() ? core : nullptr, scaling, room};
        room += A.size(0);
    }
    [[nodiscard]] std::span<const Side> span() const { return {all.data(), count}; }
};

Sides sidesOf(const LinearSlot& slot, int64_t& room)
{
    Sides sides;
    if (!slot.delta || !slot.delta->A.defined())
        return sides;
    const auto& delta = *slot.delta;
    const bool drifts = delta.driftA.defined();
    sides.add(delta.A, delta.B, &delta.core, delta.scaling, room);
    if (drifts)   // the base moved by gain scaling (B A - driftB driftA)
        sides.add(delta.driftA, delta.driftB, nullptr, -delta.driftGain * delta.scaling, room);
    if (delta.edit)
        sides.add(delta.edit->A0, delta.edit->B0, nullptr, -delta.edit->scaling, room);
    if (drifts)
        sides.all[0].scaling *= 1 + delta.driftGain;
    return sides;
}

RowWeight baseOf(const LinearSlot& slot)
{
    if (slot.delta && slot.delta->weight.defined())
        return rowWeight(slot.delta->weight);
    if (const auto* quantised = slot.base.quantised())
        return rowWeight(*quantised);
    return rowWeight(slot.base.held());
}

// low (count, rank) = scaling core A x.
void lowProducts(const Side& side, const float* x, int64_t count, float* low)
{
    const auto rank = side.A->size(0);
    const auto A = rowWeight(*side.A);
    at::parallel_for(0, rank, std::max<int64_t>(1, 2 * kGrain / A.in),
        [&](int64_t first, int64_t last) { timesRows(A, x, count, first, last, low, rank); });
    if (side.core != nullptr && side.core->dim() == 2) {
        std::vector<float> before(low, low + count * rank);
        timesRows(rowWeight(*side.core), before.data(), count, 0, rank, low, rank);
    }
    for (int64_t t = 0; t < count; ++t) {
        for (int64_t r = 0; r < rank; ++r) {
            const double gain = side.core != nullptr && side.core->dim() == 1 ? side.core->const_data_ptr<float>()[r] : 1;
            low[t * rank + r] *= float(side.scaling * gain);
        }
    }
}

// One slot's rows first .. last: the base, what the adapters add, the gain, the bias.
struct Projection
{
    const LinearSlot& slot;
    RowWeight base;
    Sides sides;
    const float* gain;
    float* output;

    void compute(const float* x, const float* low, int64_t count, int64_t first, int64_t last) const
    {
        const auto out = slot.out();
        timesRows(base, x, count, first, last, output, out);
        thread_local std::vector<float> added;
        for (const auto& side : sides.span()) {
            added.resize(size_t(count * out));
            timesRows(rowWeight(*side.B), low + count * side.at, count, first, last, added.data(), out);
            for (int64_t t = 0; t < count; ++t) {
                for (int64_t o = first; o < last; ++o)
                    output[t * out + o] += added[size_t(t * out + o)];
            }
        }
        if (gain == nullptr && !slot.bias.defined())
            return;
        const auto bias = slot.bias.defined() ? slot.bias.to(at::kFloat).contiguous() : at::Tensor();
        for (int64_t t = 0; t < count; ++t) {
            for (int64_t o = first; o < last; ++o) {
                float& y = output[t * out + o];
                y = (gain != nullptr ? gain[o] * y : y) + (bias.defined() ? bias.const_data_ptr<float>()[o] : 0.0F);
            }
        }
    }
};

}  // namespace

bool isRowWeight(const at::Tensor& matrix)
{
    return matrix.defined() && matrix.dim() == 2 && matrix.is_cpu() && matrix.is_contiguous()
        && (matrix.scalar_type() == at::kFloat || matrix.scalar_type() == at::kBFloat16);
}

RowWeight rowWeight(const at::Tensor& matrix)
{
    return {.values = matrix.const_data_ptr(), .type = matrix.scalar_type(), .out = matrix.size(0), .in = matrix.size(1)};
}

RowWeight rowWeight(const Quantised& matrix)
{
    return {.quantised = &matrix, .out = matrix.out(), .in = matrix.in()};
}

void timesRows(const RowWeight& weight, const float* x, int64_t count, int64_t first, int64_t last, float* y, int64_t stride)
{
    if (weight.quantised != nullptr)
        return weight.quantised->timesRows(x, count, first, last, y, stride);
    const auto in = weight.in, step = rowsAtOnce(in, count);
    for (int64_t row = first; row < last;) {
        const auto rows = std::min(step, last - row);
        if (weight.type == at::kBFloat16) {
            timesBfloat16(static_cast<const uint16_t*>(weight.values) + row * in, in, rows, x, count, y + row, stride);
        } else {
            for (int64_t t = 0; t < count; ++t)
                rowsTimesFloat(static_cast<const float*>(weight.values) + row * in, in, rows, x + t * in, y + t * stride + row);
        }
        row += rows;
    }
}

at::Tensor timesFewRows(const at::Tensor& x, const RowWeight& W)
{
    const auto wide = x.to(at::kFloat).contiguous();
    const auto count = x.size(0), in = W.in, out = W.out;
    auto y = at::empty({count, out}, at::kFloat);
    const auto* from = wide.const_data_ptr<float>();
    auto* to = y.mutable_data_ptr<float>();
    at::parallel_for(0, out, std::max<int64_t>(1, kGrain / in),
        [&](int64_t first, int64_t last) { timesRows(W, from, count, first, last, to, out); });
    return y;
}

bool suitsLinearRows(const LinearSlot& slot)
{
    if (!slot.arms.empty() || (slot.bias.defined() && !slot.bias.is_cpu()) || !slot.base.device().is_cpu())
        return false;
    const bool trained = slot.delta && slot.delta->weight.defined();
    if (trained ? !isRowWeight(slot.delta->weight) : !slot.base.isQuantised() && !isRowWeight(slot.base.held()))
        return false;
    if (!slot.delta || !slot.delta->A.defined())
        return true;
    const auto& delta = *slot.delta;
    return isPair(delta.A, delta.B) && (!delta.driftA.defined() || isPair(delta.driftA, delta.driftB))
        && (!delta.edit || isPair(delta.edit->A0, delta.edit->B0)) && (!delta.core.defined() || delta.core.is_contiguous());
}

void linearRows(const float* x, int64_t count, std::span<const LinearSlot* const> slots, std::span<float* const> outputs,
    std::span<const float* const> gains)
{
    std::vector<Projection> projections;
    projections.reserve(slots.size());
    int64_t room = 0, total = 0;
    for (size_t i = 0; i < slots.size(); ++i) {
        projections.push_back({*slots[i], baseOf(*slots[i]), sidesOf(*slots[i], room), gains[i], outputs[i]});
        total += slots[i]->out();
    }
    std::vector<float> low(size_t(count * room));
    for (const auto& projection : projections) {
        for (const auto& side : projection.sides.span())
            lowProducts(side, x, count, low.data() + count * side.at);
    }
    const auto in = slots.front()->in();
    at::parallel_for(0, total, std::max<int64_t>(1, kGrain / (in * count)), [&](int64_t begin, int64_t end) {
        int64_t before = 0;   // rows of the slots so far
        for (const auto& projection : projections) {
            const auto out = projection.slot.out();
            const auto first = std::max<int64_t>(begin - before, 0), last = std::min(end - before, out);
            if (first < last)
                projection.compute(x, low.data(), count, first, last);
            before += out;
        }
    });
}

at::Tensor rowGains(const LinearSlot& slot)
{
    return (slot.delta->magnitude.detach() / rowNorms(slot)).to(at::kFloat).contiguous();
}

}  // namespace rankwright::ops
