// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/quant/format.h"

#include "training/api/error.h"
#include "training/quant/int8.h"
#include "training/quant/nf4.h"
#include "training/quant/nf4_on_device.h"
#include "training/quant/nfb.h"
#include "training/quant/row_loops.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace rankwright {

namespace {

constexpr int64_t kRowsAtOnce = 65536;   // values dequantised at once for a few rows of x: what the second cache holds

const std::vector<std::string>& knownFormats()
{
    static const std::vector<std::string> known{
#define BASE_FORMAT(id, ...) id,
#include "training/quant/formats.inc"
#undef BASE_FORMAT
    };
    return known;
}

// Of a format without kernels for the accelerator it is used on.
class CopiedRows final : public Quantised
{
public:
    CopiedRows(std::shared_ptr<const Quantised> weight, at::Device device)
        : Quantised(weight->out(), weight->in()), m_weight(std::move(weight)), m_device(device)
    {
    }
    [[nodiscard]] at::Tensor rows(int64_t first, int64_t last, at::ScalarType type) const override
    {
        return m_weight->rows(first, last, type).to(m_device);
    }
    [[nodiscard]] std::vector<std::pair<std::string, at::Tensor>> tensors() const override { return m_weight->tensors(); }

private:
    std::shared_ptr<const Quantised> m_weight;
    at::Device m_device;
};

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

void Quantised::timesRows(const float* x, int64_t count, int64_t first, int64_t last, float* y, int64_t stride) const
{
    const auto step = std::max<int64_t>(1, kRowsAtOnce / m_in);
    for (int64_t row = first; row < last; row += step) {
        const auto end = std::min(last, row + step);
        const auto values = rows(row, end, at::kFloat);
        for (int64_t o = row; o < end; ++o) {
            const auto* w = values.const_data_ptr<float>() + (o - row) * m_in;
            for (int64_t t = 0; t < count; ++t)
                y[t * stride + o] = timesFloat(w, m_in, x + t * m_in);
        }
    }
}

at::Tensor Quantised::timesRow(const at::Tensor&) const
{
    return {};
}

std::shared_ptr<const Quantised> Quantised::copyTo(at::Device) const
{
    return nullptr;
}

std::shared_ptr<const Quantised> placedOn(std::shared_ptr<const Quantised> weight, at::Device device)
{
    if (weight->tensors().front().second.device() == device)
        return weight;
    auto copy = weight->copyTo(device);
    return copy ? copy : std::make_shared<CopiedRows>(std::move(weight), device);
}

std::unique_ptr<Quantiser> makeQuantiser(const std::string& format, int64_t out, int64_t in, at::Device device)
{
    if (out < 1 || in < 1)
        throw Error({.code = Code::internal, .place = "quantiser",
            .found = std::to_string(out) + " x " + std::to_string(in), .allowed = "at least one row and one column"});
    if (!device.is_cpu() && (format == "nf4" || format == "nf4-dq"))
        return nf4DeviceQuantiser(out, in, format == "nf4-dq", device);
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
