// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// NF4 on a GPU: the bodies of the kernels, over plain memory, with the arithmetic of nf4_arithmetic.h. nf4_cuda.cu compiles them
// for GPUs; tests/training/tst_nf4_kernels.cpp compiles them as C++ and runs them in threads (tests/support/cuda_emulation.h), which
// provide what CUDA gives a kernel: threadIdx, blockIdx, __shared__, __syncthreads and __shfl_xor_sync.
//
// Why they look as they do (an H100 moves 3 TB/s and starts about 5 instructions a value in the time that a code of 4 bits takes):
// a thread takes 8 neighbouring values, 4 bytes of codes, so that a warp reads whole lines, and they never straddle two scales. The
// 16 values and the 256 of the scales' map lie in shared memory, where 32 threads look up different entries at once.
// One file of a program includes this: kernels that are no templates are defined here.
// Only shared memory and exchanges within a warp are used: no value depends on the order in which blocks or warps run.
#pragma once

#include "training/quant/nf4_arithmetic.h"

namespace rankwright::nf4 {

inline constexpr int kThreads = 128;   // of a block of every kernel but encodeScales, which has one a scale of a block: 256
inline constexpr int kWarp = 32;
inline constexpr int kRun = 8;         // values a thread takes at once

// The scales of a matrix: `absmax`, or, where that is nullptr, codes in the 256 values of `map` in blocks of 256 that share `outer`.
struct ScaleTable
{
    const float* absmax;
    const uint8_t* codes;
    const float* outer;
    const float* offset;   // one number
    const float* map;
};

// 16 bytes, moved by one instruction.
struct alignas(16) Words { uint32_t word[4]; };

// The tables of a block of threads.
struct Tables { float book[16], map[256]; };

__device__ inline void fill(Tables& tables, const ScaleTable& scales)
{
    if (threadIdx.x < 16)
        tables.book[threadIdx.x] = valueOf(int(threadIdx.x));
    if (scales.absmax == nullptr) {
        for (int i = int(threadIdx.x); i < 256; i += kThreads)
            tables.map[i] = scales.map[i];
    }
    __syncthreads();
}

__device__ inline float scaleAt(const ScaleTable& scales, const Tables& tables, int64_t block)
{
    if (scales.absmax != nullptr)
        return scales.absmax[block];
    return scaleOf(tables.map[scales.codes[block]], scales.outer[block / kScaleBlock], *scales.offset);
}

// The value `i` of the eight whose codes are in a word: even ones in the high half of a byte.
__device__ inline float bookAt(const Tables& tables, uint32_t word, int i)
{
    return tables.book[(word >> (i / 2 * 8 + (i % 2 == 0 ? 4 : 0))) & 15u];
}

__device__ inline uint32_t wordAt(const uint8_t* codes, int64_t value)   // of the values `value` .. + 7, a multiple of 8
{
    return *reinterpret_cast<const uint32_t*>(codes + value / 2);
}

__device__ inline void store(float* to, float value) { *to = value; }
__device__ inline void store(uint16_t* to, float value) { *to = bfloat16Of(value); }
__device__ inline uint32_t bitsOf(float value)
{
    union { float number; uint32_t bits; } same{value};
    return same.bits;
}

__device__ inline void storeRun(float* to, const float (&values)[kRun])
{
    auto* words = reinterpret_cast<Words*>(to);
    words[0] = {{bitsOf(values[0]), bitsOf(values[1]), bitsOf(values[2]), bitsOf(values[3])}};
    words[1] = {{bitsOf(values[4]), bitsOf(values[5]), bitsOf(values[6]), bitsOf(values[7])}};
}

__device__ inline uint32_t pairOf(float low, float high)
{
    return uint32_t(bfloat16Of(low)) | (uint32_t(bfloat16Of(high)) << 16);
}

__device__ inline void storeRun(uint16_t* to, const float (&values)[kRun])
{
    *reinterpret_cast<Words*>(to) = {{pairOf(values[0], values[1]), pairOf(values[2], values[3]), pairOf(values[4], values[5]),
        pairOf(values[6], values[7])}};
}

__device__ inline void loadRun(const float* from, float (&values)[kRun])
{
    for (int i = 0; i < kRun; ++i)
        values[i] = from[i];
}

__device__ inline void loadRun(const uint16_t* from, float (&values)[kRun])
{
    const Words words = *reinterpret_cast<const Words*>(from);
    for (int i = 0; i < kRun; ++i)
        values[i] = fromBfloat16(uint16_t(words.word[i / 2] >> (i % 2 * 16)));
}

// Codes and scales of `count` values, the last block of which may be short. A warp takes a block of 64: two values, one byte, a lane.
// Grid: a thread for every two values of whole blocks.
__global__ void encode(const float* values, int64_t count, uint8_t* codes, float* absmax)
{
    const int64_t thread = int64_t(blockIdx.x) * kThreads + threadIdx.x;
    const int64_t block = thread / kWarp, start = block * kBlock, even = 2 * thread;
    if (start >= count)
        return;   // the whole warp
    const float first = even < count ? values[even] : 0.0f, second = even + 1 < count ? values[even + 1] : 0.0f;
    int most = sizeBits(first) < sizeBits(second) ? sizeBits(second) : sizeBits(first);
    for (int lanes = kWarp / 2; lanes > 0; lanes /= 2) {
        const int other = __shfl_xor_sync(0xffffffffu, most, lanes);
        most = most < other ? other : most;
    }
    const bool whole = start + kBlock <= count;
    const float largest = fromSizeBits(most), scale = whole ? largest : atLeast(largest, kLeastScale);
    const float inverse = inverseOf(largest);
    const int high = codeOf(whole ? first * inverse : first / scale), low = codeOf(whole ? second * inverse : second / scale);
    if (even < count)
        codes[even / 2] = uint8_t((high << 4) | low);
    if (threadIdx.x % kWarp == 0)
        absmax[block] = scale;
}

// Quantises the scales in turn: codes of absmax - *offset in blocks of 256, by `cells`, the table of dynamic_map.h. Grid: a block of
// 256 threads for every 256 scales.
__global__ void encodeScales(const float* absmax, int64_t count, const float* offset, const uint8_t* cells, uint8_t* codes,
    float* outer)
{
    __shared__ int warpMost[kScaleBlock / kWarp];
    const int64_t scale = int64_t(blockIdx.x) * kScaleBlock + threadIdx.x;
    const float centred = scale < count ? absmax[scale] - *offset : 0.0f;
    int most = sizeBits(centred);
    for (int lanes = kWarp / 2; lanes > 0; lanes /= 2) {
        const int other = __shfl_xor_sync(0xffffffffu, most, lanes);
        most = most < other ? other : most;
    }
    if (threadIdx.x % kWarp == 0)
        warpMost[threadIdx.x / kWarp] = most;
    __syncthreads();
    for (int warp = 0; warp < kScaleBlock / kWarp; ++warp)
        most = most < warpMost[warp] ? warpMost[warp] : most;
    const float largest = fromSizeBits(most);
    if (threadIdx.x == 0)
        outer[blockIdx.x] = largest;
    if (scale < count)
        codes[scale] = most == 0 ? uint8_t(0) : cells[scaleCell(centred, 1.0f / largest)];
}

// Values [begin, end) of a matrix, to[0] being value `begin`. T: float, or uint16_t for bfloat16. Grid: a thread for every 8 values,
// counted from begin / 8.
template <class T>
__global__ void decode(const uint8_t* codes, ScaleTable scales, int64_t begin, int64_t end, T* to)
{
    __shared__ Tables tables;
    fill(tables, scales);
    const int64_t first = (begin / kRun + int64_t(blockIdx.x) * kThreads + threadIdx.x) * kRun;
    if (first >= end)
        return;
    const float scale = scaleAt(scales, tables, first / kBlock);
    if (begin % kRun == 0 && first + kRun <= end) {
        const uint32_t word = wordAt(codes, first);
        float values[kRun];
        for (int i = 0; i < kRun; ++i)
            values[i] = bookAt(tables, word, i) * scale;
        storeRun(to + (first - begin), values);
        return;
    }
    // Where rows do not begin at a multiple of 8, and at the end.
    for (int64_t value = first < begin ? begin : first; value < first + kRun && value < end; ++value) {
        const uint8_t pair = codes[value / 2];
        store(to + (value - begin), tables.book[value % 2 == 0 ? pair >> 4 : pair & 15] * scale);
    }
}

// y = W x for W (out, in), `in` a multiple of 64, x (in) and y (out) in T; the sums in float32, with the weights as they are before
// they would be rounded to T. A warp takes a row. Grid: a warp for every row.
template <class T>
__global__ void timesRow(const uint8_t* codes, ScaleTable scales, const T* x, int64_t out, int64_t in, T* y)
{
    __shared__ Tables tables;
    fill(tables, scales);
    const int64_t row = (int64_t(blockIdx.x) * kThreads + threadIdx.x) / kWarp;
    if (row >= out)
        return;   // the whole warp
    float sum = 0;
    for (int64_t column = int64_t(threadIdx.x % kWarp) * kRun; column < in; column += kWarp * kRun) {
        const uint32_t word = wordAt(codes, row * in + column);
        float inputs[kRun];
        loadRun(x + column, inputs);
        float part = 0;   // the eight share a scale
        for (int i = 0; i < kRun; ++i)
            part += bookAt(tables, word, i) * inputs[i];
        sum += part * scaleAt(scales, tables, (row * in + column) / kBlock);
    }
    for (int lanes = kWarp / 2; lanes > 0; lanes /= 2)
        sum += __shfl_xor_sync(0xffffffffu, sum, lanes);
    if (threadIdx.x % kWarp == 0)
        store(y + row, sum);
}

}  // namespace rankwright::nf4
