// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/quant/nfb.h"

#include "training/quant/nfb_loops.h"
#include "training/quant/row_intake.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <array>

namespace rankwright {

namespace {

constexpr int64_t kGrain = 32768;   // values a thread takes at least

// The scales of all blocks in few bits.
struct CodedScales
{
    NfbConfig config;
    at::Tensor codes, absmax, offset;

    // As `absmax` holds it, in float32.
    [[nodiscard]] float outer(int64_t group) const
    {
        switch (config.scaleType) {
        case at::kBFloat16: return float(absmax.const_data_ptr<at::BFloat16>()[group]);
        case at::kHalf: return float(absmax.const_data_ptr<at::Half>()[group]);
        default: return absmax.const_data_ptr<float>()[group];
        }
    }
    [[nodiscard]] float of(int64_t block) const
    {
        const auto* bytes = codes.const_data_ptr<uint8_t>();
        const int code = withPacking(config.scaleBits, [&](auto packing) { return int(packing.at(bytes, block)); });
        const double top = (1 << config.scaleBits) - 1;
        return float(double(code) * double(outer(block / config.scaleBlock)) / top + double(*offset.const_data_ptr<float>()));
    }
};

// The greatest of each `per` values less the offset, in the second level's type.
at::Tensor groupMaxima(const at::Tensor& scales, float offset, int64_t per, at::ScalarType type)
{
    const int64_t count = scales.numel(), groups = (count + per - 1) / per;
    auto maxima = at::zeros({groups}, at::kFloat);
    const auto* from = scales.const_data_ptr<float>();
    auto* to = maxima.mutable_data_ptr<float>();
    for (int64_t i = 0; i < count; ++i)
        to[i / per] = std::max(to[i / per], from[i] - offset);
    if (type == at::kHalf)
        maxima.clamp_max_(65504.0);   // float16's largest: a larger scale is cut off rather than infinite
    return maxima.to(type);
}

CodedScales codeScales(const at::Tensor& scales, const NfbConfig& config)
{
    const int64_t count = scales.numel();
    const auto* from = scales.const_data_ptr<float>();
    const float offset = *std::min_element(from, from + count);
    CodedScales coded{config, {}, groupMaxima(scales, offset, config.scaleBlock, config.scaleType),
        at::full({1}, offset, at::kFloat)};
    const double top = (1 << config.scaleBits) - 1;
    withPacking(config.scaleBits, [&](auto packing) {
        using Packing = decltype(packing);
        coded.codes = at::empty({Packing::bytes(count)}, at::kByte);
        auto* bytes = coded.codes.template mutable_data_ptr<uint8_t>();
        for (int64_t start = 0; start < count; start += Packing::kCodes, bytes += Packing::kBytes) {
            std::array<uint8_t, Packing::kCodes> group{};
            for (int64_t i = start; i < std::min(count, start + Packing::kCodes); ++i) {
                const double outer = coded.outer(i / config.scaleBlock);
                const double code = outer > 0 ? std::rint((double(from[i]) - double(offset)) * (top / outer)) : 0.0;
                group[size_t(i - start)] = uint8_t(std::min(code, top));
            }
            Packing::pack(group.data(), bytes);
        }
    });
    return coded;
}

class Nfb final : public Quantised
{
public:
    Nfb(int64_t out, int64_t in, at::Tensor codes, CodedScales scales)
        : Quantised(out, in)
        , m_codes(std::move(codes))
        , m_scales(std::move(scales))
    {
    }

    [[nodiscard]] at::Tensor rows(int64_t first, int64_t last, at::ScalarType type) const override
    {
        auto values = at::empty({last - first, in()}, at::kFloat);
        withPacking(m_scales.config.bits, [&](auto packing) {
            fill<decltype(packing)>(first * in(), last * in(), values.template mutable_data_ptr<float>());
        });
        return values.to(type);
    }

