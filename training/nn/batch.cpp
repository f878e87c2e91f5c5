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

Batch makeBatch(std::span<const Sample* const> rows, std::vector<int64_t> sampleIndex, bool labelAtEnd)
{
    std::vector<int64_t> ids, positions, targetIndex, targets, types;
    std::vector<float> values;
    bool hasTypes = false;
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
        types.insert(types.end(), row->types.begin(), row->types.end());
        types.resize(ids.size());
        hasTypes = hasTypes || !row->types.empty();
        if (row->label && !row->ids.empty()) {
            targetIndex.push_back(labelAtEnd ? int64_t(ids.size()) - 1 : first);
            const bool isClass = *row->label >= 0 && *row->label < double(INT32_MAX);   // a number may be anything that is finite
            targets.push_back(isClass ? int64_t(*row->label) : -1);
            values.push_back(float(*row->label));
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
    if (!values.empty())
        batch.values = at::tensor(values, at::kFloat);
    if (hasTypes)
        batch.types = longTensor(types);
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
