// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/quant/row_loops.h"

#include "training/formats/half_float.h"
#include "training/quant/nf4.h"
#include "training/quant/widest.h"

#include <cstring>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
// GCC 12 warns of the undefined registers that its own AVX-512 header makes on purpose (its bug 105593), wherever they are inlined.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace rankwright {

namespace {

constexpr int64_t kHalf = kNf4Block / 2;

// The book's values are looked up one by one: the compiler makes no vector code of a table.
float byTable(const uint8_t* codes, const float* absmax, int64_t blocks, const float* even, const float* odd)
{
    float sum = 0;
    for (int64_t b = 0; b < blocks; ++b, codes += kHalf, even += kHalf, odd += kHalf) {
        float part[4] = {};
        for (int64_t i = 0; i < kHalf; i += 4) {
            for (int64_t k = 0; k < 4; ++k)
                part[k] += even[i + k] * kNf4Book[codes[i + k] >> 4] + odd[i + k] * kNf4Book[codes[i + k] & 15];
        }
        sum += absmax[b] * ((part[0] + part[1]) + (part[2] + part[3]));
    }
    return sum;
}

template <int count>
RANKWRIGHT_INLINE float sumOf(const float* lanes)
{
    if constexpr (count == 1)
        return *lanes;
    else
        return sumOf<count / 2>(lanes) + sumOf<count / 2>(lanes + count / 2);
}

#if defined(__x86_64__)
// A half of the book fits a register: both are looked up, the code's highest bit chooses.
RANKWRIGHT_AVX2 inline __m256 valuesOf(__m256i codes, __m256 low, __m256 high)
{
    const __m256 pick = _mm256_castsi256_ps(_mm256_slli_epi32(codes, 28));
    return _mm256_blendv_ps(_mm256_permutevar8x32_ps(low, codes), _mm256_permutevar8x32_ps(high, codes), pick);
}

RANKWRIGHT_AVX2 float byAvx2(const uint8_t* codes, const float* absmax, int64_t blocks, const float* even, const float* odd)
{
    const __m256 low = _mm256_loadu_ps(kNf4Book.data()), high = _mm256_loadu_ps(kNf4Book.data() + 8);
    __m256 sum = _mm256_setzero_ps();
    for (int64_t b = 0; b < blocks; ++b, codes += kHalf, even += kHalf, odd += kHalf) {
        __m256 evens = _mm256_setzero_ps(), odds = _mm256_setzero_ps();
        for (int64_t i = 0; i < kHalf; i += 8) {
            const __m256i bytes = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(codes + i)));
            const __m256 first = valuesOf(_mm256_srli_epi32(bytes, 4), low, high), second = valuesOf(bytes, low, high);
            evens = _mm256_add_ps(evens, _mm256_mul_ps(_mm256_loadu_ps(even + i), first));
            odds = _mm256_add_ps(odds, _mm256_mul_ps(_mm256_loadu_ps(odd + i), second));
        }
        sum = _mm256_add_ps(sum, _mm256_mul_ps(_mm256_set1_ps(absmax[b]), _mm256_add_ps(evens, odds)));
    }
    alignas(32) float lanes[8];
    _mm256_store_ps(lanes, sum);
    return sumOf<8>(lanes);
}

// The whole book is one register, and the look-up uses the low four bits alone.
RANKWRIGHT_AVX512 float byAvx512(const uint8_t* codes, const float* absmax, int64_t blocks, const float* even, const float* odd)
{
    const __m512 book = _mm512_loadu_ps(kNf4Book.data());
    __m512 sum = _mm512_setzero_ps();
    for (int64_t b = 0; b < blocks; ++b, codes += kHalf, even += kHalf, odd += kHalf) {
        const __m512i first = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes)));
        const __m512i second = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes + 16)));
        __m512 evens = _mm512_mul_ps(_mm512_loadu_ps(even), _mm512_permutexvar_ps(_mm512_srli_epi32(first, 4), book));
        __m512 odds = _mm512_mul_ps(_mm512_loadu_ps(odd), _mm512_permutexvar_ps(first, book));
        evens = _mm512_fmadd_ps(_mm512_loadu_ps(even + 16), _mm512_permutexvar_ps(_mm512_srli_epi32(second, 4), book), evens);
        odds = _mm512_fmadd_ps(_mm512_loadu_ps(odd + 16), _mm512_permutexvar_ps(second, book), odds);
        sum = _mm512_fmadd_ps(_mm512_set1_ps(absmax[b]), _mm512_add_ps(evens, odds), sum);
    }
    alignas(64) float lanes[16];
    _mm512_store_ps(lanes, sum);
    return sumOf<16>(lanes);
}

