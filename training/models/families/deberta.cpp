// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// DeBERTa-v3 (He and others 2021, methods.md 5.3), which calls itself deberta-v2: keys of config.json and tensor names. There is no
// GGUF architecture of it.
#include "training/api/words.h"
#include "training/models/encoder_keys.h"


namespace rankwright {

namespace {

using nlohmann::json;

const EncoderKind kKind{.family = "deberta", .modelTypes = {"deberta-v2"}, .classes = {"DebertaV2"}, .normEpsilon = 1e-7};

bool matchesHf(const json& config) { return isHfEncoder(config, kKind); }

// Version 2's variants with other embeddings or layers than version 3's.
void refuseFeatures(const json& document, HfConfig& reader, const ModelConfig& config)
{
    if (reader.integer("conv_kernel_size", 0, kLargestWidth, 0) > 0)
        reader.refuseUnsupported("/conv_kernel_size", document.at("conv_kernel_size").dump(), "none: no convolution in the first layer");
    if (reader.integer("embedding_size", 1, kLargestWidth, config.hiddenSize) != config.hiddenSize)
        reader.refuseUnsupported("/embedding_size", document.at("embedding_size").dump(), "the width of the layers");
    if (reader.integer("attention_head_size", 1, kLargestWidth, config.headDim) != config.headDim)
        reader.refuseUnsupported("/attention_head_size", document.at("attention_head_size").dump(), "the width divided by the heads");
    if (reader.integer("pooler_hidden_size", 1, kLargestWidth, config.hiddenSize) != config.hiddenSize)
        reader.refuseUnsupported("/pooler_hidden_size", document.at("pooler_hidden_size").dump(), "the width of the layers");
    if (reader.flag("position_biased_input", true))
        reader.refuseUnsupported("/position_biased_input", "true", "false: positions as distances alone");
    if (!reader.flag("relative_attention", false))
        reader.refuseUnsupported("/relative_attention", "false", "true");
    if (!reader.flag("share_att_key", false))
        reader.refuseUnsupported("/share_att_key", "false", "true: distances are projected as words are");
    if (reader.integer("type_vocab_size", 0, kLargestWidth, 0) != 0)
        reader.refuseUnsupported("/type_vocab_size", document.at("type_vocab_size").dump(), "0: no token types");
    if (const std::string norm = reader.text("norm_rel_ebd", "none"); norm != "layer_norm")
        reader.refuseUnsupported("/norm_rel_ebd", norm, "layer_norm");
}

// "p2c|c2p", or a list.
void readTerms(const json& document, HfConfig& reader, ModelConfig& config)
{
    std::vector<std::string> terms;
    reader.ignore("pos_att_type");
    if (reader.has("pos_att_type") && document.at("pos_att_type").is_array()) {
        for (const json& term : document.at("pos_att_type"))
            terms.push_back(term.is_string() ? term.get<std::string>() : term.dump());
    } else {
        std::string rest = reader.text("pos_att_type", "");
        for (size_t bar = rest.find('|'); !rest.empty(); bar = rest.find('|')) {
            terms.push_back(rest.substr(0, bar));
            rest = bar == std::string::npos ? "" : rest.substr(bar + 1);
        }
    }
    for (const std::string& written : terms) {
        std::string term = lowered(written);
        std::erase(term, ' ');
        if (term != "c2p" && term != "p2c")
            reader.refuseUnsupported("/pos_att_type", term, "c2p and p2c");
        (term == "c2p" ? config.contentToPosition : config.positionToContent) = true;
    }
}

void readDistances(HfConfig& reader, ModelConfig& config)
{
    config.positionBuckets = reader.integer("position_buckets", -1, kLargestWidth, -1);
    if (config.positionBuckets < 4)
        reader.refuseUnsupported("/position_buckets", std::to_string(config.positionBuckets), "classes of distances, at least 4");
    const int64_t span = reader.integer("max_relative_positions", -1, kLargestWidth, -1);
    config.relativePositions = span < 1 ? config.contextLength : span;
    if (config.relativePositions <= config.positionBuckets / 2 + 1)
        reader.refuse("/max_relative_positions", std::to_string(config.relativePositions),
            "more than half of position_buckets, " + std::to_string(config.positionBuckets));
}

ModelConfig readHf(const json& document, const std::filesystem::path& file)
{
    HfConfig reader(document, file);
    ModelConfig config = readHfEncoder(reader, document, kKind);
    config.form = "deberta";
    for (const char* key : {"cls_dropout", "pooler_dropout", "legacy"})
        reader.ignore(key);
    refuseFeatures(document, reader, config);
    readTerms(document, reader, config);
    readDistances(reader, config);
    const std::string activation = readHfActivation(reader, "pooler_hidden_act", "gelu", {{"gelu", "gelu"}, {"tanh", "tanh"}});
    config.labelHead = {.dense = "pooler.dense", .activation = activation, .out = "classifier"};
    finishHf(reader, config, file);
    return config;
}

bool matchesGguf(const GgufFile&) { return false; }

std::vector<NameRow> names(const ModelConfig& config)
{
    auto rows = encoderNames(config, "deberta", "_proj");
    rows.push_back({.name = "deberta.encoder.rel_embeddings.weight", .shape = {2 * config.positionBuckets, config.hiddenSize}});
    addNorm(rows, "deberta.encoder.LayerNorm", {}, config.hiddenSize);
    addLabelHead(rows, config);
    return rows;
}

std::vector<std::string> aliases(const std::string& name) { return encoderAliases(name, kKind.family); }

}  // namespace

// The row of families.inc finds the family by this name.
FamilySpec debertaFamily()
{
    return {.id = "deberta",
        .title = "DeBERTa-v3",
        .matchesHf = matchesHf,
        .readHf = readHf,
        .matchesGguf = matchesGguf,
        .readGguf = nullptr,
        .names = names,
        .aliases = aliases};
}

}  // namespace rankwright
