// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/quant/nf4_loops.h"

#include "training/quant/nf4.h"
#include "training/quant/widest.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
// GCC 12 warns of the undefined registers that its own AVX-512 header makes on purpose (its bug 105593), wherever they are inlined.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace rankwright {

namespace {

RANKWRIGHT_INLINE float largest(const float* values, int count)
{
    int32_t most = 0;   // the greatest of integers is found many at a time
    for (int i = 0; i < count; ++i)
        most = std::max(most, nf4::sizeBits(values[i]));
    return nf4::fromSizeBits(most);
}

RANKWRIGHT_INLINE void encodeBlock(const float* values, uint8_t* codes, float* absmax)
{
    const float scale = largest(values, kNf4Block);
    *absmax = scale;
    const float inverse = nf4::inverseOf(scale);
    int32_t nearest[kNf4Block];
    for (int i = 0; i < kNf4Block; ++i)
        nearest[i] = nf4::codeOf(values[i] * inverse);
    for (int i = 0; i < kNf4Block / 2; ++i)
        codes[i] = uint8_t((nearest[2 * i] << 4) | nearest[2 * i + 1]);
}

RANKWRIGHT_INLINE void encodeBlocks(const float* values, int64_t blocks, uint8_t* codes, float* absmax)
{
    for (int64_t b = 0; b < blocks; ++b)
        encodeBlock(values + b * kNf4Block, codes + b * kNf4Block / 2, absmax + b);
}

struct Pair { float even, odd; };

// Both values of a byte.
constexpr std::array<Pair, 256> kPairs = [] {
    std::array<Pair, 256> pairs{};
    for (size_t byte = 0; byte < pairs.size(); ++byte)
        pairs[byte] = {kNf4Book[byte >> 4], kNf4Book[byte & 15]};
    return pairs;
}();

void store(float* to, float value) { *to = value; }
void store(uint16_t* to, float value) { *to = nf4::bfloat16Of(value); }

template <class T>
void decodeByPairs(const uint8_t* codes, const float* absmax, int64_t blocks, T* values)
{
    for (int64_t b = 0; b < blocks; ++b) {
        const float scale = absmax[b];
        for (int i = 0; i < kNf4Block / 2; ++i) {
            const Pair& pair = kPairs[codes[b * kNf4Block / 2 + i]];
            store(values + b * kNf4Block + 2 * i, pair.even * scale);
            store(values + b * kNf4Block + 2 * i + 1, pair.odd * scale);
        }
    }
}

#if defined(__x86_64__)
// 8 bytes -> 16 values. The book is two registers of eight; bit 3 of a code, moved to the sign, picks one.
RANKWRIGHT_AVX2 inline __m256 lookUp(__m256i codes, __m256 low, __m256 high)
{
    const __m256 pick = _mm256_castsi256_ps(_mm256_slli_epi32(codes, 28));
    return _mm256_blendv_ps(_mm256_permutevar8x32_ps(low, codes), _mm256_permutevar8x32_ps(high, codes), pick);
}

RANKWRIGHT_AVX2 inline void put(float* to, __m256 even, __m256 odd)
{
    const __m256 first = _mm256_unpacklo_ps(even, odd), second = _mm256_unpackhi_ps(even, odd);
    _mm256_storeu_ps(to, _mm256_permute2f128_ps(first, second, 0x20));
    _mm256_storeu_ps(to + 8, _mm256_permute2f128_ps(first, second, 0x31));
}

RANKWRIGHT_AVX2 inline __m256i rounded(__m256 values)
{
    const __m256i bits = _mm256_castps_si256(values);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    return _mm256_add_epi32(_mm256_add_epi32(bits, odd), _mm256_set1_epi32(0x7fff));
}

RANKWRIGHT_AVX2 inline void put(uint16_t* to, __m256 even, __m256 odd)
{
    const __m256i upper = _mm256_and_si256(rounded(odd), _mm256_set1_epi32(int(0xffff0000u)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_or_si256(_mm256_srli_epi32(rounded(even), 16), upper));
}

template <class T>
RANKWRIGHT_AVX2 void decodeAvx2(const uint8_t* codes, const float* absmax, int64_t blocks, T* values)
{
    const __m256 low = _mm256_loadu_ps(kNf4Book.data()), high = _mm256_loadu_ps(kNf4Book.data() + 8);
    for (int64_t b = 0; b < blocks; ++b) {
        const __m256 scale = _mm256_set1_ps(absmax[b]);
        for (int i = 0; i < kNf4Block / 2; i += 8) {
            const auto* from = reinterpret_cast<const __m128i*>(codes + b * kNf4Block / 2 + i);
            const __m256i bytes = _mm256_cvtepu8_epi32(_mm_loadl_epi64(from));
            const __m256 even = lookUp(_mm256_srli_epi32(bytes, 4), low, high);
            const __m256 odd = lookUp(_mm256_and_si256(bytes, _mm256_set1_epi32(15)), low, high);
            put(values + b * kNf4Block + 2 * i, _mm256_mul_ps(even, scale), _mm256_mul_ps(odd, scale));
        }
    }
}

RANKWRIGHT_AVX512 inline void put(float* to, __m512 even, __m512 odd)
{
    const __m512i first = _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    const __m512i second = _mm512_add_epi32(first, _mm512_set1_epi32(8));
    _mm512_storeu_ps(to, _mm512_permutex2var_ps(even, first, odd));
    _mm512_storeu_ps(to + 16, _mm512_permutex2var_ps(even, second, odd));
}

RANKWRIGHT_AVX512 inline __m512i rounded(__m512 values)
{
    const __m512i bits = _mm512_castps_si512(values);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    return _mm512_add_epi32(_mm512_add_epi32(bits, odd), _mm512_set1_epi32(0x7fff));
}

RANKWRIGHT_AVX512 inline void put(uint16_t* to, __m512 even, __m512 odd)
{
    const __m512i upper = _mm512_and_si512(rounded(odd), _mm512_set1_epi32(int(0xffff0000u)));
    _mm512_storeu_si512(to, _mm512_or_si512(_mm512_srli_epi32(rounded(even), 16), upper));
}

// 16 bytes -> 32 values; the whole book is one register.
template <class T>
RANKWRIGHT_AVX512 void decodeAvx512(const uint8_t* codes, const float* absmax, int64_t blocks, T* values)
{
    const __m512 book = _mm512_loadu_ps(kNf4Book.data());
    for (int64_t b = 0; b < blocks; ++b) {
        const __m512 scale = _mm512_set1_ps(absmax[b]);
        for (int i = 0; i < kNf4Block / 2; i += 16) {
            const auto* from = reinterpret_cast<const __m128i*>(codes + b * kNf4Block / 2 + i);
            const __m512i bytes = _mm512_cvtepu8_epi32(_mm_loadu_si128(from));
            const __m512 even = _mm512_permutexvar_ps(_mm512_srli_epi32(bytes, 4), book);
            const __m512 odd = _mm512_permutexvar_ps(bytes, book);   // looks at the low four bits only
            put(values + b * kNf4Block + 2 * i, _mm512_mul_ps(even, scale), _mm512_mul_ps(odd, scale));
        }
    }
}

// Thresholds by halving: 4 look-ups and comparisons a value instead of 15 comparisons and sums, 2.4 times as fast. Sums of thresholds
// above the last are never looked at.
struct Halving
{
    __m512 eighth, fourth, second, first;   // lane c: threshold c + 7 (the same in all lanes), c + 3, c + 1, c
};

RANKWRIGHT_AVX512 inline Halving halving()
{
    std::array<float, 19> thresholds{};
    for (int i = 0; i < 15; ++i)
        thresholds[size_t(i)] = nf4::threshold(i);
    return {_mm512_set1_ps(thresholds[7]), _mm512_loadu_ps(thresholds.data() + 3), _mm512_loadu_ps(thresholds.data() + 1),
        _mm512_loadu_ps(thresholds.data())};
}

// nf4::codeOf() of 16 values, as bytes.
RANKWRIGHT_AVX512 inline __m128i codesOf(__m512 x, const Halving& thresholds)
{
    __m512i code = _mm512_maskz_set1_epi32(_mm512_cmp_ps_mask(x, thresholds.eighth, _CMP_GT_OQ), 8);
    const auto step = [&](__m512 table, int size) __attribute__((target("avx512f"))) {
        const __mmask16 above = _mm512_cmp_ps_mask(x, _mm512_permutexvar_ps(code, table), _CMP_GT_OQ);
        code = _mm512_mask_add_epi32(code, above, code, _mm512_set1_epi32(size));
    };
    step(thresholds.fourth, 4);
    step(thresholds.second, 2);
    step(thresholds.first, 1);
    return _mm512_cvtepi32_epi8(code);
}

RANKWRIGHT_AVX512 void encodeAvx512(const float* values, int64_t blocks, uint8_t* codes, float* absmax)
{
    const Halving thresholds = halving();
    const __m512i noSign = _mm512_set1_epi32(0x7fffffff);
    const __m256i pair = _mm256_set1_epi16(0x0110);   // 16 times the even byte and the odd one
    for (int64_t b = 0; b < blocks; ++b, values += kNf4Block, codes += kNf4Block / 2) {
        __m512 x[4];
        __m512i most = _mm512_setzero_si512();
        for (int i = 0; i < 4; ++i) {
            x[i] = _mm512_loadu_ps(values + 16 * i);
            most = _mm512_max_epi32(most, _mm512_and_si512(_mm512_castps_si512(x[i]), noSign));
        }
        const float scale = nf4::fromSizeBits(_mm512_reduce_max_epi32(most));
        absmax[b] = scale;
        const __m512 inverse = _mm512_set1_ps(nf4::inverseOf(scale));
        for (int i = 0; i < 4; i += 2) {
            const __m128i first = codesOf(_mm512_mul_ps(x[i], inverse), thresholds);
            const __m128i second = codesOf(_mm512_mul_ps(x[i + 1], inverse), thresholds);
            const __m256i nibbles = _mm256_maddubs_epi16(_mm256_set_m128i(second, first), pair);
            _mm_storeu_si128(reinterpret_cast<__m128i*>(codes + 8 * i), _mm256_cvtepi16_epi8(nibbles));
        }
    }
}
#endif

template <class T>
void decode(const uint8_t* codes, const float* absmax, int64_t blocks, T* values)
{
#if defined(__x86_64__)
    switch (widestVectors()) {
    case Width::avx512: return decodeAvx512(codes, absmax, blocks, values);
    case Width::avx2: return decodeAvx2(codes, absmax, blocks, values);
    case Width::baseline: break;
    }
#endif
    decodeByPairs(codes, absmax, blocks, values);
}

}  // namespace

void encodeNf4(const float* values, int64_t blocks, uint8_t* codes, float* absmax)
{
#if defined(__x86_64__)
    if (widestVectors() == Width::avx512)
        return encodeAvx512(values, blocks, codes, absmax);
#endif
    runWidest<encodeBlocks>(values, blocks, codes, absmax);
}

void encodeNf4Tail(const float* values, int64_t count, uint8_t* codes, float* absmax)
{
    const float scale = nf4::atLeast(largest(values, int(count)), nf4::kLeastScale);
    *absmax = scale;
    std::fill_n(codes, (count + 1) / 2, uint8_t(0));
    for (int64_t i = 0; i < (count + 1) / 2 * 2; ++i) {
        const float x = i < count ? values[i] / scale : 0.0f;
        const int code = nf4::codeOf(x);
        codes[i / 2] = uint8_t(codes[i / 2] | (i % 2 == 0 ? code << 4 : code));
    }
}

void decodeNf4(const uint8_t* codes, const float* absmax, int64_t blocks, float* values)
{
    decode(codes, absmax, blocks, values);
}

void decodeNf4(const uint8_t* codes, const float* absmax, int64_t blocks, uint16_t* bfloat16s)
{
    decode(codes, absmax, blocks, bfloat16s);
}

}  // namespace rankwright