RANKWRIGHT_AVX512 inline __m512 widened(const int8_t* codes)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes))));
}

// Four sums side by side: one alone waits four cycles for each of its additions (10.0 against 6.3 ms for 106 million codes).
RANKWRIGHT_AVX512 float int8ByAvx512(const int8_t* codes, int64_t count, const float* x)
{
    __m512 a = _mm512_setzero_ps(), b = a, c = a, d = a;
    int64_t i = 0;
    for (; i + 64 <= count; i += 64) {
        a = _mm512_fmadd_ps(_mm512_loadu_ps(x + i), widened(codes + i), a);
        b = _mm512_fmadd_ps(_mm512_loadu_ps(x + i + 16), widened(codes + i + 16), b);
        c = _mm512_fmadd_ps(_mm512_loadu_ps(x + i + 32), widened(codes + i + 32), c);
        d = _mm512_fmadd_ps(_mm512_loadu_ps(x + i + 48), widened(codes + i + 48), d);
    }
    alignas(64) float lanes[16];
    _mm512_store_ps(lanes, _mm512_add_ps(_mm512_add_ps(a, b), _mm512_add_ps(c, d)));
    float sum = sumOf<16>(lanes);
    for (; i < count; ++i)
        sum += x[i] * float(codes[i]);
    return sum;
}
#endif

RANKWRIGHT_INLINE void int8Sum(const int8_t* codes, int64_t count, const float* x, float* sum)
{
    float all = 0;
#pragma omp simd reduction(+ : all)
    for (int64_t i = 0; i < count; ++i)
        all += x[i] * float(codes[i]);
    *sum = all;
}

RANKWRIGHT_INLINE void floatSum(const float* w, int64_t count, const float* x, float* sum)
{
    float all = 0;
#pragma omp simd reduction(+ : all)
    for (int64_t i = 0; i < count; ++i)
        all += x[i] * w[i];
    *sum = all;
}

constexpr int64_t kSmall = 32;   // values of a GGUF block
constexpr int64_t kLine = 64;    // bytes that memory delivers at once
constexpr int64_t kAhead = 4096; // bytes that are fetched ahead

// What the rows of a product share: the kind of block, their number in a row, x, its sums by blocks, and room for a row's scales.
struct BlockRows
{
    const SmallBlocks& kind;
    int64_t count;
    const float *x, *sums;
    float *scales, *least;
};

// A row's scales and least values, widened; without a least value that is -middle scales.
RANKWRIGHT_INLINE void widenScales(const BlockRows& rows, const std::byte* row)
{
    const bool two = rows.kind.scales == 2;
    for (int64_t b = 0; b < rows.count; ++b) {
        uint32_t word;
        std::memcpy(&word, row + b * rows.kind.bytes, sizeof word);
        rows.scales[b] = widenedHalf(uint16_t(word));
        rows.least[b] = two ? widenedHalf(uint16_t(word >> 16)) : -float(rows.kind.middle) * rows.scales[b];
    }
}

// The sum of each block's values of x, which meets its least value.
RANKWRIGHT_INLINE void sumBlocks(const float* x, int64_t blocks, float* sums)
{
    for (int64_t b = 0; b < blocks; ++b) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < kSmall; ++i)
            sum += x[b * kSmall + i];
        sums[b] = sum;
    }
}

RANKWRIGHT_INLINE float nibbleBlock(const uint8_t* codes, const float* x)
{
    constexpr int64_t kHalfBlock = kSmall / 2;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < kHalfBlock; ++i)
        sum += x[i] * float(codes[i] & 15) + x[i + kHalfBlock] * float(codes[i] >> 4);
    return sum;
}

RANKWRIGHT_INLINE float byteBlock(const uint8_t* codes, const float* x)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < kSmall; ++i)
        sum += x[i] * float(int8_t(codes[i]));
    return sum;
}

