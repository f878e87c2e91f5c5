// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The kernels of nf4_kernels.h compiled for GPUs. No header of LibTorch's: nvcc and its own headers are enough.
#include "training/quant/nf4_launch.h"

#include <cuda_runtime.h>

#include "training/quant/nf4_kernels.h"

namespace rankwright::cuda {

namespace {

// Blocks of `threads` threads that make up `count` of them.
unsigned blocksFor(int64_t count, int threads)
{
    return unsigned((count + threads - 1) / threads);
}

const char* status()
{
    const cudaError_t error = cudaGetLastError();
    return error == cudaSuccess ? nullptr : cudaGetErrorString(error);
}

nf4::ScaleTable tableOf(const Nf4Scales& scales)
{
    return {scales.absmax, scales.codes, scales.outer, scales.offset, scales.map};
}

template <class T>
const char* decode(const uint8_t* codes, const Nf4Scales& scales, int64_t begin, int64_t end, T* to, void* stream)
{
    const int64_t runs = (end + nf4::kRun - 1) / nf4::kRun - begin / nf4::kRun;
    nf4::decode<T><<<blocksFor(runs, nf4::kThreads), nf4::kThreads, 0, cudaStream_t(stream)>>>(codes, tableOf(scales), begin, end, to);
    return status();
}

template <class T>
const char* timesRow(const uint8_t* codes, const Nf4Scales& scales, const T* x, int64_t out, int64_t in, T* y, void* stream)
{
    nf4::timesRow<T><<<blocksFor(out * nf4::kWarp, nf4::kThreads), nf4::kThreads, 0, cudaStream_t(stream)>>>(
        codes, tableOf(scales), x, out, in, y);
    return status();
}

}  // namespace

const char* encodeNf4(const float* values, int64_t count, uint8_t* codes, float* absmax, void* stream)
{
    const int64_t blocks = (count + nf4::kBlock - 1) / nf4::kBlock;
    nf4::encode<<<blocksFor(blocks * nf4::kWarp, nf4::kThreads), nf4::kThreads, 0, cudaStream_t(stream)>>>(values, count, codes, absmax);
    return status();
}

const char* encodeNf4Scales(const float* absmax, int64_t count, const float* offset, const uint8_t* cells, uint8_t* codes,
    float* outer, void* stream)
{
    nf4::encodeScales<<<blocksFor(count, nf4::kScaleBlock), nf4::kScaleBlock, 0, cudaStream_t(stream)>>>(
        absmax, count, offset, cells, codes, outer);
    return status();
}

const char* decodeNf4(const uint8_t* codes, const Nf4Scales& scales, int64_t begin, int64_t end, float* to, void* stream)
{
    return decode(codes, scales, begin, end, to, stream);
}

const char* decodeNf4(const uint8_t* codes, const Nf4Scales& scales, int64_t begin, int64_t end, uint16_t* to, void* stream)
{
    return decode(codes, scales, begin, end, to, stream);
}

const char* timesRowNf4(const uint8_t* codes, const Nf4Scales& scales, const float* x, int64_t out, int64_t in, float* y, void* stream)
{
    return timesRow(codes, scales, x, out, in, y, stream);
}

const char* timesRowNf4(const uint8_t* codes, const Nf4Scales& scales, const uint16_t* x, int64_t out, int64_t in, uint16_t* y,
    void* stream)
{
    return timesRow(codes, scales, x, out, in, y, stream);
}

}  // namespace rankwright::cuda
