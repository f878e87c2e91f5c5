// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/nn/batch.h"

#include <ATen/ATen.h>

namespace rankwright {

namespace {

at::Tensor longTensor(const std::vector<int64_t>& values)
{
    return at::tensor(values, at::kLong);
}

}  // namespace

Batch makeBatch(std::span<const Sample* const> rows, std::vector<int64_t> sampleIndex)
{
    std::vector<int64_t> ids, positions, targetIndex, targets;
    Batch batch{.bounds = {0}, .targetBounds = {0}, .sampleIndex = std::move(sampleIndex)};
    for (const Sample* row : rows) {
        const auto first = int64_t(ids.size());
        for (size_t j = 0; j < row->ids.size(); ++j) {
            ids.push_back(row->ids[j]);
            positions.push_back(int64_t(j));
            if (j > 0 && row->trained[j]) {
                targetIndex.push_back(first + int64_t(j) - 1);
                targets.push_back(row->ids[j]);
            }
        }
        batch.bounds.push_back(int64_t(ids.size()));
        batch.targetBounds.push_back(int64_t(targets.size()));
    }
    if (batch.sampleIndex.empty())
        batch.sampleIndex.resize(rows.size());
    batch.ids = longTensor(ids);
    batch.positions = longTensor(positions);
    batch.targetIndex = longTensor(targetIndex);
    batch.targets = longTensor(targets);
    return batch;
}

Batch makeBatch(const std::vector<int32_t>& ids, int64_t firstPosition)
{
    const auto count = int64_t(ids.size());
    return {.ids = at::tensor(std::vector<int64_t>(ids.begin(), ids.end()), at::kLong),
        .positions = at::arange(firstPosition, firstPosition + count, at::kLong),
        .bounds = {0, count},
        .targetIndex = longTensor({}),
        .targets = longTensor({}),
        .targetBounds = {0, 0},
        .sampleIndex = {0}};
}

}  // namespace rankwright