RANKWRIGHT_INLINE void blockRows(const BlockRows* all, const std::byte* row, int64_t rowBytes, int64_t count, float* y)
{
    const auto& [kind, blocks, x, sums, scales, least] = *all;
    for (int64_t o = 0; o < count; ++o, row += rowBytes) {
        widenScales(*all, row);
        const auto* codes = reinterpret_cast<const uint8_t*>(row) + 2 * kind.scales;
        float sum = 0;
        for (int64_t b = 0; b < blocks; ++b, codes += kind.bytes) {
            const float part = kind.nibbles ? nibbleBlock(codes, x + b * kSmall) : byteBlock(codes, x + b * kSmall);
            sum += scales[b] * part + least[b] * sums[b];
        }
        y[o] = sum;
    }
}

#if defined(__x86_64__)
// Sixteen blocks' words are gathered, a scale and perhaps a least value each; the sum of what the least values add.
RANKWRIGHT_AVX512 inline __m512 gatherScales(const BlockRows& rows, const std::byte* row)
{
    const __m512i steps = _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
        _mm512_set1_epi32(int(rows.kind.bytes)));
    __m512 added = _mm512_setzero_ps();
    for (int64_t ahead = 0; ahead < rows.count * rows.kind.bytes; ahead += kLine)
        __builtin_prefetch(row + kAhead + ahead);
    for (int64_t b = 0; b < rows.count; b += 16) {
        const __mmask16 mask = rows.count - b >= 16 ? 0xFFFF : __mmask16((1U << (rows.count - b)) - 1);
        const __m512i words = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), mask, steps, row + b * rows.kind.bytes, 1);
        const __m512 scales = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(words));
        const __m512 least = rows.kind.scales == 2 ? _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(words, 16)))
                                                   : _mm512_mul_ps(scales, _mm512_set1_ps(-float(rows.kind.middle)));
        _mm512_mask_storeu_ps(rows.scales + b, mask, scales);
        added = _mm512_fmadd_ps(least, _mm512_maskz_loadu_ps(mask, rows.sums + b), added);
    }
    return added;
}

// A nibble looks its own value up: the table is a register, and the look-up uses the low four bits alone.
RANKWRIGHT_AVX512 inline __m512 nibblesTimes(const uint8_t* codes, const float* x)
{
    const __m512 table = _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i bytes = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes)));
    const __m512 first = _mm512_mul_ps(_mm512_loadu_ps(x), _mm512_permutexvar_ps(bytes, table));
    return _mm512_fmadd_ps(_mm512_loadu_ps(x + 16), _mm512_permutexvar_ps(_mm512_srli_epi32(bytes, 4), table), first);
}

RANKWRIGHT_AVX512 inline __m512 bytesTimes(const uint8_t* codes, const float* x)
{
    const auto* from = reinterpret_cast<const int8_t*>(codes);
    const __m512 first = _mm512_mul_ps(_mm512_loadu_ps(x), widened(from));
    return _mm512_fmadd_ps(_mm512_loadu_ps(x + 16), widened(from + 16), first);
}

RANKWRIGHT_AVX512 inline __attribute__((always_inline)) __m512 blockTimes(bool nibbles, const uint8_t* codes, const float* x)
{
    return nibbles ? nibblesTimes(codes, x) : bytesTimes(codes, x);
}

RANKWRIGHT_AVX512 inline __attribute__((always_inline)) void blockRowsByAvx512(
    bool nibbles, const BlockRows& all, const std::byte* row, int64_t rowBytes, int64_t count, float* y)
{
    const auto step = all.kind.bytes;
    for (int64_t o = 0; o < count; ++o, row += rowBytes) {
        __m512 even = gatherScales(all, row), odd = _mm512_setzero_ps();
        const auto* codes = reinterpret_cast<const uint8_t*>(row) + 2 * all.kind.scales;
        const float* x = all.x;
        int64_t b = 0;
        for (; b + 2 <= all.count; b += 2, codes += 2 * step, x += 2 * kSmall) {
            even = _mm512_fmadd_ps(_mm512_set1_ps(all.scales[b]), blockTimes(nibbles, codes, x), even);
            odd = _mm512_fmadd_ps(_mm512_set1_ps(all.scales[b + 1]), blockTimes(nibbles, codes + step, x + kSmall), odd);
        }
        if (b < all.count)
            even = _mm512_fmadd_ps(_mm512_set1_ps(all.scales[b]), blockTimes(nibbles, codes, x), even);
        alignas(64) float lanes[16];
        _mm512_store_ps(lanes, _mm512_add_ps(even, odd));
        y[o] = sumOf<16>(lanes);
    }
}

