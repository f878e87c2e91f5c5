// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A frozen weight in the blocks in which a GGUF file stores it (formats/gguf_blocks.h): the file's own values in the file's own bits.
// For what only reads weights (answers, chats). Q4_0, Q4_1 and Q8_0 are multiplied as they are decoded, the others some rows at a time.
#pragma once

#include "training/formats/tensor_entry.h"
#include "training/quant/format.h"

namespace rankwright {

// Of a type and a row length that staysInBlocks(). `blocks`: bytes (out, bytes a row), rows in the model's order. Tensors: "blocks" uint8.
// rows() equals dequantise() bit for bit.
std::shared_ptr<const Quantised> fileBlocks(StoredType type, int64_t out, int64_t in, at::Tensor blocks);

}  // namespace rankwright
