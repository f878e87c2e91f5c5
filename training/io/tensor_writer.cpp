// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/io/tensor_writer.h"

#include "training/api/error.h"
#include "training/formats/safetensors.h"
#include "training/formats/sha256.h"

#include <ATen/ATen.h>

namespace rankwright {

namespace {

StoredType storedType(at::ScalarType type)
{
    switch (type) {
    case at::kFloat:
        return StoredType::F32;
    case at::kBFloat16:
        return StoredType::BF16;
    case at::kHalf:
        return StoredType::F16;
    case at::kDouble:
        return StoredType::F64;
    case at::kLong:
        return StoredType::I64;
    default:
        throw Error({.code = Code::internal, .place = "writing a tensor", .found = c10::toString(type)});
    }
}

std::span<const std::byte> bytesOf(const at::Tensor& tensor)
{
    return {static_cast<const std::byte*>(tensor.const_data_ptr()), size_t(tensor.nbytes())};
}

}  // namespace

void writeTensors(const std::filesystem::path& file, const NamedTensors& tensors,
    const std::map<std::string, std::string>& metadata)
{
    std::vector<TensorToWrite> parts;
    for (const auto& [name, tensor] : tensors) {
        parts.push_back({.name = name,
            .type = storedType(tensor.scalar_type()),
            .shape = tensor.sizes().vec(),
            .produce = [tensor = tensor](const auto& sink) {
                const auto whole = tensor.detach().cpu().contiguous();
                sink(bytesOf(whole));
            }});
    }
    writeSafetensors(file, parts, metadata);
}

void writeTensors(const std::filesystem::path& file, const std::vector<TensorSource>& tensors,
    const std::map<std::string, std::string>& metadata)
{
    std::vector<TensorToWrite> parts;
    for (const auto& source : tensors) {
        parts.push_back({.name = source.name,
            .type = storedType(source.type),
            .shape = source.shape,
            .produce = [&source](const auto& sink) {
                const auto whole = source.make().cpu().contiguous();
                sink(bytesOf(whole));
            }});
    }
    writeSafetensors(file, parts, metadata);
}

std::string hashOf(const NamedTensors& tensors)
{
    Sha256 sum;
    for (const auto& [name, tensor] : tensors) {
        sum.update(name + "\n");
        const auto whole = tensor.detach().cpu().contiguous();
        sum.update(bytesOf(whole));
    }
    return sum.hex();
}

}  // namespace rankwright
