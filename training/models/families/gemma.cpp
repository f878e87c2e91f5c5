// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Gemma 1: norms multiply by 1 + w, embeddings are scaled, the gate is a tanh GELU (Gemma Team 2024, arXiv 2403.08295).
#include "training/models/decoder_keys.h"
#include "training/models/hf_writer.h"

#include <cmath>

namespace rankwright {

namespace {

constexpr DecoderKind kKind{.family = "gemma", .modelType = "gemma", .classes = "Gemma", .headDim = 256,
    .contextLength = 8192, .tied = true};

void setForm(ModelConfig& config)
{
    config.normAddsOne = true;
    config.embeddingScale = std::sqrt(double(config.hiddenSize));
}

ModelConfig readHf(const nlohmann::json& document, const std::filesystem::path& file)
{
    HfConfig reader(document, file);
    ModelConfig config = readHfDecoder(reader, document, kKind);
    setForm(config);
    reader.rope(config, kKind.ropeTheta);
    // The first files say "gelu" and mean the tanh form, which later ones say in hidden_activation.
    reader.ignore("hidden_act");
    reader.ignore("hidden_activation");
    config.activation = readHfActivation(reader, reader.has("hidden_activation") ? "hidden_activation" : "hidden_act",
        "gelu_pytorch_tanh", {{"gelu_pytorch_tanh", "gelu_tanh"}, {"gelu_new", "gelu_tanh"}, {"gelu", "gelu_tanh"}});
    config.attentionBias = reader.flag("attention_bias", false);
    finishHf(reader, config, file);
    return config;
}

ModelConfig readGguf(const GgufFile& file)
{
    ModelConfig config = readGgufDecoder(GgufKeys(file, "gemma"), kKind.family);
    setForm(config);
    config.activation = "gelu_tanh";
    return config;
}

nlohmann::json writeHf(const ModelConfig& config)
{
    auto document = decoderConfig(config, "gemma", "GemmaForCausalLM");
    document["hidden_activation"] = document["hidden_act"];
    document["attention_bias"] = config.attentionBias;
    return document;
}

}  // namespace

FamilySpec gemmaFamily()
{
    return {.id = kKind.family,
        .title = "Gemma 1",
        .matchesHf = [](const nlohmann::json& document) { return isHfKind(document, kKind); },
        .readHf = readHf,
        .matchesGguf = [](const GgufFile& file) { return isGgufArchitecture(file, "gemma"); },
        .readGguf = readGguf,
        .names = [](const ModelConfig& config) { return decoderNames(config, false); },
        .aliases = decoderAliases,
        .ggufArchitecture = "gemma",
        .writeHf = writeHf};
}

}  // namespace rankwright
