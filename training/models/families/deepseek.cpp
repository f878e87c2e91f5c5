// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// DeepSeek-MoE v1: a Llama whose MLPs, from some layer on, are many small experts beside one that every token goes through (Dai and
// others 2024, arXiv 2401.06066). Its successors compute attention otherwise and are other families.
#include "training/models/decoder_keys.h"
#include "training/models/hf_writer.h"

namespace rankwright {

namespace {

constexpr DecoderKind kKind{.family = "deepseek", .modelType = "deepseek", .classes = "Deepseek"};
constexpr double kBalance = 0.001;   // DeepseekConfig's default

void readHfBalance(HfConfig& reader, Experts& experts)
{
    const double weight = reader.has("aux_loss_alpha") ? reader.numberFrom("aux_loss_alpha", 0, 1e6) : kBalance;
    experts.balancePerSequence = true;
    experts.balance = weight;
    if (!reader.flag("seq_aux", true) && weight > 0) {
        experts.balance = 0;
        reader.note("the routers' loss over whole batches (seq_aux false) is not used; --router-loss sets that over sequences");
    }
}

void readHfExperts(HfConfig& reader, ModelConfig& config)
{
    Experts& experts = config.experts;
    if (!reader.has("n_routed_experts")) {
        for (const char* key : {"n_routed_experts", "n_shared_experts", "num_experts_per_tok", "moe_intermediate_size"})
            reader.ignore(key);
        return;
    }
    experts.count = reader.integer("n_routed_experts", 1, kMostExperts);
    experts.perToken = reader.integer("num_experts_per_tok", 1, experts.count);
    experts.intermediateSize = reader.integer("moe_intermediate_size", 1, kLargestWidth, 1407);
    experts.shared = reader.has("n_shared_experts") ? reader.integer("n_shared_experts", 0, kMostExperts) : 0;
    experts.firstLayer = reader.integer("first_k_dense_replace", 0, kLargestCount, 0);
    experts.everyNth = reader.integer("moe_layer_freq", 1, kLargestCount, 1);
    experts.renormalise = reader.flag("norm_topk_prob", false);
    if (const std::string scoring = reader.text("scoring_func", "softmax"); scoring != "softmax")
        reader.refuseUnsupported("/scoring_func", scoring, "softmax");
    readHfBalance(reader, experts);
}

ModelConfig readHf(const nlohmann::json& document, const std::filesystem::path& file)
{
    HfConfig reader(document, file);
    ModelConfig config = readHfDecoder(reader, document, kKind);
    config.activation = readHfActivation(reader, "hidden_act", "silu");
    reader.rope(config, kKind.ropeTheta);
    config.attentionBias = reader.flag("attention_bias", false);
    for (const char* key : {"kv_lora_rank", "q_lora_rank"}) {
        if (reader.has(key))
            reader.refuseUnsupported(std::string("/") + key, "multi-head latent attention", "attention with keys and values of their own");
    }
    readHfExperts(reader, config);
    finishHf(reader, config, file);
    return config;
}

ModelConfig readGguf(const GgufFile& file)
{
    const GgufKeys keys(file, "deepseek");
    ModelConfig config = readGgufDecoder(keys, kKind.family);
    Experts& experts = config.experts;
    experts.count = keys.integer("expert_count", kMostExperts);
    experts.perToken = keys.integer("expert_used_count", experts.count);
    experts.intermediateSize = keys.integer("expert_feed_forward_length", kLargestWidth);
    experts.shared = keys.has("expert_shared_count") ? keys.integer("expert_shared_count", kMostExperts) : 0;
    experts.balance = kBalance;   // GGUF does not say
    experts.firstLayer = file.integer(keys.full("leading_dense_block_count"), 0);
    experts.renormalise = file.flag(keys.full("expert_weights_norm"), false);
    experts.balancePerSequence = true;
    if (const double scale = keys.number("expert_weights_scale", 1e6, 1.0); scale != 1)
        keys.refuse(Code::unsupported, "expert_weights_scale", std::to_string(scale), "1");
    if (const int64_t rule = keys.integer("expert_gating_func", kLargestCount, 1); rule != 1)
        keys.refuse(Code::unsupported, "expert_gating_func", std::to_string(rule), "1, softmax");
    if (experts.firstLayer < 0 || experts.firstLayer > config.layers)
        keys.refuse(Code::config, "leading_dense_block_count", std::to_string(experts.firstLayer),
            "a number of layers up to " + std::to_string(config.layers));
    finishGguf(keys, config);
    return config;
}

std::vector<NameRow> names(const ModelConfig& config)
{
    std::vector<NameRow> rows = decoderNames(config, true);
    const auto add = [&](const std::string& name, const std::string& gguf, const std::string& kind, std::vector<int64_t> shape) {
        rows.push_back({.name = name, .gguf = gguf, .kind = kind, .shape = std::move(shape), .layers = NameRow::Layers::experts});
    };
    const int64_t inner = config.experts.intermediateSize, shared = inner * config.experts.shared, hidden = config.hiddenSize;
    if (config.experts.count == 0)
        return rows;
    add("model.layers.{}.mlp.gate.weight", "blk.{}.ffn_gate_inp.weight", "", {config.experts.count, hidden});
    add("model.layers.{}.mlp.experts.{e}.gate_proj.weight", "blk.{}.ffn_gate_exps.weight", "gate_proj", {inner, hidden});
    add("model.layers.{}.mlp.experts.{e}.up_proj.weight", "blk.{}.ffn_up_exps.weight", "up_proj", {inner, hidden});
    add("model.layers.{}.mlp.experts.{e}.down_proj.weight", "blk.{}.ffn_down_exps.weight", "down_proj", {hidden, inner});
    if (shared == 0)
        return rows;
    add("model.layers.{}.mlp.shared_experts.gate_proj.weight", "blk.{}.ffn_gate_shexp.weight", "gate_proj", {shared, hidden});
    add("model.layers.{}.mlp.shared_experts.up_proj.weight", "blk.{}.ffn_up_shexp.weight", "up_proj", {shared, hidden});
    add("model.layers.{}.mlp.shared_experts.down_proj.weight", "blk.{}.ffn_down_shexp.weight", "down_proj", {hidden, shared});
    return rows;
}

nlohmann::json writeHf(const ModelConfig& config)
{
    const Experts& experts = config.experts;
    auto document = decoderConfig(config, "deepseek", "DeepseekForCausalLM");
    document["attention_bias"] = config.attentionBias;
    document.update({{"n_routed_experts", experts.count}, {"num_experts_per_tok", experts.perToken},
        {"n_shared_experts", experts.shared > 0 ? nlohmann::json(experts.shared) : nlohmann::json()},
        {"moe_intermediate_size", experts.intermediateSize}, {"first_k_dense_replace", experts.firstLayer},
        {"moe_layer_freq", experts.everyNth}, {"norm_topk_prob", experts.renormalise}, {"scoring_func", "softmax"},
        {"seq_aux", experts.balancePerSequence}, {"aux_loss_alpha", experts.balance}});
    return document;
}

}  // namespace

FamilySpec deepseekFamily()
{
    return {.id = kKind.family,
        .title = "DeepSeek-MoE v1",
        .matchesHf = [](const nlohmann::json& document) { return isHfKind(document, kKind); },
        .readHf = readHf,
        .matchesGguf = [](const GgufFile& file) { return isGgufArchitecture(file, "deepseek"); },
        .readGguf = readGguf,
        .names = names,
        .aliases = decoderAliases,
        .ggufArchitecture = "deepseek",
        .writeHf = writeHf};
}

}  // namespace rankwright
