// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The safetensors format (huggingface/safetensors): u64 header length, JSON header, data without gaps.
#pragma once

#include "training/formats/file_reader.h"
#include "training/formats/tensor_entry.h"

#include <functional>
#include <map>
#include <span>

namespace rankwright {

struct SafetensorsFile
{
    std::vector<TensorEntry> tensors;              // in the order of their data
    std::map<std::string, std::string> metadata;
};

// Reads and checks the header as the reference reader does (contiguous from 0, no overlap, no hole, nothing left over,
// sizes equal shapes, checked arithmetic, no duplicate key). Throws Error with the byte offset or tensor name.
SafetensorsFile readSafetensors(const std::filesystem::path& file,
    FileReader::Links links = FileReader::Links::follow);
// A model folder: model.safetensors, or model.safetensors.index.json with its shards (plain names inside the folder;
// symbolic links only within the folder or the Hugging Face cache's blobs). All missing shards are listed at once.
// Tensors that a shard has and the index does not name are read too, with a warning.
std::vector<TensorEntry> readSafetensorsFolder(const std::filesystem::path& folder,
    std::vector<std::string>* warnings = nullptr);

// One tensor to write. `produce` is called once, in order, and hands all bytes to the sink in any number of parts.
struct TensorToWrite
{
    std::string name;
    StoredType type = StoredType::F32;
    std::vector<int64_t> shape;
    std::function<void(const std::function<void(std::span<const std::byte>)>& sink)> produce;
};
// Atomic (AtomicFile). Header padded with spaces to a multiple of 8. Tensors in the given order.
void writeSafetensors(const std::filesystem::path& file, const std::vector<TensorToWrite>& tensors,
    const std::map<std::string, std::string>& metadata = {});

}  // namespace rankwright
