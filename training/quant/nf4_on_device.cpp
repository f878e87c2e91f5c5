// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/quant/nf4_on_device.h"

#include "training/api/error.h"
#include "training/device/device.h"
#include "training/quant/dynamic_map.h"
#include "training/quant/nf4.h"
#include "training/quant/nf4_launch.h"
#include "training/quant/row_intake.h"

#include <ATen/ATen.h>
#include <c10/core/DeviceGuard.h>

namespace rankwright {

namespace {

void check(const char* problem, const char* what)
{
    if (problem != nullptr) {
        throw Error({.code = Code::internal, .place = what, .found = problem,
            .advice = "Train on the CPU, or look whether the driver fits the GPU and this build (docs/devices.md)."});
    }
}

// A table of the CPU's arithmetic, copied.
template <class Table>
at::Tensor tableOn(at::Device device, const Table& table, at::ScalarType type)
{
    return at::from_blob(const_cast<void*>(static_cast<const void*>(table.data())), {int64_t(table.size())}, type).to(device);
}

class Nf4OnDevice final : public Quantised
{
public:
    Nf4OnDevice(int64_t out, int64_t in, Nf4Tensors tensors, at::Device device)
        : Quantised(out, in)
        , m_tensors(std::move(tensors))
        , m_device(device)
    {
        if (m_tensors.scalesCoded())
            m_map = tableOn(device, dynamicMap(), at::kFloat);
    }

    [[nodiscard]] at::Tensor rows(int64_t first, int64_t last, at::ScalarType type) const override
    {
        const c10::DeviceGuard guard(m_device);
        // Memory comes from LibTorch's allocator: the next matrix gets this one's block again, in the order of the stream and
        // without a call to the driver.
        const bool half = type == at::kBFloat16;
        auto values = at::empty({last - first, in()}, m_tensors.codes.options().dtype(half ? at::kBFloat16 : at::kFloat));
        const auto* codes = m_tensors.codes.const_data_ptr<uint8_t>();
        auto* to = values.mutable_data_ptr();
        auto* stream = streamOf(m_device);
        check(half ? cuda::decodeNf4(codes, scales(), first * in(), last * in(), static_cast<uint16_t*>(to), stream)
                   : cuda::decodeNf4(codes, scales(), first * in(), last * in(), static_cast<float*>(to), stream),
            "dequantising NF4");
        return values.to(type);
    }

    [[nodiscard]] at::Tensor timesRow(const at::Tensor& x) const override
    {
        const bool half = x.scalar_type() == at::kBFloat16;
        const bool fits = x.numel() == in() && in() % kNf4Block == 0 && x.device() == m_device && x.is_contiguous()
            && reinterpret_cast<uintptr_t>(x.const_data_ptr()) % 16 == 0;
        if (!fits || (!half && x.scalar_type() != at::kFloat))
            return {};
        const c10::DeviceGuard guard(m_device);
        auto y = at::empty({1, out()}, x.options());
        const auto* codes = m_tensors.codes.const_data_ptr<uint8_t>();
        auto* stream = streamOf(m_device);
        check(half ? cuda::timesRowNf4(codes, scales(), static_cast<const uint16_t*>(x.const_data_ptr()), out(), in(),
                         static_cast<uint16_t*>(y.mutable_data_ptr()), stream)
                   : cuda::timesRowNf4(codes, scales(), x.const_data_ptr<float>(), out(), in(), y.mutable_data_ptr<float>(), stream),
            "multiplying by NF4");
        return y;
    }

    [[nodiscard]] std::vector<std::pair<std::string, at::Tensor>> tensors() const override { return m_tensors.named(); }

private:
    [[nodiscard]] cuda::Nf4Scales scales() const
    {
        if (!m_tensors.scalesCoded())
            return {.absmax = m_tensors.absmax.const_data_ptr<float>()};
        return {.codes = m_tensors.absmax.const_data_ptr<uint8_t>(), .outer = m_tensors.nested.const_data_ptr<float>(),
            .offset = m_tensors.offset.const_data_ptr<float>(), .map = m_map.const_data_ptr<float>()};
    }

