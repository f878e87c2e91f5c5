// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The processor, and CUDA accelerators where the build and the machine have them: which there are, what they hold, and what a run
// names one by. Memory is counted by LibTorch's allocator, so that nothing here needs a CUDA header (docs/devices.md).
#pragma once

#include "training/api/reports.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace rankwright {

// RunConfig::device as LibTorch's: "cpu", "cuda" (the first), "cuda:N". Throws Error{unsupported} for one that is not there.
at::Device deviceOf(const std::string& device);
// The same, or the processor where an accelerator is asked for that is not there: for looking at runs that were trained elsewhere.
at::Device deviceOrProcessor(const std::string& device);
// What there is, the processor first.
DeviceList devices();
// For --version: "none" (a build without), "13.0, no device", or "13.0, cuda:0 NVIDIA H100 80GB HBM3 (79.1 GB)".
std::string cudaText();

// Bytes that tensors on an accelerator held at most since resetPeakDeviceMemory(); 0 for the processor.
int64_t peakDeviceMemory(at::Device device);
void resetPeakDeviceMemory(at::Device device);
// What a run there may grow to: free memory of the device, and what LibTorch's allocator keeps for tensors to come.
int64_t freeDeviceMemory(at::Device device);
// Until everything that was started on it is done. Nothing to wait for on the processor.
void waitFor(at::Device device);
// The stream that LibTorch's operators on this device use at present (a cudaStream_t): kernels of ours go there too, so that they run
// in order with the operators and nobody has to wait. nullptr for the processor.
void* streamOf(at::Device device);

}  // namespace rankwright
