// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the files of encoders have in common: keys of config.json and older names of tensors (methods.md 5.2 and 5.3).
#pragma once

#include "training/models/decoder_keys.h"

namespace rankwright {

// A family's names and what it assumes where config.json says nothing, as transformers does.
struct EncoderKind
{
    std::string_view family;                     // id of its FamilySpec, what its tensors' names begin with
    std::vector<std::string_view> modelTypes;    // "roberta", "xlm-roberta"
    std::vector<std::string_view> classes;       // "Roberta", "XLMRoberta": what names of architectures begin with
    double normEpsilon = 1e-12;
};

// By model_type, or by the first of architectures where that is missing.
bool isHfEncoder(const nlohmann::json& document, const EncoderKind& kind);
// The keys that all have: sizes, activation, epsilon, labels. Throws Error for what does not fit and for what is not built: decoders,
// attention to another model, weights quantised by another program, several labels at once.
ModelConfig readHfEncoder(HfConfig& reader, const nlohmann::json& document, const EncoderKind& kind);
// Names of a body that was saved by itself, without `family` in front, and of norms by their old names gamma and beta.
std::vector<std::string> encoderAliases(const std::string& name, std::string_view family);
// Rows of a module's weight and bias: `out` and `in` are the weight's shape. `gguf`: the module's name there; empty: GGUF has none.
void addLinear(std::vector<NameRow>& rows, const std::string& module, const std::string& gguf, const std::string& kind, int64_t out,
    int64_t in, bool required = true);
// The same for a norm's two vectors.
void addNorm(std::vector<NameRow>& rows, const std::string& module, const std::string& gguf, int64_t width);
// A head for labels that stands in the files with its classes, both matrices: LabelHead::dense and out.
void addLabelHead(std::vector<NameRow>& rows, const ModelConfig& config);
// Embeddings and layers as BERT has them, under `family`; tables of positions and token types where the form has them. `projection`
// follows query, key and value ("_proj"); `gguf`: whether the names of the architecture bert go with them.
std::vector<NameRow> encoderNames(const ModelConfig& config, const std::string& family, const std::string& projection = {},
    bool gguf = false);

}  // namespace rankwright
