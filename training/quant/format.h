// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A frozen weight in few bits. A format is a file here and a line in formats.inc; which one a base uses has nothing to do with the
// method on it.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rankwright {

// A quantised (out, in) weight; never changes.
class Quantised
{
public:
    Quantised(int64_t out, int64_t in) : m_out(out), m_in(in) {}
    virtual ~Quantised() = default;
    [[nodiscard]] int64_t out() const { return m_out; }
    [[nodiscard]] int64_t in() const { return m_in; }
    // Rows [first, last) dequantised in float32, then cast: (last - first, in), contiguous. Safe from several threads.
    [[nodiscard]] virtual at::Tensor rows(int64_t first, int64_t last, at::ScalarType type) const = 0;
    // y[t * stride + o] = sum_i x[t, i] w[o, i] for rows first <= o < last of the weight and `count` rows of x (count, in), in float32
    // and one thread: what generation needs of a weight, which is read once and never exists. Formats without a loop of their own
    // dequantise a few rows at a time.
    virtual void timesRows(const float* x, int64_t count, int64_t first, int64_t last, float* y, int64_t stride) const;
    // Codes and statistics as stored, by name ("codes", "absmax", ...).
    [[nodiscard]] virtual std::vector<std::pair<std::string, at::Tensor>> tensors() const = 0;
    // x W^T for a single row x (1, in) on an accelerator, in x's type, where the format has a kernel that multiplies without
    // dequantising; undefined where it has none.
    [[nodiscard]] virtual at::Tensor timesRow(const at::Tensor& x) const;
    // The same codes on an accelerator, with kernels that read them there; nullptr where the format has none.
    [[nodiscard]] virtual std::shared_ptr<const Quantised> copyTo(at::Device device) const;
    [[nodiscard]] int64_t bytes() const;   // of all of them
    [[nodiscard]] at::Tensor dense() const { return rows(0, m_out, at::kFloat); }

private:
    int64_t m_out, m_in;
};

// Takes a weight row by row, so that it never has to exist as a whole (but nfb.h keeps rows that come in parts until finish()).
class Quantiser
{
public:
    virtual ~Quantiser() = default;
    virtual void add(const at::Tensor& rows) = 0;                        // (any number, in) float32, contiguous, finite
    virtual std::shared_ptr<const Quantised> finish() = 0;               // once, after `out` rows
};

// `format` as in BaseFormat::id ("nf4", "nf4-dq", "int8", "nf2", "nf3", "nf8"), or an LQ-LoRA configuration as nfb.h spells it.
// Throws Error{config} for an unknown one.
// `device` is where the weight will be used: what has kernels there is coded there, rows from the CPU are copied to it; all else is
// coded on the CPU, and placedOn() does the rest.
std::unique_ptr<Quantiser> makeQuantiser(const std::string& format, int64_t out, int64_t in, at::Device device = at::kCPU);
std::shared_ptr<const Quantised> quantise(const at::Tensor& weight, const std::string& format);   // (out, in) float32
// A quantised weight for use on `device`: as it is for the CPU, else its copyTo(), else one that dequantises on the CPU and copies
// the rows each time.
std::shared_ptr<const Quantised> placedOn(std::shared_ptr<const Quantised> weight, at::Device device);
// dequantise(quantise(weight)), float32: what the methods that look at the error need.
at::Tensor roundTrip(const at::Tensor& weight, const std::string& format);

}  // namespace rankwright