// Half floats in the lower halves of eight words, whose upper ones are zero.
RANKWRIGHT_AVX2_SUMS inline __m256 widenedHalves(__m256i words)
{
    return _mm256_cvtph_ps(_mm_packus_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
}

// As gatherScales(), eight blocks at a time, the rest one by one.
RANKWRIGHT_AVX2_SUMS inline __m256 gatherScalesByAvx2(const BlockRows& rows, const std::byte* row)
{
    const __m256i steps = _mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(int(rows.kind.bytes)));
    const bool two = rows.kind.scales == 2;
    const float middle = -float(rows.kind.middle);
    __m256 added = _mm256_setzero_ps();
    for (int64_t ahead = 0; ahead < rows.count * rows.kind.bytes; ahead += kLine)
        __builtin_prefetch(row + kAhead + ahead);
    int64_t b = 0;
    for (; b + 8 <= rows.count; b += 8) {
        const __m256i words = _mm256_i32gather_epi32(reinterpret_cast<const int*>(row + b * rows.kind.bytes), steps, 1);
        const __m256 scales = widenedHalves(_mm256_and_si256(words, _mm256_set1_epi32(0xFFFF)));
        const __m256 least = two ? widenedHalves(_mm256_srli_epi32(words, 16)) : _mm256_mul_ps(scales, _mm256_set1_ps(middle));
        _mm256_storeu_ps(rows.scales + b, scales);
        added = _mm256_fmadd_ps(least, _mm256_loadu_ps(rows.sums + b), added);
    }
    float rest = 0;
    for (; b < rows.count; ++b) {
        uint32_t word;
        std::memcpy(&word, row + b * rows.kind.bytes, sizeof word);
        rows.scales[b] = _cvtsh_ss(uint16_t(word));
        rest += (two ? _cvtsh_ss(uint16_t(word >> 16)) : middle * rows.scales[b]) * rows.sums[b];
    }
    return _mm256_add_ps(added, _mm256_setr_ps(rest, 0, 0, 0, 0, 0, 0, 0));
}

// Eight nibbles, each in the lower half of a byte.
RANKWRIGHT_AVX2_SUMS inline __m256 eightNibbles(__m128i bytes)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
}

RANKWRIGHT_AVX2_SUMS inline __m256 eightBytes(const uint8_t* codes)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(codes))));
}

RANKWRIGHT_AVX2_SUMS inline __attribute__((always_inline)) void addBlockByAvx2(
    bool nibbles, const uint8_t* codes, float scale, const float* x, __m256& even, __m256& odd)
{
    __m256 v[4];
    if (nibbles) {
        const __m128i mask = _mm_set1_epi8(15), bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes));
        const __m128i first = _mm_and_si128(bytes, mask), second = _mm_and_si128(_mm_srli_epi16(bytes, 4), mask);
        v[0] = eightNibbles(first);
        v[1] = eightNibbles(_mm_srli_si128(first, 8));
        v[2] = eightNibbles(second);
        v[3] = eightNibbles(_mm_srli_si128(second, 8));
    } else {
        for (int64_t k = 0; k < 4; ++k)
            v[k] = eightBytes(codes + 8 * k);
    }
    const __m256 a = _mm256_fmadd_ps(_mm256_loadu_ps(x + 8), v[1], _mm256_mul_ps(_mm256_loadu_ps(x), v[0]));
    const __m256 b = _mm256_fmadd_ps(_mm256_loadu_ps(x + 24), v[3], _mm256_mul_ps(_mm256_loadu_ps(x + 16), v[2]));
    even = _mm256_fmadd_ps(_mm256_set1_ps(scale), a, even);
    odd = _mm256_fmadd_ps(_mm256_set1_ps(scale), b, odd);
}

