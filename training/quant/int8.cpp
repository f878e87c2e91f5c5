// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/quant/int8.h"

#include "training/quant/row_intake.h"
#include "training/quant/row_loops.h"
#include "training/quant/widest.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace rankwright {

namespace {

constexpr float kOneOf127 = 7.874015718698502e-3f;
constexpr int64_t kGrain = 32768;   // values a thread takes at least

RANKWRIGHT_INLINE void encodeRow(const float* values, int64_t count, int8_t* codes, float* absmax)
{
    int32_t most = 0;   // the bits of numbers without sign are in their order
    for (int64_t i = 0; i < count; ++i)
        most = std::max(most, std::bit_cast<int32_t>(values[i]) & 0x7fffffff);
    *absmax = std::bit_cast<float>(most);
    const float gain = most == 0 ? 0.0f : 1.0f / *absmax * 127.0f;   // Python's 127.0 / tensor is a reciprocal and a product
    // The smallest subnormal rows have an infinite gain; codes beyond the range are cut off.
    for (int64_t i = 0; i < count; ++i) {
        const float code = std::rint(values[i] * gain);
        codes[i] = int8_t(int32_t(code < 127.0f ? (code > -127.0f ? code : -127.0f) : 127.0f));
    }
}

RANKWRIGHT_INLINE void decodeRow(const int8_t* codes, int64_t count, float absmax, float* values)
{
    for (int64_t i = 0; i < count; ++i)
        values[i] = float(codes[i]) * absmax * kOneOf127;
}

// The same, rounded to the nearest bfloat16 (ties to even; the values are finite).
RANKWRIGHT_INLINE void decodeRowHalf(const int8_t* codes, int64_t count, float absmax, uint16_t* bfloat16s)
{
    for (int64_t i = 0; i < count; ++i) {
        const auto bits = std::bit_cast<uint32_t>(float(codes[i]) * absmax * kOneOf127);
        bfloat16s[i] = uint16_t((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
    }
}

class Int8 final : public Quantised
{
public:
    Int8(int64_t out, int64_t in, at::Tensor codes, at::Tensor absmax)
        : Quantised(out, in)
        , m_codes(std::move(codes))
        , m_absmax(std::move(absmax))
    {
    }

    [[nodiscard]] at::Tensor rows(int64_t first, int64_t last, at::ScalarType type) const override
    {
        const bool half = type == at::kBFloat16;   // without a float32 copy of all
        auto values = at::empty({last - first, in()}, half ? at::kBFloat16 : at::kFloat);
        const auto* codes = m_codes.const_data_ptr<int8_t>() + first * in();
        const auto* absmax = m_absmax.const_data_ptr<float>() + first;
        at::parallel_for(0, last - first, std::max<int64_t>(1, kGrain / in()), [&](int64_t row, int64_t end) {
            for (; row < end; ++row) {
                if (half)
                    runWidest<decodeRowHalf>(codes + row * in(), in(), absmax[row], static_cast<uint16_t*>(values.data_ptr()) + row * in());
                else
                    runWidest<decodeRow>(codes + row * in(), in(), absmax[row], values.data_ptr<float>() + row * in());
            }
        });
        return values.to(type);
    }

    void timesRows(const float* x, int64_t count, int64_t first, int64_t last, float* y, int64_t stride) const override
    {
        const auto* codes = m_codes.const_data_ptr<int8_t>();
        const auto* absmax = m_absmax.const_data_ptr<float>();
        for (int64_t row = first; row < last; ++row) {
            for (int64_t t = 0; t < count; ++t)
                y[t * stride + row] = timesInt8(codes + row * in(), in(), x + t * in()) * (absmax[row] * kOneOf127);
        }
    }

    [[nodiscard]] std::vector<std::pair<std::string, at::Tensor>> tensors() const override
    {
        return {{"codes", m_codes}, {"absmax", m_absmax}};
    }

private:
    at::Tensor m_codes, m_absmax;
};

class Int8Quantiser final : public Quantiser
{
public:
    Int8Quantiser(int64_t out, int64_t in)
        : m_intake(out, in)
        , m_codes(at::empty({out, in}, at::kChar))
        , m_absmax(at::empty({out}, at::kFloat))
    {
    }

    void add(const at::Tensor& rows) override
    {
        const int64_t before = m_intake.rowsSeen(), in = m_intake.in();
        const auto accepted = m_intake.accept(rows);
        const auto* values = accepted.const_data_ptr<float>();
        auto* codes = m_codes.mutable_data_ptr<int8_t>() + before * in;
        auto* absmax = m_absmax.mutable_data_ptr<float>() + before;
        at::parallel_for(0, accepted.size(0), std::max<int64_t>(1, kGrain / in), [&](int64_t row, int64_t end) {
            for (; row < end; ++row)
                runWidest<encodeRow>(values + row * in, in, codes + row * in, absmax + row);
        });
    }

    std::shared_ptr<const Quantised> finish() override
    {
        m_intake.checkComplete();
        checkFinite(m_absmax, m_intake.in(), m_intake.in());
        return std::make_shared<Int8>(m_intake.out(), m_intake.in(), std::move(m_codes), std::move(m_absmax));
    }

private:
    RowIntake m_intake;
    at::Tensor m_codes, m_absmax;
};

}  // namespace

std::unique_ptr<Quantiser> int8Quantiser(int64_t out, int64_t in)
{
    return std::make_unique<Int8Quantiser>(out, in);
}

}  // namespace rankwright
