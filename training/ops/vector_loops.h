// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the fast forms' loops are written with: a compiler makes vector code of them for several generations of processors, and the
// program chooses when it starts. bfloat16 is the upper half of a float32; its values are widened and rounded by integer arithmetic,
// which every processor has. Compiled with -fno-math-errno -fno-trapping-math: without the second, GCC 12 leaves expOf a scalar loop
// (2.0 instead of 0.14 ns a value).
#pragma once

#include "training/formats/vector_clones.h"

#include <c10/util/BFloat16.h>

#include <bit>
#include <cmath>
#include <cstdint>

namespace rankwright::ops {

// How a tensor's values are seen by the loops: bfloat16 as its 16 bits.
template <class T> struct Stored { using Type = T; };
template <> struct Stored<c10::BFloat16> { using Type = uint16_t; };
template <class T>
const typename Stored<T>::Type* stored(const T* values) { return reinterpret_cast<const typename Stored<T>::Type*>(values); }
template <class T>
typename Stored<T>::Type* stored(T* values) { return reinterpret_cast<typename Stored<T>::Type*>(values); }

RANKWRIGHT_IN_LOOPS double widened(double value) { return value; }
RANKWRIGHT_IN_LOOPS float widened(float value) { return value; }
RANKWRIGHT_IN_LOOPS float widened(uint16_t value) { return std::bit_cast<float>(uint32_t(value) << 16); }

RANKWRIGHT_IN_LOOPS void store(double& to, double value) { to = value; }
RANKWRIGHT_IN_LOOPS void store(float& to, float value) { to = value; }
// To the nearest, ties to even; a value that is not a number stays one as long as its upper half says so, as arithmetic makes them.
RANKWRIGHT_IN_LOOPS void store(uint16_t& to, float value)
{
    const auto bits = std::bit_cast<uint32_t>(value);
    to = uint16_t((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

// e^x: x = n ln 2 + r with |r| <= ln 2 / 2 (ln 2 in two parts), and the Taylor polynomial of degree 7 for e^r, whose error is below
// that of a float32. Relative error at most 1.0e-7 for -87 <= x <= 88; below that e^-87 = 1.6e-38.
RANKWRIGHT_IN_LOOPS float expOf(float x)
{
    constexpr float kLog2e = 1.44269504F, kLn2High = 0.693359375F, kLn2Low = -2.12194440e-4F;
    x = x < -87.0F ? -87.0F : x > 88.0F ? 88.0F : x;
    const float n = std::floor(x * kLog2e + 0.5F);
    const float r = (x - n * kLn2High) - n * kLn2Low;
    float sum = 1.0F / 5040;
    for (const float term : {1.0F / 720, 1.0F / 120, 1.0F / 24, 1.0F / 6, 0.5F, 1.0F, 1.0F})
        sum = sum * r + term;
    return sum * std::bit_cast<float>(uint32_t(int32_t(n) + 127) << 23);
}
RANKWRIGHT_IN_LOOPS double expOf(double x) { return std::exp(x); }

// 1 / (1 + e^-x).
template <class T>
RANKWRIGHT_IN_LOOPS T sigmoid(T x) { return T(1) / (T(1) + expOf(-x)); }

}  // namespace rankwright::ops
