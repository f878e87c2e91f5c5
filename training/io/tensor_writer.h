// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// at::Tensor to safetensors, atomically.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace rankwright {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

// float32, bfloat16, float16, float64 and int64 tensors, in the given order.
void writeTensors(const std::filesystem::path& file, const NamedTensors& tensors,
    const std::map<std::string, std::string>& metadata = {});
// SHA-256 over names, shapes and values.
std::string hashOf(const NamedTensors& tensors);

}  // namespace rankwright
