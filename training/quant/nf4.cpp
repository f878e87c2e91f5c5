// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/quant/nf4.h"

#include "training/quant/dynamic_map.h"
#include "training/quant/nf4_arithmetic.h"
#include "training/quant/nf4_loops.h"
#include "training/quant/nf4_on_device.h"
#include "training/quant/row_intake.h"
#include "training/quant/row_loops.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

namespace rankwright {

namespace {

constexpr int64_t kGrain = 512;   // blocks a thread takes at least: 32768 values

// Scales as they are, or coded: scale = map[code] * absmax[block / 256] + offset, two roundings.
struct Scales
{
    at::Tensor absmax;           // float32, or uint8 where coded
    at::Tensor nested, offset;   // undefined where not coded

    [[nodiscard]] bool coded() const { return nested.defined(); }
    // Of `count` (at most 256) blocks from `first`, in `to` or where they are.
    const float* of(int64_t first, int64_t count, float* to) const
    {
        if (!coded())
            return absmax.const_data_ptr<float>() + first;
        const auto* codes = absmax.const_data_ptr<uint8_t>();
        const auto* outer = nested.const_data_ptr<float>();
        const float shift = *offset.const_data_ptr<float>();
        for (int64_t i = 0; i < count; ++i)
            to[i] = nf4::scaleOf(dynamicMap()[codes[first + i]], outer[(first + i) / kDynamicBlock], shift);
        return to;
    }
};

Scales coded(const at::Tensor& absmax)
{
    const int64_t count = absmax.numel(), outer = (count + kDynamicBlock - 1) / kDynamicBlock;
    Scales scales{at::empty({count}, at::kByte), at::empty({outer}, at::kFloat), absmax.mean().reshape({1})};
    const float offset = scales.offset.item<float>();
    const auto* from = absmax.const_data_ptr<float>();
    auto* codes = scales.absmax.mutable_data_ptr<uint8_t>();
    auto* nested = scales.nested.mutable_data_ptr<float>();
    at::parallel_for(0, outer, 64, [&](int64_t first, int64_t last) {
        std::array<float, kDynamicBlock> centred{};
        for (int64_t block = first; block < last; ++block) {
            const int64_t start = block * kDynamicBlock, size = std::min(kDynamicBlock, count - start);
            std::transform(from + start, from + start + size, centred.begin(), [&](float x) { return x - offset; });
            quantiseDynamic(centred.data(), size, codes + start, nested + block);
        }
    });
    return scales;
}

class Nf4 final : public Quantised
{
public:
    Nf4(int64_t out, int64_t in, at::Tensor codes, Scales scales)
        : Quantised(out, in)
        , m_codes(std::move(codes))
        , m_scales(std::move(scales))
    {
    }

    [[nodiscard]] at::Tensor rows(int64_t first, int64_t last, at::ScalarType type) const override
    {
        const bool half = type == at::kBFloat16;
        auto values = at::empty({last - first, in()}, half ? at::kBFloat16 : at::kFloat);
        if (half)
            fill(first * in(), last * in(), static_cast<uint16_t*>(values.mutable_data_ptr()));
        else
            fill(first * in(), last * in(), values.mutable_data_ptr<float>());
        return values.to(type);
    }

    void timesRows(const float* x, int64_t count, int64_t first, int64_t last, float* y, int64_t stride) const override
    {
        if (in() % kNf4Block != 0)   // blocks straddle rows
            return Quantised::timesRows(x, count, first, last, y, stride);
        thread_local std::vector<float> parted;
        parted.resize(size_t(count * in()));
        for (int64_t t = 0; t < count; ++t)
            partColumns(x + t * in(), in(), parted.data() + t * in());
        for (int64_t row = first; row < last; ++row)
            multiplyRow(parted.data(), count, row, y + row, stride);
    }

    [[nodiscard]] std::vector<std::pair<std::string, at::Tensor>> tensors() const override
    {
        if (!m_scales.coded())
            return {{"codes", m_codes}, {"absmax", m_scales.absmax}};
        return {{"codes", m_codes}, {"absmax", m_scales.absmax}, {"nested_absmax", m_scales.nested},
            {"nested_offset", m_scales.offset}};
    }

    [[nodiscard]] std::shared_ptr<const Quantised> copyTo(at::Device device) const override
    {
        return nf4OnDevice(out(), in(), {m_codes, m_scales.absmax, m_scales.nested, m_scales.offset}, device);
    }

private:
    // y[t * stride] = sum_i x[t, i] w[row, i], x as partColumns() leaves it; whole blocks.
    void multiplyRow(const float* parted, int64_t count, int64_t row, float* y, int64_t stride) const
    {
        const int64_t blocks = in() / kNf4Block, half = in() / 2;
        const auto* codes = m_codes.const_data_ptr<uint8_t>() + row * half;
        std::array<float, kDynamicBlock> room;
        for (int64_t block = 0; block < blocks; block += kDynamicBlock) {
            const auto run = std::min(kDynamicBlock, blocks - block), column = block * kNf4Block / 2;
            const auto* scales = m_scales.of(row * blocks + block, run, room.data());
            for (int64_t t = 0; t < count; ++t) {
                const float* even = parted + t * in() + column;
                const float sum = timesNf4(codes + column, scales, run, even, even + half);
                y[t * stride] = block == 0 ? sum : y[t * stride] + sum;
            }
        }
    }

