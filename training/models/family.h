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
    plusOne,     // GGUF stores the norm's weight plus one
};

struct NameRow
{
    std::string name;            // "model.layers.{}.self_attn.q_proj.weight": {} is the layer, {e} the expert
    std::string gguf;            // "blk.{}.attn_q.weight"; of a row with {e}: the stack of all experts (E, out, in). Empty: GGUF has none
    RowTransform transform = RowTransform::none;
    bool required = true;        // biases and an untied head are not
    std::string kind = {};       // "q_proj" where an adapter can sit on it, else empty
    // Where the size does not follow from the name's last part as in a Llama (registry.cpp). Of one expert for a row with {e}.
    std::vector<int64_t> shape = {};
    // In which layers it is: all, those with experts, or those without.
    enum class Layers { all, experts, dense } layers = Layers::all;
    // Name of a stack in the model's own files that holds this row too, where a newer writer stacks what others do not
    // ("model.layers.{}.mlp.experts.gate_up_proj" (E, 2 I, H)): rows from stackPart / stackParts of each expert's.
    std::string stack = {};
    int stackPart = 0, stackParts = 1;
};

struct FamilySpec
{
    std::string_view id;         // "llama"
    std::string_view title;      // "Llama 1-3, SmolLM2, Yi"
    bool (*matchesHf)(const nlohmann::json& config);
    ModelConfig (*readHf)(const nlohmann::json& config, const std::filesystem::path& file);
    bool (*matchesGguf)(const GgufFile& file);
    ModelConfig (*readGguf)(const GgufFile& file);
    std::vector<NameRow> (*names)(const ModelConfig& config);
    // Other names under which files hold the tensor with this name of ours, in the order in which they are tried ("encoder.layer.0..."
    // of a bare BertModel for "bert.encoder.layer.0..."); nullptr: none.
    std::vector<std::string> (*aliases)(const std::string& name) = nullptr;
    std::string_view ggufArchitecture = {};   // what a GGUF file of it is called; empty: GGUF has none
    // config.json from the numbers, for a model that came as GGUF and is written as a folder (hf_writer.h has what decoders share);
    // nullptr: it cannot be.
    nlohmann::json (*writeHf)(const ModelConfig& config) = nullptr;
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
    int64_t layer = -1, expert = -1;
    std::string stack;           // with part of parts, as in NameRow
    int stackPart = 0, stackParts = 1;
    std::vector<int64_t> shape;  // from the config
};
std::vector<ExpectedTensor> expectedTensors(const ModelConfig& config);

}  // namespace rankwright
