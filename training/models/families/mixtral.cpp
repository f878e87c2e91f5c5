// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Mixtral: a Mistral whose MLPs are eight experts, two for each token (Jiang and others 2024, arXiv 2401.04088).
#include "training/models/decoder_keys.h"
#include "training/models/hf_writer.h"

namespace rankwright {

namespace {

constexpr DecoderKind kKind{.family = "mixtral", .modelType = "mixtral", .classes = "Mixtral", .kvHeads = 8,
    .contextLength = 131072, .normEpsilon = 1e-5, .ropeTheta = 1e6};
constexpr double kBalance = 0.001;   // MixtralConfig's default

Experts expertsOf(const ModelConfig& config, int64_t count, int64_t perToken)
{
    Experts experts;
    experts.block = "block_sparse_moe";
    experts.gate = "w1";
    experts.up = "w3";
    experts.down = "w2";
    experts.count = count;
    experts.perToken = perToken;
    experts.intermediateSize = config.intermediateSize;
    return experts;
}

ModelConfig readHf(const nlohmann::json& document, const std::filesystem::path& file)
{
    HfConfig reader(document, file);
    ModelConfig config = readHfDecoder(reader, document, kKind);
    config.activation = readHfActivation(reader, "hidden_act", "silu");
    reader.rope(config, kKind.ropeTheta);
    if (reader.has("sliding_window"))
        config.slidingWindow = reader.integer("sliding_window", 1, kLargestCount);
    reader.ignore("sliding_window");
    const int64_t count = reader.integer("num_local_experts", 1, kMostExperts, 8);
    config.experts = expertsOf(config, count, reader.integer("num_experts_per_tok", 1, count, std::min<int64_t>(2, count)));
    reader.ignore("router_jitter_noise");   // of training from the start; 0 in all released files
    const double balance = reader.has("router_aux_loss_coef") ? reader.numberFrom("router_aux_loss_coef", 0, 1e6) : kBalance;
    config.experts.balance = reader.flag("output_router_logits", false) ? balance : 0;
    finishHf(reader, config, file);
    return config;
}

ModelConfig readGguf(const GgufFile& file)
{
    const GgufKeys keys(file, "llama");
    ModelConfig config = readGgufDecoder(keys, kKind.family);
    const int64_t count = keys.integer("expert_count", kMostExperts);
    config.experts = expertsOf(config, count, keys.integer("expert_used_count", count));
    finishGguf(keys, config);
    return config;
}

// The rows of one expert, alone as the released files have them and in the stacks that transformers 5 computes with.
std::vector<NameRow> names(const ModelConfig& config)
{
    std::vector<NameRow> rows = decoderNames(config, true);
    const int64_t inner = config.experts.intermediateSize, hidden = config.hiddenSize;
    rows.push_back({.name = "model.layers.{}.block_sparse_moe.gate.weight", .gguf = "blk.{}.ffn_gate_inp.weight"});
    rows.push_back({.name = "model.layers.{}.block_sparse_moe.experts.{e}.w1.weight", .gguf = "blk.{}.ffn_gate_exps.weight",
        .kind = "w1", .shape = {inner, hidden}, .stack = "model.layers.{}.mlp.experts.gate_up_proj", .stackParts = 2});
    rows.push_back({.name = "model.layers.{}.block_sparse_moe.experts.{e}.w3.weight", .gguf = "blk.{}.ffn_up_exps.weight",
        .kind = "w3", .shape = {inner, hidden}, .stack = "model.layers.{}.mlp.experts.gate_up_proj", .stackPart = 1,
        .stackParts = 2});
    rows.push_back({.name = "model.layers.{}.block_sparse_moe.experts.{e}.w2.weight", .gguf = "blk.{}.ffn_down_exps.weight",
        .kind = "w2", .shape = {hidden, inner}, .stack = "model.layers.{}.mlp.experts.down_proj"});
    return rows;
}

// The router is mlp.gate beside the stacks.
std::vector<std::string> aliases(const std::string& name)
{
    constexpr std::string_view block = ".block_sparse_moe.gate.";
    std::vector<std::string> others = decoderAliases(name);
    if (const size_t at = name.find(block); at != std::string::npos) {
        std::string stacked = name;
        stacked.replace(at, block.size(), ".mlp.gate.");
        others.push_back(stacked);
        for (const std::string& bare : decoderAliases(stacked))
            others.push_back(bare);
    }
    return others;
}

nlohmann::json writeHf(const ModelConfig& config)
{
    auto document = decoderConfig(config, "mixtral", "MixtralForCausalLM");
    document["num_local_experts"] = config.experts.count;
    document["num_experts_per_tok"] = config.experts.perToken;
    document["sliding_window"] = config.slidingWindow > 0 ? nlohmann::json(config.slidingWindow) : nlohmann::json();
    document["output_router_logits"] = false;
    return document;
}

}  // namespace

FamilySpec mixtralFamily()
{
    return {.id = kKind.family,
        .title = "Mixtral",
        .matchesHf = [](const nlohmann::json& document) { return isHfKind(document, kKind); },
        .readHf = readHf,
        .matchesGguf = [](const GgufFile& file) {
            return isGgufArchitecture(file, "llama") && file.integer("llama.expert_count", 0) != 0;
        },
        .readGguf = readGguf,
        .names = names,
        .aliases = aliases,
        .ggufArchitecture = "llama",
        .writeHf = writeHf};
}

}  // namespace rankwright
