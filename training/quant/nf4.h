// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// NF4 (Dettmers and others 2023, arXiv 2305.14314): blocks of 64 values in row-major order, each with a float32 scale absmax, codes
// to the nearest of 16 values. Codes, scales and double-quantised scales are the bytes of bitsandbytes 0.50.2 on the CPU:
//   - blocks straddle rows; the last may be short. An even value is the high nibble, an odd count is padded with the code of 0 (7).
//   - a value on the midpoint of two codes takes the lower; -0 is 0; a block of zeros has scale 0 and codes 7.
//   - x is multiplied by 1 / max(absmax, 1e-38) in full blocks; in a short last block it is divided by the scale, and the scale
//     itself is at least 1e-38.
//   - double quantisation: the mean of all scales is subtracted (LibTorch's mean, whose last bit depends on the number of threads
//     from 32769 scales on, 2.1 million values), the rest is coded by dynamic_map.h in blocks of 256.
//   - bfloat16 and float16 weights are widened first: the scales stay float32, so that all three give the same bytes.
// Dequantising is code * scale in float32, then the cast. bitsandbytes' own AVX-512 loop reads wrong scales where a row is a
// multiple of 16 but not of 64 values (in 0.50.2); its general loop, and ours, do not.
#pragma once

#include "training/quant/format.h"
#include "training/quant/nf4_arithmetic.h"

#include <array>

namespace rankwright {

inline constexpr int64_t kNf4Block = nf4::kBlock;

inline constexpr std::array<float, 16> kNf4Book = [] {
    std::array<float, 16> book{};
    for (size_t code = 0; code < book.size(); ++code)
        book[code] = nf4::valueOf(int(code));
    return book;
}();

// Tensors: "codes" uint8 (ceil(N / 2), 1), "absmax" float32 (ceil(N / 64)); double-quantised: "absmax" uint8, "nested_absmax"
// float32 (ceil(N / 64 / 256)), "nested_offset" float32 (1). 4.5 and 4.127 bits a value. Beside the codes, the quantiser holds the
// float32 scales and at most one block.
std::unique_ptr<Quantiser> nf4Quantiser(int64_t out, int64_t in, bool doubleQuantised);

}  // namespace rankwright