    [[nodiscard]] std::vector<std::pair<std::string, at::Tensor>> tensors() const override
    {
        return {{"codes", m_codes}, {"scales", m_scales.codes}, {"scale_absmax", m_scales.absmax}, {"offset", m_scales.offset}};
    }

private:
    // Values [begin, end) of the whole matrix.
    template <class Packing>
    void fill(int64_t begin, int64_t end, float* values) const
    {
        constexpr int bits = Packing::kBytes * 8 / Packing::kCodes;
        const int64_t size = m_scales.config.block, count = out() * in();
        const float* table = nfbTable<bits>().data();
        const auto* codes = m_codes.const_data_ptr<uint8_t>();
        at::parallel_for(begin / size, (end + size - 1) / size, kGrain / size, [&](int64_t block, int64_t stop) {
            std::array<float, kMostNfbBlock> room{};
            for (; block < stop; ++block) {
                const int64_t start = block * size, last = std::min(start + size, count);
                const auto* from = codes + start * bits / 8;
                const bool whole = start >= begin && last <= end;
                runWidest<decodeNfb<bits>>(from, last - start, m_scales.of(block), table,
                    whole ? values + start - begin : room.data());
                if (!whole)
                    std::copy(room.begin() + (std::max(begin, start) - start), room.begin() + (std::min(end, last) - start),
                        values + std::max(begin, start) - begin);
            }
        });
    }

    at::Tensor m_codes;
    CodedScales m_scales;
};

at::Tensor blockScales(const at::Tensor& weight, int64_t size)
{
    const int64_t count = weight.numel(), blocks = (count + size - 1) / size;
    auto scales = at::empty({blocks}, at::kFloat);
    const auto* from = weight.const_data_ptr<float>();
    auto* to = scales.mutable_data_ptr<float>();
    at::parallel_for(0, blocks, kGrain / size, [&](int64_t block, int64_t stop) {
        for (; block < stop; ++block)
            runWidest<nfbAbsmax>(from + block * size, std::min(size, count - block * size), to + block);
    });
    return scales;
}

template <class Packing>
at::Tensor codesOf(const at::Tensor& weight, const CodedScales& scales)
{
    constexpr int bits = Packing::kBytes * 8 / Packing::kCodes;
    const int64_t count = weight.numel(), size = scales.config.block;
    const NfbThresholds& thresholds = nfbThresholds<bits>();
    at::Tensor codes = at::empty({Packing::bytes(count)}, at::kByte);
    const auto* from = weight.const_data_ptr<float>();
    auto* to = codes.mutable_data_ptr<uint8_t>();
    at::parallel_for(0, (count + size - 1) / size, kGrain / size, [&](int64_t block, int64_t stop) {
        for (; block < stop; ++block) {
            const int64_t start = block * size;
            runWidest<encodeNfb<bits>>(from + start, std::min(size, count - start), scales.of(block),
                &thresholds, to + start * bits / 8);
        }
    });
    return codes;
}

class NfbQuantiser final : public Quantiser
{
public:
    NfbQuantiser(int64_t out, int64_t in, const NfbConfig& config)
        : m_intake(out, in)
        , m_config(config)
    {
    }

    void add(const at::Tensor& rows) override
    {
        const int64_t before = m_intake.rowsSeen();
        const auto accepted = m_intake.accept(rows);
        if (accepted.size(0) == 0)
            return;
        if (accepted.size(0) == m_intake.out()) {
            quantiseWhole(accepted);
            return;
        }
        if (!m_weight.defined())
            m_weight = at::empty({m_intake.out(), m_intake.in()}, at::kFloat);
        m_weight.slice(0, before, m_intake.rowsSeen()).copy_(accepted);
    }

    std::shared_ptr<const Quantised> finish() override
    {
        m_intake.checkComplete();
        if (m_weight.defined())
            quantiseWhole(m_weight);
        m_weight.reset();
        return std::move(m_result);
    }

private:
    void quantiseWhole(const at::Tensor& weight)
    {
        const auto absmax = blockScales(weight, m_config.block);
        checkFinite(absmax, m_config.block, m_intake.in());
        auto scales = codeScales(absmax, m_config);
        auto codes = withPacking(m_config.bits, [&](auto packing) { return codesOf<decltype(packing)>(weight, scales); });
        m_result = std::make_shared<Nfb>(m_intake.out(), m_intake.in(), std::move(codes), std::move(scales));
    }

    RowIntake m_intake;
    NfbConfig m_config;
    at::Tensor m_weight;   // rows so far, where they come in parts
    std::shared_ptr<const Quantised> m_result;
};

}  // namespace

std::unique_ptr<Quantiser> nfbQuantiser(int64_t out, int64_t in, const NfbConfig& config)
{
    return std::make_unique<NfbQuantiser>(out, in, config);
}

}  // namespace rankwright
