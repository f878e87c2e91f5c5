// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Keys of config.json that encoders share, and the names that older files use.
#include "training/models/encoder_keys.h"

#include "training/formats/limits.h"

#include <algorithm>

namespace rankwright {

namespace {

using nlohmann::json;

// Training of whole models, sizes that follow from others, and what other heads read.
constexpr auto kNotNeeded = {"hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout", "gradient_checkpointing",
    "directionality", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head", "pooler_type",
    "tie_word_embeddings", "num_labels", "output_past", "bos_token_id", "eos_token_id"};

void refuseHfFeatures(const json& document, HfConfig& reader, const EncoderKind& kind)
{
    const std::string architecture = reader.architecture();
    const auto known = [&](std::string_view classes) { return architecture.starts_with(classes); };
    if (!architecture.empty() && std::ranges::none_of(kind.classes, known)) {
        reader.refuseUnsupported("/architectures", architecture,
            std::string(kind.classes.front()) + "ForSequenceClassification, or another class that begins with "
                + std::string(kind.classes.front()));
    }
    if (reader.has("quantization_config"))
        reader.refuseUnsupported("/quantization_config", "weights quantised with another program", "plain float weights");
    if (reader.flag("is_decoder", false) || reader.flag("add_cross_attention", false))
        reader.refuseUnsupported("/is_decoder", "an encoder's network used as a decoder", "is_decoder and add_cross_attention false");
    reader.ignore("pruned_heads");
    if (reader.has("pruned_heads") && !document.at("pruned_heads").empty())
        reader.refuseUnsupported("/pruned_heads", "heads that were cut out", "all heads");
    const std::string problem = reader.text("problem_type", "");
    if (problem == "multi_label_classification")
        reader.refuseUnsupported("/problem_type", problem, "single_label_classification or regression");
    if (reader.has("auto_map"))
        reader.note("auto_map was ignored: remote code is never run");
    const std::string positions = reader.text("position_embedding_type", "absolute");
    if (positions != "absolute")
        reader.refuseUnsupported("/position_embedding_type", positions, "absolute");
}

void readSizes(HfConfig& reader, ModelConfig& config)
{
    config.hiddenSize = reader.integer("hidden_size", 1, kLargestWidth);
    config.intermediateSize = reader.integer("intermediate_size", 1, kLargestWidth);
    config.layers = reader.integer("num_hidden_layers", 1, kLargestCount);
    config.heads = config.kvHeads = reader.integer("num_attention_heads", 1, kLargestWidth);
    if (config.hiddenSize % config.heads != 0) {
        reader.refuse("/num_attention_heads",
            std::to_string(config.heads) + " heads for a width of " + std::to_string(config.hiddenSize),
            "a number of heads that divides the width");
    }
    config.headDim = config.hiddenSize / config.heads;
    config.vocabSize = reader.integer("vocab_size", 1, limits::kVocabulary);
    config.contextLength = reader.integer("max_position_embeddings", 1, kLargestCount, 512);
}

}  // namespace

bool isHfEncoder(const json& document, const EncoderKind& kind)
{
    const std::string type = HfConfig::modelType(document);
    if (!type.empty())
        return std::ranges::find(kind.modelTypes, type) != kind.modelTypes.end();
    const std::string architecture = HfConfig::architecture(document);
    return std::ranges::any_of(kind.classes, [&](std::string_view classes) {
        const bool begins = architecture.starts_with(classes);
        const std::string rest = begins ? architecture.substr(classes.size()) : "";
        return rest == "Model" || rest.starts_with("For");
    });
}

ModelConfig readHfEncoder(HfConfig& reader, const json& document, const EncoderKind& kind)
{
    refuseHfFeatures(document, reader, kind);
    for (const char* key : kNotNeeded)
        reader.ignore(key);
    ModelConfig config;
    config.family = kind.family;
    config.form = "encoder";
    config.architecture = reader.architecture();
    if (config.architecture.empty())
        config.architecture = std::string(kind.classes.front()) + "Model";
    config.attentionBias = config.mlpBias = true;
    readSizes(reader, config);
    config.activation = readHfActivation(reader, "hidden_act", "gelu",
        {{"gelu", "gelu"}, {"gelu_new", "gelu_tanh"}, {"gelu_pytorch_tanh", "gelu_tanh"}});
    config.normEpsilon = reader.number("layer_norm_eps", 0, 1, kind.normEpsilon);
    if (!reader.has("layer_norm_eps"))
        reader.note(std::string("layer_norm_eps is missing; ") + (kind.normEpsilon == 1e-7 ? "1e-07" : "1e-12") + " was assumed");
    if (config.architecture.ends_with("ForSequenceClassification"))
        config.labels = reader.labels();
    if (config.labels.size() > 1 && reader.text("problem_type", "") == "regression")
        reader.refuseUnsupported("/problem_type", "regression of several values at once", "one value");
    return config;
}

std::vector<std::string> encoderAliases(const std::string& name, std::string_view family)
{
    std::vector<std::string> names;
    const auto addOld = [&](const std::string& base) {
        constexpr std::string_view kWeight = "LayerNorm.weight", kBias = "LayerNorm.bias";
        if (base.ends_with(kWeight))
            names.push_back(base.substr(0, base.size() - kWeight.size()) + "LayerNorm.gamma");
        if (base.ends_with(kBias))
            names.push_back(base.substr(0, base.size() - kBias.size()) + "LayerNorm.beta");
    };
    addOld(name);
    const std::string prefix = std::string(family) + ".";
    if (name.starts_with(prefix)) {
        names.push_back(name.substr(prefix.size()));
        addOld(names.back());
    }
    return names;
}

void addLinear(std::vector<NameRow>& rows, const std::string& module, const std::string& gguf, const std::string& kind, int64_t out,
    int64_t in, bool required)
{
    const auto there = [&](const char* part) { return gguf.empty() ? std::string() : gguf + part; };
    rows.push_back({.name = module + ".weight", .gguf = there(".weight"), .required = required, .kind = kind, .shape = {out, in}});
    rows.push_back({.name = module + ".bias", .gguf = there(".bias"), .required = required, .shape = {out}});
}

void addNorm(std::vector<NameRow>& rows, const std::string& module, const std::string& gguf, int64_t width)
{
    for (const std::string part : {".weight", ".bias"})
        rows.push_back({.name = module + part, .gguf = gguf.empty() ? gguf : gguf + part, .shape = {width}});
}

void addLabelHead(std::vector<NameRow>& rows, const ModelConfig& config)
{
    if (config.labels.empty())
        return;
    addLinear(rows, config.labelHead.dense, {}, {}, config.hiddenSize, config.hiddenSize, false);
    addLinear(rows, config.labelHead.out, {}, {}, int64_t(config.labels.size()), config.hiddenSize, false);
}

std::vector<NameRow> encoderNames(const ModelConfig& config, const std::string& family, const std::string& projection, bool gguf)
{
    const int64_t hidden = config.hiddenSize, inner = config.intermediateSize;
    const auto there = [&](const char* name) { return std::string(gguf ? name : ""); };
    const std::string tables = family + ".embeddings.", layer = family + ".encoder.layer.{}.";
    std::vector<NameRow> rows{
        {.name = tables + "word_embeddings.weight", .gguf = there("token_embd.weight"), .shape = {config.vocabSize, hidden}}};
    if (config.form == "encoder") {
        rows.push_back({.name = tables + "position_embeddings.weight", .gguf = there("position_embd.weight"),
            .shape = {config.contextLength + config.firstPosition, hidden}});
        rows.push_back({.name = tables + "token_type_embeddings.weight", .gguf = there("token_types.weight"),
            .shape = {config.tokenTypes, hidden}});
    }
    addNorm(rows, tables + "LayerNorm", there("token_embd_norm"), hidden);
    for (const auto& [part, theirs] : {std::pair{"query", "blk.{}.attn_q"}, {"key", "blk.{}.attn_k"}, {"value", "blk.{}.attn_v"}})
        addLinear(rows, layer + "attention.self." + part + projection, there(theirs), part + projection, hidden, hidden);
    addLinear(rows, layer + "attention.output.dense", there("blk.{}.attn_output"), "dense", hidden, hidden);
    addNorm(rows, layer + "attention.output.LayerNorm", there("blk.{}.attn_output_norm"), hidden);
    addLinear(rows, layer + "intermediate.dense", there("blk.{}.ffn_up"), "dense", inner, hidden);
    addLinear(rows, layer + "output.dense", there("blk.{}.ffn_down"), "dense", hidden, inner);
    addNorm(rows, layer + "output.LayerNorm", there("blk.{}.layer_output_norm"), hidden);
    return rows;
}

}  // namespace rankwright
