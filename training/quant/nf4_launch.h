// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The kernels of nf4_kernels.h as functions over memory of a GPU; they start work on `stream` (a cudaStream_t) and return. Each
// answers nullptr, or CUDA's words for what went wrong. nf4_cuda.cu where nvcc and a LibTorch with CUDA were found, nf4_no_cuda.cpp
// otherwise: CMake takes one of the two.
#pragma once

#include <cstdint>

namespace rankwright::cuda {

// As nf4::ScaleTable.
struct Nf4Scales
{
    const float* absmax = nullptr;
    const uint8_t* codes = nullptr;
    const float* outer = nullptr;
    const float* offset = nullptr;
    const float* map = nullptr;
};

const char* encodeNf4(const float* values, int64_t count, uint8_t* codes, float* absmax, void* stream);
const char* encodeNf4Scales(const float* absmax, int64_t count, const float* offset, const uint8_t* cells, uint8_t* codes,
    float* outer, void* stream);
// Values [begin, end); the second gives bfloat16.
const char* decodeNf4(const uint8_t* codes, const Nf4Scales& scales, int64_t begin, int64_t end, float* to, void* stream);
const char* decodeNf4(const uint8_t* codes, const Nf4Scales& scales, int64_t begin, int64_t end, uint16_t* to, void* stream);
// y (out) = W x (in), `in` a multiple of 64, x and y aligned to 16 bytes; the second in bfloat16.
const char* timesRowNf4(const uint8_t* codes, const Nf4Scales& scales, const float* x, int64_t out, int64_t in, float* y, void* stream);
const char* timesRowNf4(const uint8_t* codes, const Nf4Scales& scales, const uint16_t* x, int64_t out, int64_t in, uint16_t* y,
    void* stream);

}  // namespace rankwright::cuda
