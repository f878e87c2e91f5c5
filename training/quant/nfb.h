// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The NFb family of LQ-LoRA (Guo and others 2023, arXiv 2311.12023; released code models/quantization_utils.py): normal floats of 2,
// 3, 4 or 8 bits whose block scales are integers of 2, 3, 4 or 8 bits.
//   - blocks of B0 values in row-major order (the last may be short), scale s = max|x|; offset = the smallest s of the matrix;
//   - s - offset in blocks of B1: its maximum a rounded to bf16, fp16 or fp32; code round((2^b0 - 1) (s - offset) / a), ties to even;
//   - x is divided by the scale as it will be read back, so that no scale error stays unseen, and takes the nearest book value, the
//     lower on a tie.
// The book: quantiles of a normal distribution at linspace(1 - o, 1/2, 2^(b-1)) without the last and linspace(1/2, o, 2^(b-1) + 1),
// o = 0.9677083, scaled so that the outermost is 1. For b = 4 it is NF4's book to 1.2e-7.
#pragma once

#include "training/quant/format.h"

namespace rankwright {

struct NfbConfig
{
    int bits = 4;                                // b: 2, 3, 4, 8
    int scaleBits = 8;                           // b0: 2, 3, 4, 8
    at::ScalarType scaleType = at::kFloat;       // of the second level: bfloat16, float16, float32
    int block = 64;                              // B0: 16, 32, 64
    int scaleBlock = 256;                        // B1: 16, 64, 256
    bool operator==(const NfbConfig&) const = default;
};

// "nfb:BITS,SCALEBITS,DTYPE,B0,B1", for example "nfb:3,8,fp32,64,256". "nf2", "nf3" and "nf8" are (b, 8, fp32, 64, 256).
std::string spelled(const NfbConfig& config);
// Throws Error{config} with what is allowed.
NfbConfig parseNfb(const std::string& text);
// All 432.
const std::vector<NfbConfig>& nfbConfigs();

// N (b + b0 / B0 + b1 / (B0 B1)), b1 the bits of the scale type; the bytes held are that plus the offset and the padding of the last
// block.
double storageBits(const NfbConfig& config, double parameters);
// 2^bits ascending values from -1 to 1, with 0.
const std::vector<float>& nfbBook(int bits);

// Tensors: "codes" uint8 and "scales" uint8, both packed without gaps, the first value in the highest bits; "scale_absmax" in the
// scale type; "offset" float32 (1). No code can be settled before the whole matrix was seen, since every scale depends on the
// smallest: given in parts, the rows are kept in float32 until finish(); given at once, they are not copied.
std::unique_ptr<Quantiser> nfbQuantiser(int64_t out, int64_t in, const NfbConfig& config);

}  // namespace rankwright
