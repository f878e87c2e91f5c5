// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// GGUF's block formats (and the plain float types) to float32 and back.
#pragma once

#include "training/formats/tensor_entry.h"

#include <cstddef>

namespace rankwright {

int64_t blockValues(StoredType type);   // values per block: 1, 32 or 256
int64_t blockBytes(StoredType type);    // bytes per block
bool canDequantise(StoredType type);    // F32 F16 BF16 F64 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q4_K Q5_K Q6_K F8_E4M3 F8_E5M2
// Whether rows of `in` values can be read one by one as they lie: in blocks that can be dequantised, none of them across two rows.
bool staysInBlocks(StoredType type, int64_t in);
// `values` (a multiple of blockValues) floats from `from`, which holds values / blockValues * blockBytes bytes.
void dequantise(StoredType type, const std::byte* from, float* to, int64_t values);

bool canQuantise(StoredType type);      // F32 F16 BF16 Q8_0 Q4_0 Q4_1
// The other way: `values` (a multiple of blockValues) floats into values / blockValues * blockBytes bytes, as ggml rounds them.
// Throws Error{data} naming the first value (or block) that is not finite or that the type cannot hold.
void quantise(StoredType type, const float* from, std::byte* to, int64_t values);

float halfToFloat(uint16_t bits);
uint16_t floatToHalf(float value);          // round to nearest even
float bfloat16ToFloat(uint16_t bits);
uint16_t floatToBfloat16(float value);      // round to nearest even, NaN quieted

}  // namespace rankwright
