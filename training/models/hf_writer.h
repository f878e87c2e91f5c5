// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// config.json of a model that is written as a folder in Hugging Face layout: the base's own file with what has changed, or, for a
// base that came as GGUF, one made from its numbers.
#pragma once

#include "training/models/model_source.h"

namespace rankwright {

// What a model's files say that a written folder must say otherwise.
struct WrittenModel
{
    std::string dtype = "float32";     // float32 | bfloat16 | float16
    bool tied = false;                 // decoders: the embeddings serve as head
    std::string task = "lm";           // lm | classify | regress
    std::vector<std::string> labels;   // classify: names by class
};

// The keys that decoders share, from the numbers alone. Throws Error{unsupported} for rotary frequencies that no config.json can say.
nlohmann::json decoderConfig(const ModelConfig& config, const std::string& modelType, const std::string& architecture);
// "LlamaForCausalLM" -> "LlamaForSequenceClassification"; empty where the name follows no such form.
std::string labelArchitecture(const std::string& architecture);
// Throws Error{unsupported} for a GGUF file of a family that has no writeHf.
nlohmann::json writtenConfig(const ModelSource& source, const WrittenModel& written);

}  // namespace rankwright
