// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Keys as llama.cpp's loaders ask for them, architecture by architecture (methods.md 4.3; llama.cpp src/models/).
#include "training/models/gguf_keys.h"

#include "training/api/error.h"

#include <algorithm>
#include <cmath>

namespace rankwright {

namespace {

constexpr size_t kGemma3Period = 6;   // llama.cpp's own: five layers with a window, one without

std::string_view architectureOf(const ModelConfig& config) { return familyById(config.family).ggufArchitecture; }

[[noreturn]] void refuse(const std::string& what, const std::string& found, const std::string& allowed)
{
    throw Error({.code = Code::unsupported, .place = what, .found = found, .allowed = allowed,
        .advice = "Export as a folder instead: --format merged, or lora for the adapter"});
}

// The period n of a pattern in which layer i has a window unless n divides i + 1; 0: another pattern. llama.cpp's own comes first.
int64_t windowPeriod(const std::vector<bool>& windowed)
{
    const auto fits = [&](size_t period) {
        for (size_t i = 0; i < windowed.size(); ++i) {
            if (windowed[i] == ((i + 1) % period == 0))
                return false;
        }
        return true;
    };
    if (fits(kGemma3Period))
        return int64_t(kGemma3Period);
    for (size_t period = 1; period <= windowed.size() + 1; ++period) {
        if (fits(period))
            return int64_t(period);
    }
    return 0;
}

void requireAttention(const ModelConfig& config, std::string_view architecture)
{
    const std::string of = " in llama.cpp's " + std::string(architecture);
    const bool wide = architecture == "llama" || architecture == "qwen3" || architecture == "gemma" || architecture == "gemma3";
    if (!wide && config.heads * config.headDim != config.hiddenSize)
        refuse("heads", std::to_string(config.heads) + " of " + std::to_string(config.headDim), "heads that fill the width" + of);
    const double usual = 1 / std::sqrt(double(config.headDim));
    // llama.cpp gives Gemma 3's largest model (62 layers) its own scale and all others the usual one.
    const double expected = architecture == "gemma3" && config.layers == 62 ? 1 / std::sqrt(double(config.hiddenSize / config.heads)) : usual;
    const double scale = config.attentionScale > 0 ? config.attentionScale : usual;
    if (std::fabs(scale - expected) > 1e-6 * expected)
        refuse("scale of the attention", std::to_string(scale), std::to_string(expected) + of);
    if (config.attentionSoftcap > 0)
        refuse("soft cap of the attention", std::to_string(config.attentionSoftcap), "none" + of);
    if (config.logitSoftcap > 0 && architecture != "gemma3")
        refuse("soft cap of the logits", std::to_string(config.logitSoftcap), "none" + of);
    if (!config.windowed.empty() && config.slidingWindow > 0 && architecture != "gemma3") {
        for (const bool windowed : config.windowed) {
            if (windowed != config.windowed.front())
                refuse("sliding window", "in some layers", "in all or none" + of);
        }
    }
    if (architecture == "gemma3" && windowPeriod(config.windowed) == 0)
        refuse("sliding window", "a pattern without a period", "every so many layers without a window" + of);
    const bool divisors = !ggufRopeDivisors(config).empty();
    if (divisors && architecture != "llama" && architecture != "deepseek")
        refuse("rotary scaling", config.rope.type, "none or linear" + of);
}

void requireExperts(const ModelConfig& config, std::string_view architecture)
{
    const auto& experts = config.experts;
    if (experts.count == 0) {
        if (architecture == "deepseek")
            refuse("experts", "none", "experts: use a Llama for a dense model");
        return;
    }
    if (architecture == "llama" && (experts.firstLayer != 0 || experts.everyNth != 1 || !experts.renormalise || experts.shared != 0))
        refuse("experts", "in some layers, shared, or with shares that do not add up to 1", "Mixtral's: in all layers, renormalised");
    if (architecture == "deepseek" && (experts.everyNth != 1 || experts.renormalise || experts.shared == 0))
        refuse("experts", "every second layer, none shared, or renormalised shares", "DeepSeek-MoE's: shared ones, shares as they are");
    if (architecture != "llama" && architecture != "deepseek")
        refuse("experts", std::to_string(experts.count), "none in llama.cpp's " + std::string(architecture));
}

struct Keys
{
    std::string prefix;
    GgufMetadata list;
    void integer(const std::string& key, int64_t value) { list.emplace_back(prefix + key, ggufInteger(value)); }
    void number(const std::string& key, double value) { list.emplace_back(prefix + key, ggufNumber(value)); }
    void text(const std::string& key, std::string value) { list.emplace_back(prefix + key, ggufText(std::move(value))); }
};

void addWindow(const ModelConfig& config, Keys& keys)
{
    const bool some = config.windowed.empty() || std::find(config.windowed.begin(), config.windowed.end(), true) != config.windowed.end();
    if (config.slidingWindow <= 0 || !some)
        return;
    keys.integer("attention.sliding_window", config.slidingWindow);
    if (const auto period = windowPeriod(config.windowed); keys.prefix == "gemma3." && period != int64_t(kGemma3Period))
        keys.integer("attention.sliding_window_pattern", period);
    if (config.localRopeTheta > 0)
        keys.number("rope.freq_base_swa", config.localRopeTheta);
}

void addExperts(const ModelConfig& config, Keys& keys)
{
    const auto& experts = config.experts;
    if (experts.count == 0)
        return;
    keys.integer("expert_count", experts.count);
    keys.integer("expert_used_count", experts.perToken);
    if (keys.prefix != "deepseek.")
        return;
    keys.integer("expert_feed_forward_length", experts.intermediateSize);
    keys.integer("expert_shared_count", experts.shared);
    keys.integer("leading_dense_block_count", experts.firstLayer);
    keys.number("expert_weights_scale", 1);
}

}  // namespace

void requireGguf(const ModelConfig& config)
{
    const auto architecture = architectureOf(config);
    if (architecture.empty() || config.form != "decoder") {
        refuse("model family", std::string(familyById(config.family).title),
            config.form == "decoder" ? "a family that llama.cpp knows" : "a decoder: llama.cpp's encoders have no head for labels");
    }
    requireAttention(config, architecture);
    requireExperts(config, architecture);
    for (const auto& row : familyById(config.family).names(config)) {
        if (row.gguf.empty() && row.required)
            refuse("tensor " + std::string(row.name), "no name in GGUF", "tensors that llama.cpp's " + std::string(architecture) + " has");
    }
}

GgufMetadata ggufModelKeys(const ModelConfig& config)
{
    const std::string architecture(architectureOf(config));
    Keys keys{architecture + ".", {{"general.architecture", ggufText(architecture)}, {"general.type", ggufText("model")}}};
    keys.integer("context_length", config.contextLength);
    keys.integer("embedding_length", config.hiddenSize);
    keys.integer("block_count", config.layers);
    const bool mixtral = config.experts.count > 0 && architecture == "llama";
    keys.integer("feed_forward_length", mixtral ? config.experts.intermediateSize : config.intermediateSize);
    keys.integer("attention.head_count", config.heads);
    keys.integer("attention.head_count_kv", config.kvHeads);
    keys.integer("attention.key_length", config.headDim);
    keys.integer("attention.value_length", config.headDim);
    keys.number("attention.layer_norm_rms_epsilon", config.normEpsilon);
    keys.integer("rope.dimension_count", config.headDim);
    keys.number("rope.freq_base", config.ropeTheta);
    keys.integer("vocab_size", config.vocabSize);
    if (config.rope.type == "linear") {
        keys.text("rope.scaling.type", "linear");
        keys.number("rope.scaling.factor", config.rope.factor);
    }
    if (config.logitSoftcap > 0)
        keys.number("final_logit_softcapping", config.logitSoftcap);
    addWindow(config, keys);
    addExperts(config, keys);
    return keys.list;
}

std::vector<float> ggufRopeDivisors(const ModelConfig& config)
{
    if (config.rope.type == "default" || config.rope.type == "linear")
        return {};
    ModelConfig plain = config;
    plain.rope = {};
    const auto scaled = ropeFrequencies(config), original = ropeFrequencies(plain);
    std::vector<float> divisors;
    for (size_t i = 0; i < scaled.size(); ++i)
        divisors.push_back(float(original[i] / scaled[i]));
    return divisors;
}

int64_t ggufFileType(StoredType type)
{
    switch (type) {
    case StoredType::F16: return 1;
    case StoredType::Q4_0: return 2;
    case StoredType::Q4_1: return 3;
    case StoredType::Q8_0: return 7;
    case StoredType::BF16: return 32;
    default: return 0;
    }
}

}  // namespace rankwright
