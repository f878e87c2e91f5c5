// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Llama 1-3 and what is built like it (SmolLM2, Yi).
#include "training/models/decoder_keys.h"
#include "training/models/hf_writer.h"

namespace rankwright {

namespace {

constexpr DecoderKind kKind{.family = "llama", .modelType = "llama", .classes = "Llama"};

ModelConfig readHf(const nlohmann::json& document, const std::filesystem::path& file)
{
    HfConfig reader(document, file);
    ModelConfig config = readHfDecoder(reader, document, kKind);
    config.activation = readHfActivation(reader, "hidden_act", "silu");
    reader.rope(config, kKind.ropeTheta);
    reader.ignore("sliding_window");
    config.attentionBias = reader.flag("attention_bias", false);
    config.mlpBias = reader.flag("mlp_bias", false);
    finishHf(reader, config, file);
    return config;
}

// GGUF calls three families "llama"; Mixtral has experts, Mistral a window.
bool matchesGguf(const GgufFile& file)
{
    return isGgufArchitecture(file, "llama") && file.integer("llama.expert_count", 0) == 0
        && file.integer("llama.attention.sliding_window", 0) <= 0;
}

nlohmann::json writeHf(const ModelConfig& config)
{
    auto document = decoderConfig(config, "llama", "LlamaForCausalLM");
    document["attention_bias"] = config.attentionBias;
    document["mlp_bias"] = config.mlpBias;
    return document;
}

}  // namespace

FamilySpec llamaFamily()
{
    return {.id = kKind.family,
        .title = "Llama 1-3, Yi, SmolLM2",
        .matchesHf = [](const nlohmann::json& document) { return isHfKind(document, kKind); },
        .readHf = readHf,
        .matchesGguf = matchesGguf,
        .readGguf = [](const GgufFile& file) { return readGgufDecoder(GgufKeys(file, "llama"), kKind.family); },
        .names = [](const ModelConfig& config) { return decoderNames(config, true); },
        .aliases = decoderAliases,
        .ggufArchitecture = "llama",
        .writeHf = writeHf};
}

}  // namespace rankwright
