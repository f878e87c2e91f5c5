// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A tensor as a file stores it: name, type, shape and where its bytes are. No torch here; training/io/weights makes
// tensors of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace rankwright {

enum class StoredType {
    // safetensors
    BOOL, U8, I8, I16, U16, I32, U32, I64, U64, F16, BF16, F32, F64, C64,
    F8_E4M3, F8_E5M2, F8_E8M0, F8_E4M3FNUZ, F8_E5M2FNUZ, F4, F6_E2M3, F6_E3M2,
    // GGUF blocks (gguf_blocks.h)
    Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K,
};
std::string_view typeName(StoredType type);   // "F32", "Q4_K"
// Bits of one value for safetensors' types (4, 6, 8, 16, ...); 0 for GGUF's block types.
int typeBits(StoredType type);

struct TensorEntry
{
    std::string name;
    StoredType type = StoredType::F32;
    std::vector<int64_t> shape;           // row-major, slowest first (GGUF's order is reversed on reading)
    std::filesystem::path file;
    uint64_t offset = 0;                  // from the start of the file
    uint64_t bytes = 0;
    [[nodiscard]] int64_t count() const;  // product of the shape; the readers have checked that it fits
};

}  // namespace rankwright
