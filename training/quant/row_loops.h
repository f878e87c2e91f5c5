// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Products of single rows with codes, multiplied as they are decoded (Quantised::timesRows): the weight is read in its few bits and
// never exists. Measured on one core of an AMD EPYC (Zen 5), SmolLM2's 106 million values: see ADR 0014.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rankwright {

// The columns of x by twos: the even ones, then the odd ones (a byte of NF4 holds one of each). `count` is even.
void partColumns(const float* x, int64_t count, float* parted);
// sum_i x_i w_i over `blocks` whole blocks of 64 codes; `even` and `odd` point at the columns of the first one.
float timesNf4(const uint8_t* codes, const float* absmax, int64_t blocks, const float* even, const float* odd);
// sum_i x_i code_i over `count` codes.
float timesInt8(const int8_t* codes, int64_t count, const float* x);
// sum_i x_i w_i over `count` values.
float timesFloat(const float* w, int64_t count, const float* x);

// A GGUF block of 32 values: half floats, a scale and perhaps a least value, then the codes: bytes with a sign, or nibbles, the lower ones
// being its first half. Value = scale * (code - middle) + least.
struct SmallBlocks
{
    int64_t bytes;     // of a block
    int64_t scales;    // half floats before the codes: 1, or 2 with a least value
    bool nibbles;
    int64_t middle;    // 0 where there is a least value
};
// y[o] = sum_i x_i w_{o,i} for `rows` rows of `in` values (a multiple of 32), which lie `rowBytes` apart.
void timesSmallBlocks(
    const SmallBlocks& kind, const std::byte* blocks, int64_t rowBytes, int64_t in, int64_t rows, const float* x, float* y);

}  // namespace rankwright