RANKWRIGHT_AVX2_SUMS inline __attribute__((always_inline)) void blockRowsByAvx2(
    bool nibbles, const BlockRows& all, const std::byte* row, int64_t rowBytes, int64_t count, float* y)
{
    for (int64_t o = 0; o < count; ++o, row += rowBytes) {
        __m256 even = gatherScalesByAvx2(all, row), odd = _mm256_setzero_ps(), more = odd, most = odd;
        const auto* codes = reinterpret_cast<const uint8_t*>(row) + 2 * all.kind.scales;
        const auto step = all.kind.bytes;
        int64_t b = 0;
        for (; b + 2 <= all.count; b += 2, codes += 2 * step) {
            addBlockByAvx2(nibbles, codes, all.scales[b], all.x + b * kSmall, even, odd);
            addBlockByAvx2(nibbles, codes + step, all.scales[b + 1], all.x + (b + 1) * kSmall, more, most);
        }
        if (b < all.count)
            addBlockByAvx2(nibbles, codes, all.scales[b], all.x + b * kSmall, even, odd);
        alignas(32) float lanes[8];
        _mm256_store_ps(lanes, _mm256_add_ps(_mm256_add_ps(even, odd), _mm256_add_ps(more, most)));
        y[o] = sumOf<8>(lanes);
    }
}

RANKWRIGHT_AVX2_SUMS void nibbleRowsByAvx2(const BlockRows& all, const std::byte* row, int64_t rowBytes, int64_t count, float* y)
{
    blockRowsByAvx2(true, all, row, rowBytes, count, y);
}

RANKWRIGHT_AVX2_SUMS void byteRowsByAvx2(const BlockRows& all, const std::byte* row, int64_t rowBytes, int64_t count, float* y)
{
    blockRowsByAvx2(false, all, row, rowBytes, count, y);
}

RANKWRIGHT_AVX512 void nibbleRowsByAvx512(const BlockRows& all, const std::byte* row, int64_t rowBytes, int64_t count, float* y)
{
    blockRowsByAvx512(true, all, row, rowBytes, count, y);
}

RANKWRIGHT_AVX512 void byteRowsByAvx512(const BlockRows& all, const std::byte* row, int64_t rowBytes, int64_t count, float* y)
{
    blockRowsByAvx512(false, all, row, rowBytes, count, y);
}
#endif

RANKWRIGHT_INLINE void partLoop(const float* x, int64_t count, float* parted)
{
    const int64_t half = count / 2;
#pragma omp simd
    for (int64_t i = 0; i < half; ++i) {
        parted[i] = x[2 * i];
        parted[half + i] = x[2 * i + 1];
    }
}

}  // namespace

void partColumns(const float* x, int64_t count, float* parted)
{
    runWidest<partLoop>(x, count, parted);
}

float timesNf4(const uint8_t* codes, const float* absmax, int64_t blocks, const float* even, const float* odd)
{
#if defined(__x86_64__)
    switch (widestVectors()) {
    case Width::avx512: return byAvx512(codes, absmax, blocks, even, odd);
    case Width::avx2: return byAvx2(codes, absmax, blocks, even, odd);
    case Width::baseline: break;
    }
#endif
    return byTable(codes, absmax, blocks, even, odd);
}

float timesInt8(const int8_t* codes, int64_t count, const float* x)
{
#if defined(__x86_64__)
    if (widestVectors() == Width::avx512)
        return int8ByAvx512(codes, count, x);
#endif
    float sum = 0;
    runWidest<int8Sum>(codes, count, x, &sum);
    return sum;
}

float timesFloat(const float* w, int64_t count, const float* x)
{
    float sum = 0;
    runWidest<floatSum>(w, count, x, &sum);
    return sum;
}

void timesSmallBlocks(
    const SmallBlocks& kind, const std::byte* blocks, int64_t rowBytes, int64_t in, int64_t rows, const float* x, float* y)
{
    const auto count = in / kSmall;
    thread_local std::vector<float> room;
    room.resize(size_t(3 * count));
    float* const sums = room.data();
    runWidest<sumBlocks>(x, count, sums);
    const BlockRows all{kind, count, x, sums, sums + count, sums + 2 * count};
#if defined(__x86_64__)
    switch (widestVectors()) {
    case Width::avx512: return (kind.nibbles ? nibbleRowsByAvx512 : byteRowsByAvx512)(all, blocks, rowBytes, rows, y);
    case Width::avx2: return (kind.nibbles ? nibbleRowsByAvx2 : byteRowsByAvx2)(all, blocks, rowBytes, rows, y);
    case Width::baseline: break;
    }
#endif
    runWidest<blockRows>(&all, blocks, rowBytes, rows, y);
}

}  // namespace rankwright
