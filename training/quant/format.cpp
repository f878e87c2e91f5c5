// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/quant/format.h"

#include "training/api/error.h"
#include "training/quant/int8.h"
#include "training/quant/nf4.h"
#include "training/quant/nfb.h"

#include <ATen/ATen.h>

namespace rankwright {

namespace {

const std::vector<std::string>& knownFormats()
{
    static const std::vector<std::string> known{
#define BASE_FORMAT(id, ...) id,
#include "training/quant/formats.inc"
#undef BASE_FORMAT
    };
    return known;
}

[[noreturn]] void refuse(const std::string& format)
{
    std::string allowed;
    for (const auto& id : knownFormats()) {
        if (id != "none")
            allowed += (allowed.empty() ? "" : ", ") + id;
    }
    const auto near = nearestName(format, knownFormats());
    throw Error({.code = Code::config, .place = "base",
        .found = format == "none" ? "none, which stores a weight as it is" : "unknown format \"" + format + "\"",
        .allowed = allowed + ", nfb:BITS,SCALEBITS,DTYPE,B0,B1",
        .advice = near.empty() || near == "none" ? "Choose one of the formats." : "Did you mean " + near + "?"});
}

}  // namespace

int64_t Quantised::bytes() const
{
    int64_t sum = 0;
    for (const auto& [name, tensor] : tensors())
        sum += tensor.numel() * int64_t(tensor.element_size());
    return sum;
}

std::unique_ptr<Quantiser> makeQuantiser(const std::string& format, int64_t out, int64_t in)
{
    if (out < 1 || in < 1)
        throw Error({.code = Code::internal, .place = "quantiser",
            .found = std::to_string(out) + " x " + std::to_string(in), .allowed = "at least one row and one column"});
#define BASE_FORMAT(id, title, bits, explanation, ...)                                                                     \
    if (format == (id) && format != "none")                                                                             \
        return __VA_ARGS__;
#include "training/quant/formats.inc"
#undef BASE_FORMAT
    if (format.starts_with("nfb:"))
        return nfbQuantiser(out, in, parseNfb(format));
    refuse(format);
}

std::shared_ptr<const Quantised> quantise(const at::Tensor& weight, const std::string& format)
{
    const auto quantiser = makeQuantiser(format, weight.size(0), weight.size(1));
    quantiser->add(weight.contiguous());
    return quantiser->finish();
}

at::Tensor roundTrip(const at::Tensor& weight, const std::string& format)
{
    return quantise(weight, format)->dense();
}

}  // namespace rankwright
