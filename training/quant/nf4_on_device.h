// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// NF4 weights that lie on an accelerator: the same tensors as nf4.h's on the CPU, byte for byte, coded and read by kernels there
// (nf4_launch.h). Nothing here waits for the device, except finish(), which looks whether all scales are finite.
#pragma once

#include "training/quant/format.h"

namespace rankwright {

// `nested` and `offset` are undefined where the scales are float32.
struct Nf4Tensors
{
    at::Tensor codes, absmax, nested, offset;
    [[nodiscard]] bool scalesCoded() const { return nested.defined(); }
    [[nodiscard]] std::vector<std::pair<std::string, at::Tensor>> named() const;
};

// Copies the tensors to `device`.
std::shared_ptr<const Quantised> nf4OnDevice(int64_t out, int64_t in, const Nf4Tensors& tensors, at::Device device);
// Takes rows from the CPU or the device, any number at a time; codes them on the device.
std::unique_ptr<Quantiser> nf4DeviceQuantiser(int64_t out, int64_t in, bool doubleQuantised, at::Device device);

}  // namespace rankwright
