// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/quant/file_blocks.h"

#include "training/formats/gguf_blocks.h"
#include "training/quant/row_loops.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

namespace rankwright {

namespace {

constexpr int64_t kGrain = 32768;   // values a thread takes at least

// How row_loops.h multiplies a format as it decodes it; nothing: rows are decoded first.
std::optional<SmallBlocks> loopOf(StoredType type)
{
    switch (type) {
    case StoredType::Q4_0: return SmallBlocks{.bytes = blockBytes(type), .scales = 1, .nibbles = true, .middle = 8};
    case StoredType::Q4_1: return SmallBlocks{.bytes = blockBytes(type), .scales = 2, .nibbles = true, .middle = 0};
    case StoredType::Q8_0: return SmallBlocks{.bytes = blockBytes(type), .scales = 1, .nibbles = false, .middle = 0};
    default: return std::nullopt;
    }
}

class FileBlocks final : public Quantised
{
public:
    FileBlocks(StoredType type, int64_t out, int64_t in, at::Tensor blocks)
        : Quantised(out, in), m_type(type), m_loop(loopOf(type)), m_rowBytes(in / blockValues(type) * blockBytes(type)),
          m_blocks(std::move(blocks))
    {
    }

    [[nodiscard]] at::Tensor rows(int64_t first, int64_t last, at::ScalarType type) const override
    {
        auto values = at::empty({last - first, in()}, at::kFloat);
        auto* to = values.mutable_data_ptr<float>();
        at::parallel_for(0, last - first, std::max<int64_t>(1, kGrain / in()),
            [&](int64_t row, int64_t end) { dequantise(m_type, bytesOf(first + row), to + row * in(), (end - row) * in()); });
        return values.to(type);
    }

    void timesRows(const float* x, int64_t count, int64_t first, int64_t last, float* y, int64_t stride) const override
    {
        constexpr int64_t kWorthDecoding = 4;   // rows of x
        if (!m_loop || count >= kWorthDecoding)
            return Quantised::timesRows(x, count, first, last, y, stride);
        for (int64_t t = 0; t < count; ++t)
            timesSmallBlocks(*m_loop, bytesOf(first), m_rowBytes, in(), last - first, x + t * in(), y + t * stride + first);
    }

    [[nodiscard]] std::vector<std::pair<std::string, at::Tensor>> tensors() const override { return {{"blocks", m_blocks}}; }

private:
    [[nodiscard]] const std::byte* bytesOf(int64_t row) const
    {
        return reinterpret_cast<const std::byte*>(m_blocks.const_data_ptr<uint8_t>()) + row * m_rowBytes;
    }

    StoredType m_type;
    std::optional<SmallBlocks> m_loop;
    int64_t m_rowBytes;
    at::Tensor m_blocks;
};

}  // namespace

std::shared_ptr<const Quantised> fileBlocks(StoredType type, int64_t out, int64_t in, at::Tensor blocks)
{
    return std::make_shared<FileBlocks>(type, out, in, std::move(blocks));
}

}  // namespace rankwright