    // Values [begin, end) of the whole matrix.
    template <class T>
    void fill(int64_t begin, int64_t end, T* values) const
    {
        const auto* codes = m_codes.const_data_ptr<uint8_t>();
        at::parallel_for(begin / kNf4Block, (end + kNf4Block - 1) / kNf4Block, kGrain, [&](int64_t block, int64_t last) {
            std::array<float, kDynamicBlock> room;
            while (block < last) {
                const int64_t start = block * kNf4Block;
                if (start < begin || start + kNf4Block > end) {
                    fillCut(block++, begin, end, values);
                    continue;
                }
                const int64_t run = std::min({last - block, end / kNf4Block - block, kDynamicBlock});
                decodeNf4(codes + start / 2, m_scales.of(block, run, room.data()), run, values + start - begin);
                block += run;
            }
        });
    }

    // A block of which only a part is wanted, or which is short.
    template <class T>
    void fillCut(int64_t block, int64_t begin, int64_t end, T* values) const
    {
        const int64_t start = block * kNf4Block;
        std::array<uint8_t, kNf4Block / 2> codes{};
        const auto* from = m_codes.const_data_ptr<uint8_t>() + start / 2;
        std::copy_n(from, std::min(int64_t(codes.size()), m_codes.numel() - start / 2), codes.begin());
        float scale = 0;
        std::array<T, kNf4Block> whole;
        decodeNf4(codes.data(), m_scales.of(block, 1, &scale), 1, whole.data());
        const int64_t first = std::max(begin, start), last = std::min(end, start + kNf4Block);
        std::copy(whole.begin() + (first - start), whole.begin() + (last - start), values + first - begin);
    }

    at::Tensor m_codes;
    Scales m_scales;
};

class Nf4Quantiser final : public Quantiser
{
public:
    Nf4Quantiser(int64_t out, int64_t in, bool doubleQuantised)
        : m_intake(out, in)
        , m_doubleQuantised(doubleQuantised)
        , m_codes(at::empty({(m_intake.count() + 1) / 2, 1}, at::kByte))
        , m_absmax(at::empty({(m_intake.count() + kNf4Block - 1) / kNf4Block}, at::kFloat))
    {
    }

    void add(const at::Tensor& rows) override
    {
        const auto accepted = m_intake.accept(rows);
        const auto* values = accepted.const_data_ptr<float>();
        const auto* end = values + accepted.numel();
        if (m_open > 0) {
            const auto taken = std::min(kNf4Block - m_open, end - values);
            values = keep(values, taken);
            if (m_open == kNf4Block) {
                encode(m_pending.data(), 1);
                m_open = 0;
            }
        }
        const int64_t blocks = (end - values) / kNf4Block;
        encode(values, blocks);
        values += blocks * kNf4Block;
        keep(values, end - values);
    }

    std::shared_ptr<const Quantised> finish() override
    {
        m_intake.checkComplete();
        if (m_open > 0)
            encodeNf4Tail(m_pending.data(), m_open, codesOf(m_blocks), scaleOf(m_blocks));
        checkFinite(m_absmax, kNf4Block, m_intake.in());
        auto scales = m_doubleQuantised ? coded(m_absmax) : Scales{m_absmax, {}, {}};
        m_absmax.reset();
        return std::make_shared<Nf4>(m_intake.out(), m_intake.in(), std::move(m_codes), std::move(scales));
    }

private:
    uint8_t* codesOf(int64_t block) { return m_codes.mutable_data_ptr<uint8_t>() + block * kNf4Block / 2; }
    float* scaleOf(int64_t block) { return m_absmax.mutable_data_ptr<float>() + block; }

    const float* keep(const float* values, int64_t count)
    {
        std::copy_n(values, count, m_pending.begin() + m_open);
        m_open += count;
        return values + count;
    }

    void encode(const float* values, int64_t blocks)
    {
        uint8_t* codes = codesOf(m_blocks);
        float* scales = scaleOf(m_blocks);
        at::parallel_for(0, blocks, kGrain, [&](int64_t first, int64_t last) {
            encodeNf4(values + first * kNf4Block, last - first, codes + first * kNf4Block / 2, scales + first);
        });
        m_blocks += blocks;
    }

    RowIntake m_intake;
    bool m_doubleQuantised;
    at::Tensor m_codes, m_absmax;
    int64_t m_blocks = 0;                      // coded so far
    std::array<float, kNf4Block> m_pending{};  // the values of a block that has begun
    int64_t m_open = 0;
};

}  // namespace

std::unique_ptr<Quantiser> nf4Quantiser(int64_t out, int64_t in, bool doubleQuantised)
{
    return std::make_unique<Nf4Quantiser>(out, in, doubleQuantised);
}

}  // namespace rankwright
