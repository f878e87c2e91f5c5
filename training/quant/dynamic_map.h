// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The signed dynamic 8-bit type (Dettmers 2015, arXiv 1511.04561): 256 values whose spacing grows with their size. NF4's double
// quantisation stores its scales in it. Equal to bitsandbytes 0.50.2 on the CPU, bit for bit.
#pragma once

#include <array>
#include <cstdint>

namespace rankwright {

inline constexpr int64_t kDynamicBlock = 256;   // values that share a scale

// Ascending: -0.99296874 ... 0 (index 127) ... 0.99296874, 1.
const std::array<float, 256>& dynamicMap();

// bitsandbytes' table of 65536 equal cells over [-1, 1]: the code of each (nf4_arithmetic.h's scaleCell() says which cell).
const std::array<uint8_t, 65536>& dynamicCells();

// A block of at most kDynamicBlock values: absmax, and codes such that value ~ dynamicMap()[code] * absmax.
void quantiseDynamic(const float* values, int64_t count, uint8_t* codes, float* absmax);

}  // namespace rankwright
