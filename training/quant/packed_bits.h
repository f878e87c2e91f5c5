// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Codes of 2, 3, 4 or 8 bits without gaps, the first in the highest bits: groups of 4, 8, 2 or 1 codes in 1, 3, 1 or 1 bytes.
#pragma once

#include <array>
#include <cstdint>

namespace rankwright {

template <int Bits>
struct PackedBits
{
    static_assert(Bits == 2 || Bits == 3 || Bits == 4 || Bits == 8);
    static constexpr int kCodes = Bits == 3 ? 8 : 8 / Bits;
    static constexpr int kBytes = Bits == 3 ? 3 : 1;

    static void pack(const uint8_t* codes, uint8_t* bytes)
    {
        uint32_t group = 0;
        for (int i = 0; i < kCodes; ++i)
            group = (group << Bits) | codes[i];
        for (int i = kBytes - 1; i >= 0; --i, group >>= 8)
            bytes[i] = uint8_t(group);
    }
    static void unpack(const uint8_t* bytes, uint8_t* codes)
    {
        uint32_t group = 0;
        for (int i = 0; i < kBytes; ++i)
            group = (group << 8) | bytes[i];
        for (int i = kCodes - 1; i >= 0; --i, group >>= Bits)
            codes[i] = uint8_t(group & ((1u << Bits) - 1));
    }
    // Code `i` of many.
    static uint8_t at(const uint8_t* bytes, int64_t i)
    {
        const int64_t bit = i * Bits, byte = bit / 8;
        const int end = int(bit % 8) + Bits;
        const uint32_t word = uint32_t(bytes[byte]) << 8 | (end > 8 ? bytes[byte + 1] : 0u);
        return uint8_t((word >> (16 - end)) & ((1u << Bits) - 1));
    }
    // Bytes of `count` codes, the last group padded.
    static constexpr int64_t bytes(int64_t count) { return (count + kCodes - 1) / kCodes * kBytes; }
};

// Calls `work` with PackedBits<bits>.
template <class Work>
decltype(auto) withPacking(int bits, const Work& work)
{
    switch (bits) {
    case 2: return work(PackedBits<2>{});
    case 3: return work(PackedBits<3>{});
    case 4: return work(PackedBits<4>{});
    default: return work(PackedBits<8>{});
    }
}

}  // namespace rankwright
