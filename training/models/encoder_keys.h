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
// Rows of a weight with its bias: `out` and `in` are its shape. The names live as long as the program.
void addLinear(std::vector<NameRow>& rows, const NameRow& weight, std::string_view bias, std::string_view ggufBias, int64_t out,
    int64_t in);
// The same for a norm's two vectors.
void addNorm(std::vector<NameRow>& rows, std::string_view weight, std::string_view bias, int64_t width,
    std::string_view ggufWeight = {}, std::string_view ggufBias = {});

}  // namespace rankwright
