// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Qwen 3: each head of queries and keys is normalised before its rotation (Yang and others 2025, arXiv 2505.09388).
#include "training/models/decoder_keys.h"
#include "training/models/hf_writer.h"

namespace rankwright {

namespace {

constexpr DecoderKind kKind{.family = "qwen3", .modelType = "qwen3", .classes = "Qwen3", .headDim = 128, .contextLength = 32768};

ModelConfig readHf(const nlohmann::json& document, const std::filesystem::path& file)
{
    HfConfig reader(document, file);
    ModelConfig config = readHfDecoder(reader, document, kKind);
    config.activation = readHfActivation(reader, "hidden_act", "silu");
    reader.rope(config, kKind.ropeTheta);
    config.queryKeyNorm = true;
    config.attentionBias = reader.flag("attention_bias", false);
    readHfWindowAbove(reader, config);
    finishHf(reader, config, file);
    return config;
}

ModelConfig readGguf(const GgufFile& file)
{
    ModelConfig config = readGgufDecoder(GgufKeys(file, "qwen3"), kKind.family);
    config.queryKeyNorm = true;
    return config;
}

nlohmann::json writeHf(const ModelConfig& config)
{
    auto document = decoderConfig(config, "qwen3", "Qwen3ForCausalLM");
    document["attention_bias"] = config.attentionBias;
    document["use_sliding_window"] = false;   // GGUF has no window for it
    return document;
}

}  // namespace

FamilySpec qwen3Family()
{
    return {.id = kKind.family,
        .title = "Qwen 3",
        .matchesHf = [](const nlohmann::json& document) { return isHfKind(document, kKind); },
        .readHf = readHf,
        .matchesGguf = [](const GgufFile& file) { return isGgufArchitecture(file, "qwen3"); },
        .readGguf = readGguf,
        .names = [](const ModelConfig& config) { return decoderNames(config, false); },
        .aliases = decoderAliases,
        .ggufArchitecture = "qwen3",
        .writeHf = writeHf};
}

}  // namespace rankwright
