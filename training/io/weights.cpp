// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/io/weights.h"

#include "training/api/error.h"
#include "training/formats/gguf_blocks.h"
#include "training/formats/safetensors.h"
#include "training/formats/sha256.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

namespace rankwright {

namespace {

// `to` has as many values as the entry.
void convert(const TensorEntry& entry, const std::vector<std::byte>& bytes, float* to)
{
    if (!canDequantise(entry.type)) {
        throw Error({.code = Code::unsupported,
            .file = entry.file,
            .place = "tensor " + entry.name,
            .found = "type " + std::string(typeName(entry.type)),
            .allowed = "F32 F16 BF16 F64 F8_E4M3 F8_E5M2 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q4_K Q5_K Q6_K",
            .advice = "Convert the model to one of these types."});
    }
    const auto perBlock = blockValues(entry.type);
    const auto bytesPerBlock = blockBytes(entry.type);
    at::parallel_for(0, entry.count() / perBlock, 4096, [&](int64_t first, int64_t last) {
        dequantise(entry.type, bytes.data() + first * bytesPerBlock, to + first * perBlock, (last - first) * perBlock);
    });
}

at::Tensor toFloat(const TensorEntry& entry, const std::vector<std::byte>& bytes)
{
    auto tensor = at::empty(entry.shape, at::kFloat);
    convert(entry, bytes, tensor.data_ptr<float>());
    return tensor;
}

at::Tensor swapHalves(const at::Tensor& w, int64_t heads, int64_t outer, int64_t inner)
{
    const auto shape = w.sizes().vec();
    auto grouped = w.reshape({heads, outer, inner, -1});
    return grouped.transpose(1, 2).reshape(shape).contiguous();
}

}  // namespace

at::Tensor undoRopeRows(const at::Tensor& w, int64_t heads)
{
    return swapHalves(w, heads, w.size(0) / heads / 2, 2);
}

at::Tensor applyRopeRows(const at::Tensor& w, int64_t heads)
{
    return swapHalves(w, heads, 2, w.size(0) / heads / 2);
}

Weights::Weights(ModelSource source) : m_source(std::move(source))
{
    // Opened now, so that a file which changes from here on is noticed.
    for (const auto& [name, tensor] : m_source.tensors)
        reader(tensor.file);
}

const FileReader& Weights::reader(const std::filesystem::path& file)
{
    return m_readers.try_emplace(file, file).first->second;
}

const TensorEntry& Weights::entry(const std::string& name) const
{
    const auto found = m_source.tensors.find(name);
    if (found == m_source.tensors.end()) {
        throw Error({.code = Code::mismatch,
            .file = m_source.path,
            .place = "tensor " + name,
            .found = "it is not there",
            .advice = "The model's files are incomplete: fetch it again."});
    }
    return found->second;
}

std::vector<std::byte> Weights::bytes(const TensorEntry& entry)
{
    const auto& file = reader(entry.file);
    std::vector<std::byte> bytes(entry.bytes);
    file.read(entry.offset, bytes);
    file.checkUnchanged();
    return bytes;
}

at::Tensor Weights::read(const std::string& name)
{
    const auto& stored = entry(name);
    auto tensor = toFloat(stored, bytes(stored));
    const auto transform = m_source.transforms.find(name);
    if (transform == m_source.transforms.end() || transform->second == RowTransform::none)
        return tensor;
    const bool query = transform->second == RowTransform::ropeQuery;
    return undoRopeRows(tensor, query ? config().heads : config().kvHeads);
}

void Weights::stream(const std::string& name, const std::function<void(const at::Tensor& rows)>& visit)
{
    constexpr int64_t kValues = 1 << 22;   // 16 MiB in float32
    const auto& stored = entry(name);
    const auto transform = m_source.transforms.find(name);
    const bool reordered = transform != m_source.transforms.end() && transform->second != RowTransform::none;
    const auto width = stored.shape.size() == 2 ? stored.shape[1] : 0;
    // Rotary rows of a GGUF file are put in order as a whole, and blocks that straddle rows are not cut.
    if (reordered || width == 0 || width % blockValues(stored.type) != 0) {
        visit(read(name));
        return;
    }
    const auto& file = reader(stored.file);
    const auto rowBytes = width / blockValues(stored.type) * blockBytes(stored.type);
    const auto step = std::max<int64_t>(1, kValues / width);
    // Kept for the next tensor: freed and allocated anew between blocks that stay, they would leave holes several times their size.
    if (!m_stage.defined() || m_stage.numel() < step * width)
        m_stage = at::empty({step * width}, at::kFloat);
    for (int64_t first = 0; first < stored.shape[0]; first += step) {
        auto part = stored;
        part.shape[0] = std::min(step, stored.shape[0] - first);
        m_stageBytes.resize(size_t(part.shape[0] * rowBytes));
        file.read(stored.offset + uint64_t(first * rowBytes), m_stageBytes);
        convert(part, m_stageBytes, m_stage.data_ptr<float>());
        visit(m_stage.narrow(0, 0, part.count()).view(part.shape));
    }
    file.checkUnchanged();
}

std::string Weights::hash(const std::string& name)
{
    const auto& stored = entry(name);
    Sha256 sum;
    sum.update(typeName(stored.type));
    for (const auto size : stored.shape)
        sum.update("," + std::to_string(size));
    sum.update("\n");
    sum.update(std::span<const std::byte>(bytes(stored)));
    return sum.hex();
}

std::map<std::string, at::Tensor> readTensors(const std::filesystem::path& file)
{
    const auto table = readSafetensors(file);
    const FileReader reader(file);
    std::map<std::string, at::Tensor> tensors;
    for (const auto& stored : table.tensors) {
        std::vector<std::byte> bytes(stored.bytes);
        reader.read(stored.offset, bytes);
        tensors.emplace(stored.name, toFloat(stored, bytes));
    }
    reader.checkUnchanged();
    return tensors;
}

}  // namespace rankwright
