// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A model family: how its files name and store what the decoder needs. One file and one line in families.inc each.
// Our names are Hugging Face's names; GGUF's follow from the rows.
#pragma once

#include "training/formats/model_config.h"

#include <string_view>

namespace rankwright {

// How a tensor's bytes differ between Hugging Face's layout and GGUF's.
enum class RowTransform {
    none,
    ropeQuery,   // rows of q_proj: halves interleaved per head (config.heads)
    ropeKey,     // the same for k_proj (config.kvHeads)
};

struct NameRow
{
    std::string_view name;       // "model.layers.{}.self_attn.q_proj.weight", {} is the layer
    std::string_view gguf;       // "blk.{}.attn_q.weight"
    RowTransform transform = RowTransform::none;
    bool required = true;        // biases and an untied head are not
    std::string_view kind = {};  // "q_proj" where an adapter can sit on it, else empty
};

struct FamilySpec
{
    std::string_view id;         // "llama"
    std::string_view title;      // "Llama 1-3, SmolLM2, Mistral, Yi"
    bool (*matchesHf)(const nlohmann::json& config);
    ModelConfig (*readHf)(const nlohmann::json& config, const std::filesystem::path& file);
    bool (*matchesGguf)(const GgufFile& file);
    ModelConfig (*readGguf)(const GgufFile& file);
    std::vector<NameRow> (*names)(const ModelConfig& config);
};

const std::vector<FamilySpec>& families();
const FamilySpec& familyById(std::string_view id);
// config.json of a model folder; throws Error{unsupported} listing the families where none matches (remote code, auto_map,
// is never run and the message says so).
ModelConfig readHfConfig(const std::filesystem::path& folder);
ModelConfig readGgufConfig(const GgufFile& file);

// Every tensor the config asks for, with our name, the row and the layer filled in: names(config) expanded over layers.
struct ExpectedTensor
{
    std::string name, gguf;
    RowTransform transform = RowTransform::none;
    bool required = true;
    std::string kind;
    int64_t layer = -1;
    std::vector<int64_t> shape;  // from the config
};
std::vector<ExpectedTensor> expectedTensors(const ModelConfig& config);

}  // namespace rankwright
