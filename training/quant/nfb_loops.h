// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The loops of NFb over plain memory, for one number of bits.
#pragma once

#include "training/quant/nfb.h"
#include "training/quant/packed_bits.h"
#include "training/quant/widest.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace rankwright {

inline constexpr int kMostNfbBlock = 64;

RANKWRIGHT_INLINE void nfbAbsmax(const float* values, int64_t count, float* absmax)
{
    int32_t most = 0;   // the bits of numbers without sign are in their order
    for (int64_t i = 0; i < count; ++i)
        most = std::max(most, std::bit_cast<int32_t>(values[i]) & 0x7fffffff);
    *absmax = std::bit_cast<float>(most);
}

// The midpoints of a book, and for 8 bits how many of them lie below each of 1024 equal cells over [-1, 1]: no cell holds more than
// one, since the book's values are at least 0.005 apart.
struct NfbThresholds
{
    static constexpr int kCells = 1024;
    std::array<float, 256> midpoints;   // those beyond the book are infinite
    std::array<uint8_t, kCells> below;
};

template <int Bits>
const NfbThresholds& nfbThresholds()
{
    static const NfbThresholds made = [] {
        const auto& book = nfbBook(Bits);
        NfbThresholds to{};
        to.midpoints.fill(std::numeric_limits<float>::infinity());
        for (size_t i = 0; i + 1 < book.size(); ++i)
            to.midpoints[i] = (book[i] + book[i + 1]) / 2.0f;
        for (int cell = 0; cell < NfbThresholds::kCells; ++cell) {
            // A little early, so that rounding a value into the cell before or after its own does no harm.
            const float start = float(2 * cell) / NfbThresholds::kCells - 1.0f - 1e-5f;
            to.below[size_t(cell)] = uint8_t(std::lower_bound(to.midpoints.begin(), to.midpoints.end(), start) - to.midpoints.begin());
        }
        return to;
    }();
    return made;
}

// How many of the midpoints lie below x.
template <int Bits>
RANKWRIGHT_INLINE int32_t nfbCode(float x, const NfbThresholds& thresholds)
{
    int32_t code = 0;
    if constexpr (Bits == 8) {
        const float place = (x + 1.0f) * float(NfbThresholds::kCells / 2);
        const float inside = place > 0.0f ? (place < float(NfbThresholds::kCells - 1) ? place : float(NfbThresholds::kCells - 1)) : 0.0f;
        code = thresholds.below[size_t(int32_t(inside))];
        code += x > thresholds.midpoints[size_t(code)] ? 1 : 0;
        code += x > thresholds.midpoints[size_t(code)] ? 1 : 0;
    } else {
        for (size_t i = 0; i < (size_t(1) << Bits) - 1; ++i)
            code += x > thresholds.midpoints[i] ? 1 : 0;
    }
    return code;
}

// Codes of one block; `count` at most kMostNfbBlock. A short block is padded with the code of 0 up to a whole group.
template <int Bits>
RANKWRIGHT_INLINE void encodeNfb(const float* values, int64_t count, float scale, const NfbThresholds* thresholds,
    uint8_t* bytes)
{
    const float inverse = 1.0f / std::max(scale, 1e-38f);
    int32_t codes[kMostNfbBlock];
    for (int i = 0; i < kMostNfbBlock; ++i)
        codes[i] = (1 << (Bits - 1)) - 1;
    for (int64_t i = 0; i < count; ++i)
        codes[i] = nfbCode<Bits>(values[i] * inverse, *thresholds);
    using Packing = PackedBits<Bits>;
    for (int64_t i = 0; i < count; i += Packing::kCodes) {
        uint8_t group[Packing::kCodes];
        for (int k = 0; k < Packing::kCodes; ++k)
            group[k] = uint8_t(codes[i + k]);
        Packing::pack(group, bytes + i / Packing::kCodes * Packing::kBytes);
    }
}

// How many codes one look-up gives: four of 2 or 3 bits, two of 4, one of 8; the table has their values side by side.
template <int Bits>
inline constexpr int kNfbAtOnce = Bits <= 3 ? 4 : 8 / Bits;

template <int Bits>
const std::vector<float>& nfbTable()
{
    static const std::vector<float> made = [] {
        constexpr int count = kNfbAtOnce<Bits>;
        const auto& book = nfbBook(Bits);
        std::vector<float> table(size_t(count) << (Bits * count));
        for (size_t i = 0; i < table.size(); ++i)
            table[i] = book[((i / count) >> (Bits * (count - 1 - int(i % count)))) & ((size_t(1) << Bits) - 1)];
        return table;
    }();
    return made;
}

template <int Bits>
RANKWRIGHT_INLINE void putNfb(const float* __restrict table, size_t index, float scale, float* __restrict to)
{
    for (size_t k = 0; k < size_t(kNfbAtOnce<Bits>); ++k)
        to[k] = table[index * size_t(kNfbAtOnce<Bits>) + k] * scale;
}

// `count` values from whole groups of codes and a part of one.
template <int Bits>
RANKWRIGHT_INLINE void decodeNfb(const uint8_t* __restrict bytes, int64_t count, float scale, const float* __restrict table,
    float* __restrict values)
{
    using Packing = PackedBits<Bits>;
    constexpr int atOnce = kNfbAtOnce<Bits>;
    const int64_t groups = count / Packing::kCodes;
    for (int64_t g = 0; g < groups; ++g) {
        const uint8_t* from = bytes + g * Packing::kBytes;
        float* to = values + g * Packing::kCodes;
        if constexpr (Bits == 3) {
            putNfb<Bits>(table, size_t(from[0]) << 4 | from[1] >> 4, scale, to);
            putNfb<Bits>(table, size_t(from[1] & 15) << 8 | from[2], scale, to + atOnce);
        } else {
            putNfb<Bits>(table, from[0], scale, to);
        }
    }
    // The value of a single code is the last of the look-up that has it after zeros.
    for (int64_t i = groups * Packing::kCodes; i < count; ++i)
        values[i] = table[size_t(Packing::at(bytes, i)) * atOnce + atOnce - 1] * scale;
}

}  // namespace rankwright