    Nf4Tensors m_tensors;
    at::Tensor m_map;   // of the scales, where they are coded
    at::Device m_device;
};

class Nf4DeviceQuantiser final : public Quantiser
{
public:
    Nf4DeviceQuantiser(int64_t out, int64_t in, bool doubleQuantised, at::Device device)
        : m_intake(out, in)
        , m_doubleQuantised(doubleQuantised)
        , m_device(device)
        , m_codes(at::empty({(m_intake.count() + 1) / 2, 1}, on(at::kByte)))
        , m_absmax(at::empty({(m_intake.count() + kNf4Block - 1) / kNf4Block}, on(at::kFloat)))
    {
    }

    void add(const at::Tensor& rows) override
    {
        auto values = m_intake.accept(rows).to(m_device).flatten();
        if (m_open.defined() && m_open.numel() > 0)
            values = at::cat({m_open, values});
        const bool last = m_intake.rowsSeen() == m_intake.out();
        const auto whole = last ? values.numel() : values.numel() / kNf4Block * kNf4Block;
        encode(values, whole);
        m_open = values.narrow(0, whole, values.numel() - whole).clone();
    }

    std::shared_ptr<const Quantised> finish() override
    {
        m_intake.checkComplete();
        const auto absmax = m_absmax.cpu();
        checkFinite(absmax, kNf4Block, m_intake.in());
        const auto tensors = m_doubleQuantised ? coded(absmax) : Nf4Tensors{m_codes, m_absmax, {}, {}};
        m_absmax.reset();
        return std::make_shared<Nf4OnDevice>(m_intake.out(), m_intake.in(), tensors, m_device);
    }

private:
    [[nodiscard]] at::TensorOptions on(at::ScalarType type) const { return at::TensorOptions().dtype(type).device(m_device); }

    void encode(const at::Tensor& values, int64_t count)
    {
        if (count == 0)
            return;
        const c10::DeviceGuard guard(m_device);
        check(cuda::encodeNf4(values.const_data_ptr<float>(), count, m_codes.mutable_data_ptr<uint8_t>() + m_done / 2,
                  m_absmax.mutable_data_ptr<float>() + m_done / kNf4Block, streamOf(m_device)),
            "quantising to NF4");
        m_done += count;
    }

    // The mean is the CPU's, whose order of additions a device's would not keep: the bytes are the same wherever a base is made.
    [[nodiscard]] Nf4Tensors coded(const at::Tensor& absmax) const
    {
        const int64_t count = absmax.numel();
        const c10::DeviceGuard guard(m_device);
        Nf4Tensors tensors{m_codes, at::empty({count}, on(at::kByte)),
            at::empty({(count + kDynamicBlock - 1) / kDynamicBlock}, on(at::kFloat)), absmax.mean().reshape({1}).to(m_device)};
        const auto cells = tableOn(m_device, dynamicCells(), at::kByte);
        check(cuda::encodeNf4Scales(m_absmax.const_data_ptr<float>(), count, tensors.offset.const_data_ptr<float>(),
                  cells.const_data_ptr<uint8_t>(), tensors.absmax.mutable_data_ptr<uint8_t>(),
                  tensors.nested.mutable_data_ptr<float>(), streamOf(m_device)),
            "quantising NF4's scales");
        return tensors;
    }

    RowIntake m_intake;
    bool m_doubleQuantised;
    at::Device m_device;
    at::Tensor m_codes, m_absmax;
    at::Tensor m_open;       // the values of a block that has begun
    int64_t m_done = 0;      // values coded so far: whole blocks, until the last
};

}  // namespace

std::vector<std::pair<std::string, at::Tensor>> Nf4Tensors::named() const
{
    if (!scalesCoded())
        return {{"codes", codes}, {"absmax", absmax}};
    return {{"codes", codes}, {"absmax", absmax}, {"nested_absmax", nested}, {"nested_offset", offset}};
}

std::shared_ptr<const Quantised> nf4OnDevice(int64_t out, int64_t in, const Nf4Tensors& tensors, at::Device device)
{
    const auto moved = [&](const at::Tensor& tensor) { return tensor.defined() ? tensor.to(device) : tensor; };
    return std::make_shared<Nf4OnDevice>(out, in,
        Nf4Tensors{moved(tensors.codes), moved(tensors.absmax), moved(tensors.nested), moved(tensors.offset)}, device);
}

std::unique_ptr<Quantiser> nf4DeviceQuantiser(int64_t out, int64_t in, bool doubleQuantised, at::Device device)
{
    return std::make_unique<Nf4DeviceQuantiser>(out, in, doubleQuantised, device);
}

}  // namespace rankwright
