// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The loops of NF4 over plain memory; nf4.h has the rules.
#pragma once

#include <cstdint>

namespace rankwright {

// `count` values, whole blocks: count / 2 bytes of codes, count / 64 scales.
void encodeNf4(const float* values, int64_t blocks, uint8_t* codes, float* absmax);
// The last block, shorter than 64: (count + 1) / 2 bytes and one scale.
void encodeNf4Tail(const float* values, int64_t count, uint8_t* codes, float* absmax);

// Whole blocks, each code's value times its block's scale.
void decodeNf4(const uint8_t* codes, const float* absmax, int64_t blocks, float* values);
// The same, rounded to the nearest bfloat16 (ties to even).
void decodeNf4(const uint8_t* codes, const float* absmax, int64_t blocks, uint16_t* bfloat16s);

}  // namespace rankwright
