// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Keys as transformers 5.23 reads them; rotary settings in the older dialect (rope_theta, rope_scaling), which every version reads.
#include "training/models/hf_writer.h"

#include "training/api/error.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace rankwright {

namespace {

using nlohmann::json;

json oneOrMany(const std::vector<int64_t>& ids)
{
    if (ids.empty())
        return nullptr;
    return ids.size() == 1 ? json(ids.front()) : json(ids);
}

// GGUF files list Llama 3's scaling as one divisor a frequency. Where these follow from its formula, that is what they are.
RopeScaling namedScaling(const ModelConfig& config)
{
    if (config.rope.type != "divisors")
        return config.rope;
    constexpr double kRounding = 1e-5;   // the divisors are stored as float32
    constexpr int64_t kShortest = 128, kLongest = 1 << 20;
    const auto stored = ropeFrequencies(config);
    ModelConfig guess = config;
    guess.rope = {.type = "llama3", .factor = *std::ranges::max_element(config.rope.divisors)};
    // Two original contexts that give the same frequencies are one as good as the other.
    for (guess.rope.originalContext = kShortest; guess.rope.originalContext <= kLongest; guess.rope.originalContext *= 2) {
        const bool same = std::ranges::equal(ropeFrequencies(guess), stored,
            [&](double a, double b) { return std::abs(a - b) <= kRounding * std::abs(b); });
        if (same)
            return guess.rope;
    }
    return config.rope;
}

json scalingJson(const ModelConfig& config)
{
    const auto rope = namedScaling(config);
    if (rope.type == "default")
        return nullptr;
    if (rope.type == "linear")
        return {{"rope_type", "linear"}, {"factor", rope.factor}};
    if (rope.type == "llama3") {
        return {{"rope_type", "llama3"}, {"factor", rope.factor}, {"low_freq_factor", rope.lowFrequencyFactor},
            {"high_freq_factor", rope.highFrequencyFactor}, {"original_max_position_embeddings", rope.originalContext}};
    }
    throw Error({.code = Code::unsupported,
        .place = "rope scaling",
        .found = "frequencies that the GGUF file lists one by one",
        .allowed = "none, linear or llama3",
        .advice = "A config.json cannot say that: export the adapter with --format lora instead."});
}

// What the head for labels needs said.
void setLabels(json& config, const WrittenModel& written)
{
    const auto& known = config["architectures"];
    const auto architecture = known.is_array() && !known.empty() && known.front().is_string() ? known.front().get<std::string>() : "";
    if (const auto named = labelArchitecture(architecture); !named.empty())
        config["architectures"] = {named};
    const bool classes = written.task == "classify";
    const auto labels = classes ? written.labels : std::vector<std::string>{"LABEL_0"};
    config["id2label"] = json::object();
    config["label2id"] = json::object();
    for (size_t i = 0; i < labels.size(); ++i) {
        config["id2label"][std::to_string(i)] = labels[i];
        config["label2id"][labels[i]] = i;
    }
    config["num_labels"] = labels.size();
    config["problem_type"] = classes ? "single_label_classification" : "regression";
}

json configOfSource(const ModelSource& source)
{
    if (!source.gguf)
        return readJsonFile(source.path / "config.json", limits::kJsonConfig);
    const auto& family = familyById(source.config.family);
    if (family.writeHf == nullptr) {
        throw Error({.code = Code::unsupported,
            .file = source.path,
            .place = "model family",
            .found = std::string(family.title) + " as a GGUF file",
            .allowed = "a model folder as base",
            .advice = "Export the adapter (--format lora), or train on the model's folder."});
    }
    return family.writeHf(source.config);
}

}  // namespace

std::string labelArchitecture(const std::string& architecture)
{
    // Gemma 3's text model alone is named otherwise than its causal model.
    if (architecture.starts_with("Gemma3For"))
        return "Gemma3TextForSequenceClassification";
    auto end = architecture.find("For");
    if (end == std::string::npos && architecture.ends_with("Model"))
        end = architecture.size() - std::string_view("Model").size();
    return end == std::string::npos || end == 0 ? std::string() : architecture.substr(0, end) + "ForSequenceClassification";
}

json decoderConfig(const ModelConfig& c, const std::string& modelType, const std::string& architecture)
{
    json document{{"architectures", {architecture}}, {"model_type", modelType}, {"hidden_size", c.hiddenSize},
        {"intermediate_size", c.intermediateSize}, {"num_hidden_layers", c.layers}, {"num_attention_heads", c.heads},
        {"num_key_value_heads", c.kvHeads}, {"head_dim", c.headDim}, {"vocab_size", c.vocabSize},
        {"max_position_embeddings", c.contextLength}, {"rms_norm_eps", c.normEpsilon}, {"rope_theta", c.ropeTheta},
        {"hidden_act", c.activation == "gelu_tanh" ? "gelu_pytorch_tanh" : c.activation}, {"tie_word_embeddings", c.tiedEmbeddings},
        {"bos_token_id", oneOrMany(c.bosIds)}, {"eos_token_id", oneOrMany(c.eosIds)}};
    if (auto scaling = scalingJson(c); !scaling.is_null())
        document["rope_scaling"] = std::move(scaling);
    return document;
}

json writtenConfig(const ModelSource& source, const WrittenModel& written)
{
    json config = configOfSource(source);
    config["torch_dtype"] = written.dtype;   // the name up to transformers 4, which 5 still reads
    if (config.contains("dtype"))
        config["dtype"] = written.dtype;
    if (source.config.form == "decoder")
        config["tie_word_embeddings"] = written.tied;
    if (written.task != "lm")
        setLabels(config, written);
    return config;
}

}  // namespace rankwright
