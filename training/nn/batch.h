// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Rows of a batch laid end to end: no padding exists. Attention takes the rows' bounds, the head only the positions that have a
// target.
#pragma once

#include "training/formats/samples.h"

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

namespace rankwright {

struct Batch
{
    at::Tensor ids;                      // (tokens) int64
    at::Tensor positions;                // (tokens) int64, from 0 in each row
    std::vector<int64_t> bounds;         // rows + 1: row i is tokens bounds[i] .. bounds[i + 1]
    at::Tensor targetIndex;              // (targets) int64: the token whose hidden state predicts the target
    at::Tensor targets;                  // (targets) int64: the token id predicted, or the row's class
    at::Tensor values;                   // (targets) float32: the row's number, for regression; undefined for tokens
    at::Tensor types;                    // (tokens) int64: token types of an encoder; undefined: all 0
    std::vector<int64_t> targetBounds;   // rows + 1, into the targets
    std::vector<int64_t> sampleIndex;    // (rows) global sample numbers: what dropout is drawn from
    [[nodiscard]] int64_t tokens() const { return bounds.back(); }
    [[nodiscard]] int64_t rows() const { return int64_t(bounds.size()) - 1; }
    [[nodiscard]] int64_t targetCount() const { return targetBounds.back(); }
};

// `sampleIndex[i]` is the global number of rows[i]. Rows with a label have one target each, at their first token, or at their last
// where `labelAtEnd` (LabelHead::atEnd).
Batch makeBatch(std::span<const Sample* const> rows, std::vector<int64_t> sampleIndex = {}, bool labelAtEnd = false);
// Rows of ids without targets, each from a position of its own.
Batch makeBatch(const std::vector<std::vector<int32_t>>& rows, const std::vector<int64_t>& firstPositions);
// A single row of ids without targets.
Batch makeBatch(const std::vector<int32_t>& ids, int64_t firstPosition = 0);

// Some rows of a batch, in the order given.
Batch rowsOf(const Batch& batch, std::span<const int64_t> rows);
// Several batches end to end, the rows of the first one first.
Batch joined(std::span<const Batch* const> batches);

// The same batch with its tensors on `device`; itself where it is there. From the CPU to an accelerator the copy goes through pinned
// memory and does not wait: the batch may be made and copied while the device works on the one before.
Batch onDevice(const Batch& batch, at::Device device);

}  // namespace rankwright
