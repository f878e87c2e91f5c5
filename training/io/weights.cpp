// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/io/weights.h"

#include "training/api/error.h"
#include "training/formats/gguf_blocks.h"
#include "training/formats/safetensors.h"
#include "training/formats/sha256.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <optional>

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

// The type whose values lie in the file as they lie in a tensor.
std::optional<at::ScalarType> plainType(StoredType type)
{
    switch (type) {
    case StoredType::F32: return at::kFloat;
    case StoredType::F16: return at::kHalf;
    case StoredType::BF16: return at::kBFloat16;
    default: return std::nullopt;
    }
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

RowTransform Weights::transformOf(const std::string& name) const
{
    const auto found = m_source.transforms.find(name);
    return found == m_source.transforms.end() ? RowTransform::none : found->second;
}

void Weights::readPlain(const TensorEntry& entry, at::Tensor& tensor)
{
    constexpr uint64_t kPiece = 64 << 20;
    const auto& file = reader(entry.file);
    auto* to = static_cast<std::byte*>(tensor.data_ptr());
    for (uint64_t done = 0; done < entry.bytes; done += kPiece) {
        const auto size = std::min(kPiece, entry.bytes - done);
        file.read(entry.offset + done, {to + done, size});
    }
    file.checkUnchanged();
}

at::Tensor Weights::read(const std::string& name)
{
    return read(name, at::kFloat);
}

at::Tensor Weights::read(const std::string& name, at::ScalarType type)
{
    const auto& stored = entry(name);
    auto tensor = at::empty(stored.shape, type);
    if (plainType(stored.type) == type && transformOf(name) == RowTransform::none) {
        readPlain(stored, tensor);
        return tensor;
    }
    auto rows = tensor.dim() > 0 ? tensor : tensor.view({1});
    int64_t done = 0;
    stream(name, [&](const at::Tensor& part) {
        rows.narrow(0, done, part.size(0)).copy_(part);
        done += part.size(0);
    });
    return tensor;
}

void Weights::stream(const std::string& name, const std::function<void(const at::Tensor& rows)>& visit)
{
    constexpr int64_t kValues = 1 << 22;   // 16 MiB in float32
    const auto& stored = entry(name);
    const auto transform = transformOf(name);
    const bool turned = transform == RowTransform::ropeQuery || transform == RowTransform::ropeKey;
    const auto rows = stored.shape.empty() ? 1 : stored.shape[0];
    const auto width = rows > 0 ? stored.count() / rows : 0;
    // What is taken at a time: rows, or whole heads where GGUF has them in another order within each head. Blocks that straddle rows
    // (a vector in few bits) are not cut.
    auto group = turned ? config().headDim : int64_t{1};
    if (width % blockValues(stored.type) != 0)
        group = rows;
    const auto step = width > 0 ? std::max(group, kValues / width / group * group) : rows;
    const auto& file = reader(stored.file);
    const auto most = std::min(step, rows) * width;
    // Kept for the next tensor: freed and allocated anew between blocks that stay, they would leave holes several times their size.
    if (!m_stage.defined() || m_stage.numel() < most)
        m_stage = at::empty({most}, at::kFloat);
    for (int64_t first = 0; first < rows; first += step) {
        auto part = stored;
        if (part.shape.empty())
            part.shape = {1};
        part.shape[0] = std::min(step, rows - first);
        const auto before = uint64_t(first * width / blockValues(stored.type) * blockBytes(stored.type));
        m_stageBytes.resize(size_t(part.count() / blockValues(stored.type) * blockBytes(stored.type)));
        file.read(stored.offset + before, m_stageBytes);
        convert(part, m_stageBytes, m_stage.data_ptr<float>());
        auto values = m_stage.narrow(0, 0, part.count()).view(part.shape);
        if (turned)
            values = undoRopeRows(values, part.shape[0] / config().headDim);
        else if (transform == RowTransform::plusOne)
            values.sub_(1);
        visit(values);
    }
    file.checkUnchanged();
}

std::string Weights::hash(const std::string& name)
{
    constexpr uint64_t kPiece = 16 << 20;
    const auto& stored = entry(name);
    Sha256 sum;
    sum.update(typeName(stored.type));
    for (const auto size : stored.shape)
        sum.update("," + std::to_string(size));
    sum.update("\n");
    const auto& file = reader(stored.file);
    std::vector<std::byte> bytes(std::min(kPiece, stored.bytes));
    for (uint64_t done = 0; done < stored.bytes; done += bytes.size()) {
        const std::span piece(bytes.data(), std::min<uint64_t>(bytes.size(), stored.bytes - done));
        file.read(stored.offset + done, piece);
        sum.update(std::span<const std::byte>(piece));
    }
    file.checkUnchanged();
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
