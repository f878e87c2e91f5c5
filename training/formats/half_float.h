// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Half floats to float32 inside of loops: inlined, which a function of another file never is, and without branches, since a call or a
// branch keeps a loop scalar (a tenth of the rate).
#pragma once

#include "training/formats/vector_clones.h"

#include <bit>
#include <cstdint>

namespace rankwright {

// Subnormal halves go through 0.5 + m * 2^-24, which is exact and does not depend on how the processor treats subnormal floats.
RANKWRIGHT_IN_LOOPS float widenedHalf(uint16_t bits)
{
    const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
    const uint32_t magnitude = bits & 0x7fffu;
    const uint32_t normal = (magnitude << 13) + (112u << 23) + (magnitude >= 0x7c00u ? 112u << 23 : 0u);
    const float subnormal = std::bit_cast<float>(0x3f000000u | magnitude) - 0.5F;
    const uint32_t value = magnitude < 0x400u ? std::bit_cast<uint32_t>(subnormal) : normal;
    return std::bit_cast<float>(sign | value);
}

}  // namespace rankwright
