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

Batch makeBatch(const std::vector<std::vector<int32_t>>& rows, const std::vector<int64_t>& firstPositions)
{
    Batch batch{.bounds = {0}, .targetIndex = longTensor({}), .targets = longTensor({}), .targetBounds = {0}};
    std::vector<int64_t> ids, positions;
    for (size_t i = 0; i < rows.size(); ++i) {
        ids.insert(ids.end(), rows[i].begin(), rows[i].end());
        for (int64_t k = 0; k < int64_t(rows[i].size()); ++k)
            positions.push_back(firstPositions[i] + k);
        batch.bounds.push_back(int64_t(ids.size()));
        batch.targetBounds.push_back(0);
        batch.sampleIndex.push_back(int64_t(i));
    }
    batch.ids = longTensor(ids);
    batch.positions = longTensor(positions);
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

Batch rowsOf(const Batch& batch, std::span<const int64_t> rows)
{
    Batch some{.bounds = {0}, .targetBounds = {0}};
    std::vector<at::Tensor> ids, positions, targetIndex, targets, values, types;
    for (const auto row : rows) {
        const auto i = size_t(row);
        const auto token = batch.bounds[i], tokens = batch.bounds[i + 1] - token;
        const auto target = batch.targetBounds[i], count = batch.targetBounds[i + 1] - target;
        ids.push_back(batch.ids.narrow(0, token, tokens));
        positions.push_back(batch.positions.narrow(0, token, tokens));
        targetIndex.push_back(batch.targetIndex.narrow(0, target, count) + (some.bounds.back() - token));
        targets.push_back(batch.targets.narrow(0, target, count));
        if (batch.values.defined())
            values.push_back(batch.values.narrow(0, target, count));
        if (batch.types.defined())
            types.push_back(batch.types.narrow(0, token, tokens));
        some.bounds.push_back(some.bounds.back() + tokens);
        some.targetBounds.push_back(some.targetBounds.back() + count);
        some.sampleIndex.push_back(batch.sampleIndex[i]);
    }
    const auto all = [](const std::vector<at::Tensor>& parts) { return parts.empty() ? at::Tensor() : at::cat(parts); };
    some.ids = all(ids);
    some.positions = all(positions);
    some.targetIndex = all(targetIndex);
    some.targets = all(targets);
    some.values = all(values);
    some.types = all(types);
    return some;
}

Batch joined(std::span<const Batch* const> batches)
{
    Batch all{.bounds = {0}, .targetBounds = {0}};
    std::vector<at::Tensor> ids, positions, targetIndex, targets, values, types;
    bool hasTypes = false;
    for (const auto* batch : batches) {
        const auto firstToken = all.bounds.back(), firstTarget = all.targetBounds.back();
        for (int64_t row = 1; row <= batch->rows(); ++row) {
            all.bounds.push_back(firstToken + batch->bounds[size_t(row)]);
            all.targetBounds.push_back(firstTarget + batch->targetBounds[size_t(row)]);
        }
        all.sampleIndex.insert(all.sampleIndex.end(), batch->sampleIndex.begin(), batch->sampleIndex.end());
        ids.push_back(batch->ids);
        positions.push_back(batch->positions);
        targetIndex.push_back(batch->targetIndex + firstToken);
        targets.push_back(batch->targets);
        if (batch->values.defined())
            values.push_back(batch->values);
        hasTypes = hasTypes || batch->types.defined();
        types.push_back(batch->types.defined() ? batch->types : at::zeros_like(batch->ids));
    }
    all.ids = at::cat(ids);
    all.positions = at::cat(positions);
    all.targetIndex = at::cat(targetIndex);
    all.targets = at::cat(targets);
    if (!values.empty())
        all.values = at::cat(values);
    if (hasTypes)
        all.types = at::cat(types);
    return all;
}

Batch onDevice(const Batch& batch, at::Device device)
{
    if (batch.ids.device() == device)
        return batch;
    Batch copy = batch;
    for (auto* tensor : {&copy.ids, &copy.positions, &copy.targetIndex, &copy.targets, &copy.values, &copy.types}) {
        if (!tensor->defined())
            continue;
        // LibTorch's allocator keeps the pinned block until the copy on this stream is done.
        const bool pins = tensor->is_cpu() && device.is_cuda();
        *tensor = (pins ? tensor->pin_memory() : *tensor).to(device, tensor->scalar_type(), true);
    }
    return copy;
}

}  // namespace rankwright
