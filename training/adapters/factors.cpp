// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/adapters/factors.h"

#include "training/quant/format.h"
#include "training/train/random.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace rankwright {

namespace {

template <class Draw>
at::Tensor drawn(at::IntArrayRef shape, const Draw& draw)
{
    auto tensor = at::empty(shape, at::kFloat);
    float* to = tensor.data_ptr<float>();
    for (int64_t i = 0; i < tensor.numel(); ++i)
        to[i] = float(draw(uint64_t(i)));
    return tensor;
}

bool hasOption(const RunConfig& config, std::string_view key)
{
    const auto& options = methodCard(config.method).options;
    return std::any_of(options.begin(), options.end(), [&](const MethodOption& option) { return option.key == key; });
}

}  // namespace

at::Tensor uniform(at::IntArrayRef shape, double bound, const SlotStart& slot, const char* purpose)
{
    const Random random(slot.config.seed, purpose, slot.name);
    return drawn(shape, [&](uint64_t i) { return (2 * random.uniform(i) - 1) * bound; });
}

at::Tensor gaussian(at::IntArrayRef shape, double deviation, const SlotStart& slot, const char* purpose)
{
    const Random random(slot.config.seed, purpose, slot.name);
    return drawn(shape, [&](uint64_t i) { return random.normal(i) * deviation; });
}

at::Tensor kaiming(int64_t rows, int64_t columns, const SlotStart& slot, const char* purpose)
{
    return uniform({rows, columns}, 1 / std::sqrt(double(columns)), slot, purpose);
}

Start loraStart(const at::Tensor& weight, const SlotStart& slot)
{
    const auto out = weight.size(0), in = weight.size(1);
    const bool normal = hasOption(slot.config, "init") && optionText(slot.config, "init") == "gaussian";
    return {.A = normal ? gaussian({slot.rank, in}, 1 / double(slot.rank), slot, "lora_A")
                        : kaiming(slot.rank, in, slot, "lora_A"),
        .B = at::zeros({out, slot.rank}, at::kFloat),
        .scaling = loraScaling(slot)};
}

Factors splitEvenly(const Triplets& triplets, double scaling)
{
    const auto root = (triplets.S / scaling).sqrt().unsqueeze(0);
    return {(triplets.V * root).t().to(at::kFloat).contiguous(), (triplets.U * root).to(at::kFloat).contiguous()};
}

at::Tensor residual(const at::Tensor& weight, const Factors& factors, double scaling)
{
    return at::addmm(weight, factors.B, factors.A, 1, -scaling);
}

Triplets principalTriplets(const at::Tensor& weight, const SlotStart& slot)
{
    const auto svd = optionText(slot.config, "svd");
    if (svd == "exact")
        return largestTriplets(weight, slot.rank);
    return randomisedTriplets(weight, slot.rank, std::stoll(svd), int64_t(optionNumber(slot.config, "oversample")),
        slot.config.seed, slot.name);
}

Triplets slicedTriplets(const at::Tensor& weight, const SlotStart& slot)
{
    const auto which = optionText(slot.config, "slice");
    if (which == "principal")
        return principalTriplets(weight, slot);
    const auto beyond = std::min(weight.size(0), weight.size(1)) - slot.rank;
    return exactTriplets(weight, slot.rank, which == "middle" ? beyond / 2 : beyond);
}

at::Tensor asStored(const at::Tensor& weight, const SlotStart& slot)
{
    if (slot.format != "none")
        return roundTrip(weight, slot.format);
    return slot.config.dtype == "bfloat16" ? weight.to(at::kBFloat16).to(at::kFloat) : weight;
}

}  // namespace rankwright
