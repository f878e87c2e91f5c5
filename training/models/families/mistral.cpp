// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Mistral 7B and Nemo: a Llama without biases, of which some have a sliding window (Jiang and others 2023, arXiv 2310.06825).
#include "training/models/decoder_keys.h"
#include "training/models/hf_writer.h"

namespace rankwright {

namespace {

constexpr int64_t kWindow = 4096;   // MistralConfig's default; null in the file means none
constexpr DecoderKind kKind{.family = "mistral", .modelType = "mistral", .classes = "Mistral", .kvHeads = 8, .contextLength = 131072};

ModelConfig readHf(const nlohmann::json& document, const std::filesystem::path& file)
{
    HfConfig reader(document, file);
    ModelConfig config = readHfDecoder(reader, document, kKind);
    config.activation = readHfActivation(reader, "hidden_act", "silu");
    reader.rope(config, kKind.ropeTheta);
    reader.ignore("sliding_window");
    if (!reader.isNull("sliding_window"))
        config.slidingWindow = reader.integer("sliding_window", 1, kLargestCount, kWindow);
    finishHf(reader, config, file);
    return config;
}

// One without a window is a Llama to GGUF.
bool matchesGguf(const GgufFile& file)
{
    return isGgufArchitecture(file, "llama") && file.integer("llama.expert_count", 0) == 0
        && file.integer("llama.attention.sliding_window", 0) > 0;
}

nlohmann::json writeHf(const ModelConfig& config)
{
    auto document = decoderConfig(config, "mistral", "MistralForCausalLM");
    document["sliding_window"] = config.slidingWindow > 0 ? nlohmann::json(config.slidingWindow) : nlohmann::json();
    return document;
}

}  // namespace

FamilySpec mistralFamily()
{
    return {.id = kKind.family,
        .title = "Mistral and Nemo",
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
