// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/device/cuda_facts.h"

#include <cuda_runtime_api.h>

namespace rankwright::cuda {

std::string builtWith()
{
    return std::to_string(CUDART_VERSION / 1000) + "." + std::to_string(CUDART_VERSION % 1000 / 10);
}

std::string nameOf(int device)
{
    cudaDeviceProp properties{};
    return cudaGetDeviceProperties(&properties, device) == cudaSuccess ? properties.name : "CUDA device";
}

std::string whyNone()
{
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    (void)cudaGetLastError();   // it would be reported by the next call otherwise
    if (status != cudaSuccess)
        return cudaGetErrorString(status);
    return count > 0 ? "" : "no CUDA-capable device is detected";
}

}  // namespace rankwright::cuda
