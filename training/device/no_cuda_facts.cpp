// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// cuda_facts.h of a build without CUDA.
#include "training/device/cuda_facts.h"

namespace rankwright::cuda {

std::string builtWith()
{
    return {};
}

std::string nameOf(int)
{
    return "CUDA device";
}

std::string whyNone()
{
    return "this build has no CUDA";
}

}  // namespace rankwright::cuda
