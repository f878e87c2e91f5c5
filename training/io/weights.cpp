// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/io/weights.h"

#include "training/api/error.h"
#include "training/formats/gguf_blocks.h"
#include "training/formats/safetensors.h"
#include "training/formats/sha256.h"
#include "training/ops/vector_loops.h"
#include "training/quant/file_blocks.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <optional>

namespace rankwright {

namespace {

void refuseUnreadable(const TensorEntry& entry)
{
    if (!canDequantise(entry.type)) {
        throw Error({.code = Code::unsupported,
            .file = entry.file,
            .place = "tensor " + entry.name,
            .found = "type " + std::string(typeName(entry.type)),
            .allowed = "F32 F16 BF16 F64 F8_E4M3 F8_E5M2 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q4_K Q5_K Q6_K",
            .advice = "Convert the model to one of these types."});
    }
}

// `to` has as many values as the entry.
void convert(const TensorEntry& entry, const std::vector<std::byte>& bytes, float* to)
{
    refuseUnreadable(entry);
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

bool isTurned(RowTransform transform)
{
    return transform == RowTransform::ropeQuery || transform == RowTransform::ropeKey;
}

// To the nearest, ties to even, like LibTorch's own conversion. Its copy_() costs twice as much for pieces of this size.
RANKWRIGHT_VECTOR_CLONES void toBfloat16(const float* from, uint16_t* to, int64_t count)
{
    for (int64_t i = 0; i < count; ++i) {
        const auto bits = std::bit_cast<uint32_t>(from[i]);
        const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
        to[i] = uint16_t((bits & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : rounded);
    }
}

RANKWRIGHT_VECTOR_CLONES void minusOne(float* values, int64_t count)
{
    for (int64_t i = 0; i < count; ++i)
        values[i] -= 1;
}

// The row that the file's row `stored` is where a head's rows (`head` of them) lie in another order: undoRopeRows(). 0: they do not.
int64_t placeOfRow(int64_t stored, int64_t head)
{
    if (head == 0)
        return stored;
    const auto inHead = stored % head;
    return stored - inHead + inHead % 2 * (head / 2) + inHead / 2;
}

// Rows in one order and type to rows of a tensor in another.
struct RowTarget
{
    at::Tensor& tensor;
    int64_t width, head;        // head: rows of one, where the file has them in another order; 0 where not
    RowTransform transform;

    // Where `count` float32 rows from the stored row `first` on may be written at once: nowhere (null) where they have to be moved or
    // converted.
    [[nodiscard]] float* direct(int64_t first) const
    {
        return head == 0 && tensor.scalar_type() == at::kFloat ? tensor.data_ptr<float>() + first * width : nullptr;
    }

    void put(int64_t first, int64_t count, float* rows) const
    {
        if (transform == RowTransform::plusOne)
            minusOne(rows, count * width);
        if (rows == direct(first))
            return;
        const auto step = head == 0 ? count : 1;   // rows that lie side by side
        for (int64_t row = 0; row < count; row += step)
            putAt(placeOfRow(first + row, head) * width, rows + row * width, step * width);
    }

private:
    void putAt(int64_t offset, const float* values, int64_t count) const
    {
        switch (tensor.scalar_type()) {
        case at::kFloat: std::copy_n(values, count, tensor.data_ptr<float>() + offset); break;
        case at::kBFloat16: toBfloat16(values, static_cast<uint16_t*>(tensor.data_ptr()) + offset, count); break;
        default:
            tensor.view(-1).narrow(0, offset, count).copy_(at::from_blob(const_cast<float*>(values), {count}, at::kFloat));
        }
    }
};

// A model is mostly read into memory that was never touched: in pages of 2 MiB, where the system grants them, that takes far fewer page
// faults.
void askForLargePages(const at::Tensor& tensor)
{
#if defined(MADV_HUGEPAGE)
    constexpr uintptr_t kPage = 2 << 20;
    const auto begin = reinterpret_cast<uintptr_t>(tensor.data_ptr());
    const auto first = (begin + kPage - 1) / kPage * kPage, last = (begin + tensor.nbytes()) / kPage * kPage;
    if (first < last)
        ::madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);   // a wish: what comes of it does not matter
#else
    (void)tensor;
#endif
}

// Pieces of the file's rows, each read and converted by a thread.
void readRows(const TensorEntry& entry, const FileReader& file, const RowTarget& target)
{
    constexpr int64_t kPiece = 1 << 16;   // values: in a core's second cache, as stored and in float32
    refuseUnreadable(entry);
    const auto width = std::max<int64_t>(1, target.width), rows = entry.count() / width;
    const auto rowBytes = width / blockValues(entry.type) * blockBytes(entry.type);
    const auto step = std::max<int64_t>(1, kPiece / width), pieces = (rows + step - 1) / step;
    // Below a million values one thread does it: waking the others is not worth it, above all beside other programs.
    at::parallel_for(0, pieces, 16, [&](int64_t piece, int64_t last) {
        std::vector<std::byte> bytes(size_t(std::min(step, rows) * rowBytes));
        std::vector<float> values(target.direct(0) != nullptr ? 0 : size_t(std::min(step, rows) * width));
        for (; piece < last; ++piece) {
            const auto first = piece * step, count = std::min(step, rows - first);
            file.read(entry.offset + uint64_t(first * rowBytes), std::span(bytes.data(), size_t(count * rowBytes)));
            float* const to = target.direct(first) != nullptr ? target.direct(first) : values.data();
            dequantise(entry.type, bytes.data(), to, count * width);
            target.put(first, count, to);
        }
    });
    file.checkUnchanged();
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
    // All are there since the constructor: later calls, also from several threads at once, look up alone.
    if (const auto known = m_readers.find(file); known != m_readers.end())
        return known->second;
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
    constexpr uint64_t kPiece = 4 << 20;
    const auto& file = reader(entry.file);
    auto* to = static_cast<std::byte*>(tensor.data_ptr());
    at::parallel_for(0, int64_t((entry.bytes + kPiece - 1) / kPiece), 1, [&](int64_t piece, int64_t last) {
        for (; piece < last; ++piece) {
            const auto begin = uint64_t(piece) * kPiece;
            file.read(entry.offset + begin, {to + begin, std::min(kPiece, entry.bytes - begin)});
        }
    });
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
    askForLargePages(tensor);
    if (plainType(stored.type) == type && transformOf(name) == RowTransform::none) {
        readPlain(stored, tensor);
        return tensor;
    }
    const auto transform = transformOf(name);
    const auto width = stored.shape.empty() || stored.shape[0] == 0 ? stored.count() : stored.count() / stored.shape[0];
    if (width % blockValues(stored.type) == 0) {
        readRows(stored, reader(stored.file), {tensor, width, isTurned(transform) ? config().headDim : 0, transform});
        return tensor;
    }
    // Blocks straddle rows: a vector in few bits is one row here.
    readRows(stored, reader(stored.file), {tensor, stored.count(), 0, transform});
    return isTurned(transform) ? undoRopeRows(tensor, stored.shape[0] / config().headDim) : tensor;
}

std::shared_ptr<const Quantised> Weights::blocks(const std::string& name)
{
    const auto& stored = entry(name);
    const auto transform = transformOf(name);
    if (stored.shape.size() != 2 || !staysInBlocks(stored.type, stored.shape[1]) || transform == RowTransform::plusOne)
        return nullptr;
    const auto rows = stored.shape[0], head = isTurned(transform) ? config().headDim : int64_t{0};
    const auto rowBytes = int64_t(stored.bytes) / rows;
    auto tensor = at::empty({rows, rowBytes}, at::kByte);
    auto* to = reinterpret_cast<std::byte*>(tensor.mutable_data_ptr<uint8_t>());
    const auto& file = reader(stored.file);
    if (head == 0) {
        file.read(stored.offset, {to, stored.bytes});
    } else {
        std::vector<std::byte> bytes(stored.bytes);
        file.read(stored.offset, bytes);
        for (int64_t row = 0; row < rows; ++row)
            std::copy_n(bytes.data() + row * rowBytes, rowBytes, to + placeOfRow(row, head) * rowBytes);
    }
    file.checkUnchanged();
    return fileBlocks(stored.type, rows, stored.shape[1], std::move(tensor));
}

void Weights::stream(const std::string& name, const std::function<void(const at::Tensor& rows)>& visit)
{
    constexpr int64_t kValues = 1 << 22;   // 16 MiB in float32
    const auto& stored = entry(name);
    const auto transform = transformOf(name);
    const bool turned = isTurned(transform);
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
