// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Qwen 1.5, 2 and 2.5: a Llama whose queries, keys and values have biases (Yang and others 2024, arXiv 2407.10671).
#include "training/models/decoder_keys.h"
#include "training/models/hf_writer.h"

namespace rankwright {

namespace {

constexpr DecoderKind kKind{.family = "qwen2", .modelType = "qwen2", .classes = "Qwen2", .contextLength = 32768};

ModelConfig readHf(const nlohmann::json& document, const std::filesystem::path& file)
{
    HfConfig reader(document, file);
    ModelConfig config = readHfDecoder(reader, document, kKind);
    config.activation = readHfActivation(reader, "hidden_act", "silu");
    reader.rope(config, kKind.ropeTheta);
    config.attentionBias = true;   // of q, k and v; not a setting
    readHfWindowAbove(reader, config);
    finishHf(reader, config, file);
    return config;
}

nlohmann::json writeHf(const ModelConfig& config)
{
    auto document = decoderConfig(config, "qwen2", "Qwen2ForCausalLM");
    document["use_sliding_window"] = false;   // GGUF has no window for it
    return document;
}

}  // namespace

FamilySpec qwen2Family()
{
    return {.id = kKind.family,
        .title = "Qwen 1.5, 2 and 2.5",
        .matchesHf = [](const nlohmann::json& document) { return isHfKind(document, kKind); },
        .readHf = readHf,
        .matchesGguf = [](const GgufFile& file) { return isGgufArchitecture(file, "qwen2"); },
        .readGguf = [](const GgufFile& file) { return readGgufDecoder(GgufKeys(file, "qwen2"), kKind.family); },
        .names = [](const ModelConfig& config) { return decoderNames(config, false); },
        .aliases = decoderAliases,
        .ggufArchitecture = "qwen2",
        .writeHf = writeHf};
}

}  // namespace rankwright
