// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What only CUDA's own headers say. cuda_facts.cu where nvcc and a LibTorch with CUDA were found, no_cuda_facts.cpp otherwise: CMake
// takes one of the two.
#pragma once

#include <string>

namespace rankwright::cuda {

// CUDA's version that this was compiled with, "13.0"; empty in a build without CUDA.
std::string builtWith();
std::string nameOf(int device);   // "NVIDIA H100 80GB HBM3"
// Why no device can be used, in the driver's words ("CUDA driver version is insufficient ..."); empty where one can.
std::string whyNone();

}  // namespace rankwright::cuda
