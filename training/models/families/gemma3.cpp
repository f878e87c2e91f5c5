// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Gemma 3, text only: Gemma with four norms a layer, normalised heads, and five windowed layers to each that sees everything
// (Gemma Team 2025, arXiv 2503.19786).
#include "training/models/decoder_keys.h"
#include "training/models/hf_writer.h"

#include <cmath>

namespace rankwright {

namespace {

constexpr int64_t kPattern = 6;         // every sixth layer sees everything
constexpr int64_t kWindow = 4096;
constexpr double kLocalTheta = 10000;   // of windowed layers
constexpr int64_t kLayersOf27B = 62;
constexpr DecoderKind kKind{.family = "gemma3", .modelType = "gemma3_text", .classes = "Gemma3", .kvHeads = 4, .headDim = 256,
    .contextLength = 131072, .ropeTheta = 1e6, .tied = true};

void setForm(ModelConfig& config)
{
    config.normAddsOne = config.queryKeyNorm = config.sandwichNorms = true;
    config.embeddingScale = std::sqrt(double(config.hiddenSize));
}

std::vector<bool> everyNthSeesAll(int64_t layers, int64_t pattern)
{
    std::vector<bool> windowed;
    for (int64_t layer = 0; layer < layers; ++layer)
        windowed.push_back((layer + 1) % pattern != 0);
    return windowed;
}

bool hasPictures(const nlohmann::json& document)
{
    return HfConfig::modelType(document) == "gemma3" || document.contains("text_config");
}

bool matchesHf(const nlohmann::json& document)
{
    return isHfKind(document, kKind) || HfConfig::modelType(document) == "gemma3";
}

ModelConfig readHf(const nlohmann::json& document, const std::filesystem::path& file)
{
    HfConfig reader(document, file);
    if (hasPictures(document))
        reader.refuseUnsupported("/model_type", "gemma3, a model of pictures and text",
            "gemma3_text (270M and 1B are), or a GGUF file, which holds the text model alone");
    ModelConfig config = readHfDecoder(reader, document, kKind);
    setForm(config);
    reader.ropeByLayerType(config, kKind.ropeTheta, kLocalTheta);
    config.activation = readHfActivation(reader, "hidden_activation", "gelu_pytorch_tanh",
        {{"gelu_pytorch_tanh", "gelu_tanh"}, {"gelu_new", "gelu_tanh"}, {"gelu", "gelu"}});
    reader.ignore("hidden_act");
    config.attentionBias = reader.flag("attention_bias", false);
    config.attentionScale = 1 / std::sqrt(reader.number("query_pre_attn_scalar", 0, 1e9, 256.0));
    if (reader.has("attn_logit_softcapping"))
        config.attentionSoftcap = reader.number("attn_logit_softcapping", 0, 1e9);
    if (reader.has("final_logit_softcapping"))
        config.logitSoftcap = reader.number("final_logit_softcapping", 0, 1e9);
    // transformers writes the pattern with an underscore beside layer_types.
    reader.ignore("_sliding_window_pattern");
    const int64_t pattern = reader.integer("sliding_window_pattern", 1, kLargestCount, kPattern);
    const auto types = reader.windowedLayers(config.layers);
    checkModelSize(config, file, "/num_hidden_layers");   // before there is an entry for each
    config.windowed = types ? *types : everyNthSeesAll(config.layers, pattern);
    config.slidingWindow = reader.integer("sliding_window", 1, kLargestCount, kWindow);
    finishHf(reader, config, file);
    return config;
}

// A number as in config.json, or one truth value a layer: true where the layer has the window.
std::vector<bool> ggufWindows(const GgufKeys& keys, int64_t layers)
{
    const std::string key = keys.full("attention.sliding_window_pattern");
    const auto found = keys.file().metadata.find(key);
    if (found == keys.file().metadata.end() || !found->second.isArray)
        return everyNthSeesAll(layers, keys.integer("attention.sliding_window_pattern", kLargestCount, kPattern));
    const auto* flags = std::get_if<std::vector<bool>>(&found->second.value);
    if (flags == nullptr || int64_t(flags->size()) != layers)
        keys.refuse(Code::config, "attention.sliding_window_pattern", "another list",
            "a number, or true or false for each of the " + std::to_string(layers) + " layers");
    return *flags;
}

// GGUF says neither the local theta nor, in older files, the pattern, and gives the scale by the model's size: llama.cpp's rule.
ModelConfig readGguf(const GgufFile& file)
{
    const GgufKeys keys(file, "gemma3");
    ModelConfig config = readGgufDecoder(keys, kKind.family);
    setForm(config);
    config.activation = "gelu_tanh";
    config.localRopeTheta = keys.number("rope.freq_base_swa", 1e12, kLocalTheta);
    config.windowed = config.slidingWindow > 0 ? ggufWindows(keys, config.layers)
                                               : std::vector<bool>(size_t(config.layers), false);
    config.attentionScale = 1 / std::sqrt(config.layers == kLayersOf27B ? double(config.hiddenSize) / double(config.heads)
                                                                        : double(config.headDim));
    if (keys.has("final_logit_softcapping"))
        config.logitSoftcap = keys.decimal("final_logit_softcapping", 1e9);
    return config;
}

nlohmann::json writeHf(const ModelConfig& config)
{
    auto document = decoderConfig(config, "gemma3_text", "Gemma3ForCausalLM");
    document["hidden_activation"] = document["hidden_act"];
    document.erase("hidden_act");
    document["attention_bias"] = config.attentionBias;
    document["query_pre_attn_scalar"] = std::llround(1 / (config.attentionScale * config.attentionScale));
    document["rope_local_base_freq"] = config.localRopeTheta;
    document["sliding_window"] = config.slidingWindow > 0 ? config.slidingWindow : kWindow;
    document["final_logit_softcapping"] = config.logitSoftcap > 0 ? nlohmann::json(config.logitSoftcap) : nlohmann::json();
    auto& types = document["layer_types"] = nlohmann::json::array();
    for (const bool windowed : config.windowed)
        types.push_back(windowed ? "sliding_attention" : "full_attention");
    return document;
}

}  // namespace

FamilySpec gemma3Family()
{
    return {.id = kKind.family,
        .title = "Gemma 3 (text)",
        .matchesHf = matchesHf,
        .readHf = readHf,
        .matchesGguf = [](const GgufFile& file) { return isGgufArchitecture(file, "gemma3"); },
        .readGguf = readGguf,
        .names = [](const ModelConfig& config) { return decoderNames(config, false); },
        .aliases = decoderAliases,
        .ggufArchitecture = "gemma3",
        .writeHf = writeHf};
}

}  // namespace rankwright
