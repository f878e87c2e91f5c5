// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Keys of config.json and names of tensors that decoders share.
#include "training/models/decoder_keys.h"

#include "training/formats/limits.h"

#include <algorithm>

namespace rankwright {

namespace {

using nlohmann::json;

// Features of config.json that change the numbers and are not built.
void refuseHfFeatures(const json& document, HfConfig& reader, const DecoderKind& kind)
{
    const std::string architecture = reader.architecture();
    if (!architecture.empty() && !architecture.ends_with("ForCausalLM")
        && !architecture.ends_with("ForSequenceClassification") && !architecture.ends_with("Model")) {
        const std::string classes(kind.classes);
        reader.refuseUnsupported("/architectures", architecture,
            classes + "ForCausalLM, " + classes + "ForSequenceClassification or " + classes + "Model");
    }
    if (reader.has("quantization_config")) {
        const json& settings = document.at("quantization_config");
        const bool named = settings.is_object() && settings.contains("quant_method")
            && settings.at("quant_method").is_string();
        reader.refuseUnsupported("/quantization_config",
            "weights quantised with " + (named ? settings.at("quant_method").get<std::string>() : "another program"),
            "plain float weights, or a GGUF file");
    }
    if (reader.has("auto_map"))
        reader.note("auto_map was ignored: remote code is never run");
    if (reader.flag("rope_interleaved", false))
        reader.refuseUnsupported("/rope_interleaved", "true", "false");
    if (reader.number("partial_rotary_factor", 0, 1, 1.0) != 1)
        reader.refuseUnsupported("/partial_rotary_factor", document.at("partial_rotary_factor").dump(), "1");
    if (reader.flag("use_bidirectional_attention", false))
        reader.refuseUnsupported("/use_bidirectional_attention", "true", "false: each token sees the ones before it");
}

void checkHeads(const HfConfig& reader, const ModelConfig& config, bool headDimIsGiven)
{
    if (config.kvHeads > config.heads || config.heads % config.kvHeads != 0)
        reader.refuse("/num_key_value_heads", std::to_string(config.kvHeads),
            "a number that divides the " + std::to_string(config.heads) + " query heads");
    if (!headDimIsGiven && config.hiddenSize % config.heads != 0)
        reader.refuse("/num_attention_heads",
            std::to_string(config.heads) + " heads for a width of " + std::to_string(config.hiddenSize),
            "a number of heads that divides the width");
    if (config.headDim % 2 != 0)
        reader.refuse(headDimIsGiven ? "/head_dim" : "/num_attention_heads",
            "heads of width " + std::to_string(config.headDim), "an even width: rotary positions turn pairs");
}

// The MLP of layers without experts.
void addMlpNames(const ModelConfig& config, std::vector<NameRow>& rows)
{
    const auto add = [&](const std::string& name, const std::string& gguf, const std::string& kind) {
        rows.push_back({.name = name, .gguf = gguf, .kind = kind,
            .layers = config.experts.count > 0 ? NameRow::Layers::dense : NameRow::Layers::all});
    };
    add("model.layers.{}.mlp.gate_proj.weight", "blk.{}.ffn_gate.weight", "gate_proj");
    add("model.layers.{}.mlp.up_proj.weight", "blk.{}.ffn_up.weight", "up_proj");
    add("model.layers.{}.mlp.down_proj.weight", "blk.{}.ffn_down.weight", "down_proj");
    if (!config.mlpBias)
        return;
    add("model.layers.{}.mlp.gate_proj.bias", "blk.{}.ffn_gate.bias", "");
    add("model.layers.{}.mlp.up_proj.bias", "blk.{}.ffn_up.bias", "");
    add("model.layers.{}.mlp.down_proj.bias", "blk.{}.ffn_down.bias", "");
}

void addAttentionNames(const ModelConfig& config, bool ropePairs, std::vector<NameRow>& rows)
{
    const auto query = ropePairs ? RowTransform::ropeQuery : RowTransform::none;
    const auto key = ropePairs ? RowTransform::ropeKey : RowTransform::none;
    const auto none = RowTransform::none;
    rows.push_back({"model.layers.{}.self_attn.q_proj.weight", "blk.{}.attn_q.weight", query, true, "q_proj"});
    rows.push_back({"model.layers.{}.self_attn.k_proj.weight", "blk.{}.attn_k.weight", key, true, "k_proj"});
    rows.push_back({"model.layers.{}.self_attn.v_proj.weight", "blk.{}.attn_v.weight", none, true, "v_proj"});
    rows.push_back({"model.layers.{}.self_attn.o_proj.weight", "blk.{}.attn_output.weight", none, true, "o_proj"});
    if (!config.attentionBias)
        return;
    rows.push_back({"model.layers.{}.self_attn.q_proj.bias", "blk.{}.attn_q.bias", query});
    rows.push_back({"model.layers.{}.self_attn.k_proj.bias", "blk.{}.attn_k.bias", key});
    rows.push_back({"model.layers.{}.self_attn.v_proj.bias", "blk.{}.attn_v.bias"});
    // Qwen 2 and some files of others bias q, k and v only.
    rows.push_back({"model.layers.{}.self_attn.o_proj.bias", "blk.{}.attn_output.bias", none, false});
}

void addNormNames(const ModelConfig& config, std::vector<NameRow>& rows)
{
    const auto add = [&](const std::string& name, const std::string& gguf) {
        rows.push_back({name, gguf, config.normAddsOne ? RowTransform::plusOne : RowTransform::none});
    };
    add("model.norm.weight", "output_norm.weight");
    add("model.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight");
    if (config.sandwichNorms) {
        add("model.layers.{}.post_attention_layernorm.weight", "blk.{}.post_attention_norm.weight");
        add("model.layers.{}.pre_feedforward_layernorm.weight", "blk.{}.ffn_norm.weight");
        add("model.layers.{}.post_feedforward_layernorm.weight", "blk.{}.post_ffw_norm.weight");
    } else {
        add("model.layers.{}.post_attention_layernorm.weight", "blk.{}.ffn_norm.weight");
    }
    if (config.queryKeyNorm) {
        add("model.layers.{}.self_attn.q_norm.weight", "blk.{}.attn_q_norm.weight");
        add("model.layers.{}.self_attn.k_norm.weight", "blk.{}.attn_k_norm.weight");
    }
}

}  // namespace

bool isHfKind(const json& document, const DecoderKind& kind)
{
    const std::string type = HfConfig::modelType(document);
    if (!type.empty())
        return type == kind.modelType;
    const std::string architecture = HfConfig::architecture(document), classes(kind.classes);
    return architecture == classes + "ForCausalLM" || architecture == classes + "ForSequenceClassification"
        || architecture == classes + "Model";
}

ModelConfig readHfDecoder(HfConfig& reader, const json& document, const DecoderKind& kind)
{
    refuseHfFeatures(document, reader, kind);
    ModelConfig config;
    config.family = kind.family;
    config.architecture = reader.architecture();
    if (config.architecture.empty())
        config.architecture = std::string(kind.classes) + "ForCausalLM";
    config.hiddenSize = reader.integer("hidden_size", 1, kLargestWidth);
    config.intermediateSize = reader.integer("intermediate_size", 1, kLargestWidth);
    config.layers = reader.integer("num_hidden_layers", 1, kLargestCount);
    config.heads = reader.integer("num_attention_heads", 1, kLargestWidth);
    config.kvHeads = reader.integer("num_key_value_heads", 1, kLargestWidth,
        kind.kvHeads > 0 ? kind.kvHeads : config.heads);
    const bool headDimIsGiven = reader.has("head_dim") || kind.headDim > 0;
    config.headDim = reader.integer("head_dim", 1, 65536,
        kind.headDim > 0 ? kind.headDim : std::max<int64_t>(1, config.hiddenSize / config.heads));
    config.vocabSize = reader.integer("vocab_size", 1, limits::kVocabulary);
    config.contextLength = reader.integer("max_position_embeddings", 1, kLargestCount, kind.contextLength);
    config.normEpsilon = reader.number("rms_norm_eps", 0, 1, kind.normEpsilon);
    if (!reader.has("rms_norm_eps"))
        reader.note(std::string("rms_norm_eps is missing; ") + (kind.normEpsilon == 1e-5 ? "1e-05" : "1e-06")
            + " was assumed");
    config.tiedEmbeddings = reader.flag("tie_word_embeddings", kind.tied);
    config.bosIds = reader.ids("bos_token_id", config.vocabSize);
    config.eosIds = reader.ids("eos_token_id", config.vocabSize);
    config.labelHead = {.out = "score", .outBias = false, .atEnd = true};
    if (config.architecture.ends_with("ForSequenceClassification"))
        config.labels = reader.labels();
    checkHeads(reader, config, headDimIsGiven);
    return config;
}

std::string readHfActivation(HfConfig& reader, const std::string& key, const std::string& fallback,
    const std::vector<std::pair<std::string, std::string>>& supported)
{
    const std::string name = reader.text(key, fallback);
    const auto found = std::ranges::find(supported, name, &std::pair<std::string, std::string>::first);
    if (found != supported.end())
        return found->second;
    std::string allowed;
    for (const auto& [theirs, ours] : supported)
        allowed += (allowed.empty() ? "" : " or ") + theirs;
    reader.refuseUnsupported("/" + key, name, allowed);
}

void readHfWindowAbove(HfConfig& reader, ModelConfig& config)
{
    constexpr int64_t kWindow = 4096;   // Qwen2Config's default; null in the file means none
    const bool used = reader.flag("use_sliding_window", false) && !reader.isNull("sliding_window");
    const int64_t first = reader.integer("max_window_layers", 0, kLargestCount, 28);
    const auto types = reader.windowedLayers(config.layers);
    reader.ignore("sliding_window");
    if (!types && !used)
        return;
    checkModelSize(config, reader.file(), "/num_hidden_layers");   // before anything has a size from the number of layers
    std::vector<bool> windowed = types.value_or(std::vector<bool>());
    for (int64_t layer = 0; !types && layer < config.layers; ++layer)
        windowed.push_back(used && layer >= first);
    if (std::ranges::find(windowed, true) == windowed.end())
        return;
    if (!used)
        reader.refuse("/layer_types", "windowed layers, but use_sliding_window and sliding_window give no window",
            "full_attention in all layers, or a window");
    config.windowed = windowed;
    config.slidingWindow = reader.integer("sliding_window", 1, kLargestCount, kWindow);
}

void finishHf(HfConfig& reader, ModelConfig& config, const std::filesystem::path& file)
{
    checkModelSize(config, file, "/num_hidden_layers");
    const auto notes = reader.notes();
    config.notes.insert(config.notes.end(), notes.begin(), notes.end());
}

std::vector<NameRow> decoderNames(const ModelConfig& config, bool ropePairs)
{
    std::vector<NameRow> rows{{"model.embed_tokens.weight", "token_embd.weight"}};
    addNormNames(config, rows);
    addAttentionNames(config, ropePairs, rows);
    addMlpNames(config, rows);
    // A bare body and a classifier have no head for tokens.
    if (!config.tiedEmbeddings) {
        const bool bare = config.architecture.ends_with("Model") || config.architecture.ends_with("ForSequenceClassification");
        rows.push_back({.name = "lm_head.weight", .gguf = "output.weight", .required = !bare});
    }
    if (!config.labels.empty())
        rows.push_back({.name = "score.weight", .gguf = "", .required = false,
            .shape = {int64_t(config.labels.size()), config.hiddenSize}});
    return rows;
}

std::vector<std::string> decoderAliases(const std::string& name)
{
    constexpr std::string_view prefix = "model.";
    return name.starts_with(prefix) ? std::vector<std::string>{name.substr(prefix.size())} : std::vector<std::string>{};
}

}  // namespace rankwright
