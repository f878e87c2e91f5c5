// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The arithmetic of NF4, one value or one scale at a time: what the loops of the CPU (nf4_loops.cpp) and the kernels of a GPU
// (nf4_kernels.h) have in common, so that both give the same bytes. nf4.h has the rules and their source. Multiplications and
// additions stay apart by going through float64, which a compiler may not fuse and whose product of two floats is exact.
#pragma once

#include <cstdint>

#if defined(__CUDACC__)
#define RANKWRIGHT_HOST_DEVICE __host__ __device__ inline
#else
#define RANKWRIGHT_HOST_DEVICE inline __attribute__((always_inline))
#endif

namespace rankwright::nf4 {

inline constexpr int kBlock = 64;            // values that share a scale
inline constexpr int kScaleBlock = 256;      // scales that share a scale of their own, where they are quantised in turn
inline constexpr int kScaleCells = 65536;    // of the table that codes scales (dynamic_map.h)
inline constexpr float kLeastScale = 1e-38f; // what bitsandbytes divides by at least

// The 16 values, ascending. A function, since device code cannot index an array of the host's.
RANKWRIGHT_HOST_DEVICE constexpr float valueOf(int code)
{
    constexpr float book[16]{-1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f,
        -0.18477343022823334f, -0.09105003625154495f, 0.0f, 0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f,
        0.33791524171829224f, 0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f};
    return book[code];
}

// Between two neighbours; a value on it takes the lower.
RANKWRIGHT_HOST_DEVICE constexpr float threshold(int lower)
{
    return (valueOf(lower) + valueOf(lower + 1)) / 2.0f;
}

// Numbers without sign are in the order of their bits; NaN comes after infinity.
RANKWRIGHT_HOST_DEVICE int32_t sizeBits(float value)
{
    union { float number; int32_t bits; } same{value};
    return same.bits & 0x7fffffff;
}

RANKWRIGHT_HOST_DEVICE float fromSizeBits(int32_t bits)
{
    union { int32_t bits; float number; } same{bits};
    return same.number;
}

RANKWRIGHT_HOST_DEVICE float atLeast(float value, float least)
{
    return value < least ? least : value;
}

// What a full block's values are multiplied by.
RANKWRIGHT_HOST_DEVICE float inverseOf(float scale)
{
    return 1.0f / atLeast(scale, kLeastScale);
}

// The code of a value within -1 .. 1: how many thresholds it lies above.
RANKWRIGHT_HOST_DEVICE int codeOf(float unit)
{
    int below = 0;
    below += unit > threshold(0) ? 1 : 0;
    below += unit > threshold(1) ? 1 : 0;
    below += unit > threshold(2) ? 1 : 0;
    below += unit > threshold(3) ? 1 : 0;
    below += unit > threshold(4) ? 1 : 0;
    below += unit > threshold(5) ? 1 : 0;
    below += unit > threshold(6) ? 1 : 0;
    below += unit > threshold(7) ? 1 : 0;
    below += unit > threshold(8) ? 1 : 0;
    below += unit > threshold(9) ? 1 : 0;
    below += unit > threshold(10) ? 1 : 0;
    below += unit > threshold(11) ? 1 : 0;
    below += unit > threshold(12) ? 1 : 0;
    below += unit > threshold(13) ? 1 : 0;
    below += unit > threshold(14) ? 1 : 0;
    return below;
}

// bfloat16, rounded to nearest, ties to even; finite values.
RANKWRIGHT_HOST_DEVICE uint16_t bfloat16Of(float value)
{
    union { float number; uint32_t bits; } same{value};
    return uint16_t((same.bits + 0x7fffu + ((same.bits >> 16) & 1u)) >> 16);
}

RANKWRIGHT_HOST_DEVICE float fromBfloat16(uint16_t half)
{
    union { uint32_t bits; float number; } same{uint32_t(half) << 16};
    return same.number;
}

// A scale that was quantised in turn: its value in the dynamic map times its block's, plus the mean of all; two roundings.
RANKWRIGHT_HOST_DEVICE float scaleOf(float mapped, float outer, float offset)
{
    return float(double(mapped) * double(outer)) + offset;
}

// Which cell of the table codes a centred scale; `inverse` is 1 / the largest of its block. One rounding, like a fused
// multiply-add; NaN (an infinite inverse times 0) falls into the first.
RANKWRIGHT_HOST_DEVICE int scaleCell(float centred, float inverse)
{
    const float unit = centred * inverse;
    const float within = unit < -1.0f ? -1.0f : unit > 1.0f ? 1.0f : unit;
    const float half = (within + 1.0f) * 0.5f;
    const float cell = float(double(half) * 65535.0 + 0.5);
    return cell == cell ? int(cell) : 0;
}

}  // namespace rankwright::nf4
