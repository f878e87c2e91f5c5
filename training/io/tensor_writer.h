// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// at::Tensor to safetensors, atomically.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace rankwright {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

// float32, bfloat16, float16, float64 and int64 tensors, in the given order.
void writeTensors(const std::filesystem::path& file, const NamedTensors& tensors,
    const std::map<std::string, std::string>& metadata = {});
// A tensor that is made when it is written and forgotten after.
struct TensorSource
{
    std::string name;
    std::vector<int64_t> shape;
    at::ScalarType type = at::kFloat;
    std::function<at::Tensor()> make;
};
void writeTensors(const std::filesystem::path& file, const std::vector<TensorSource>& tensors,
    const std::map<std::string, std::string>& metadata = {});
// SHA-256 over names, shapes and values.
std::string hashOf(const NamedTensors& tensors);

}  // namespace rankwright
