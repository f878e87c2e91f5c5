// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// BERT (Devlin and others 2019): keys of config.json, GGUF metadata of the architecture "bert" (into which converters put RoBERTa too,
// its table of positions cut so that it begins at 0), tensor names.
#include "training/api/error.h"
#include "training/formats/limits.h"
#include "training/models/encoder_keys.h"

namespace rankwright {

namespace {

const EncoderKind kKind{.family = "bert", .modelTypes = {"bert"}, .classes = {"Bert"}};

const LabelHead kHead{.dense = "bert.pooler.dense", .activation = "tanh", .out = "classifier"};

bool matchesHf(const nlohmann::json& config) { return isHfEncoder(config, kKind); }

ModelConfig readHf(const nlohmann::json& document, const std::filesystem::path& file)
{
    HfConfig reader(document, file);
    ModelConfig config = readHfEncoder(reader, document, kKind);
    config.tokenTypes = reader.integer("type_vocab_size", 1, kLargestWidth, 2);
    config.labelHead = kHead;
    finishHf(reader, config, file);
    return config;
}

bool matchesGguf(const GgufFile& file) { return isGgufArchitecture(file, "bert"); }

// Rows of a table that the file has; its shape is checked with all others.
int64_t rowsOf(const GgufKeys& keys, const char* table)
{
    const TensorEntry* entry = keys.tensor(table);
    if (entry != nullptr && entry->shape.size() == 2 && entry->shape.front() > 0)
        return entry->shape.front();
    throw Error{ErrorParts{.code = Code::mismatch, .file = keys.file().path, .place = std::string("tensor ") + table,
        .found = entry == nullptr ? "missing" : "no rows", .allowed = "a table",
        .advice = "Convert the model again, or choose another."}};
}

std::vector<std::string> ggufLabels(const GgufKeys& keys)
{
    const TensorEntry* head = keys.tensor("cls.output.weight");
    if (head == nullptr || head->shape.size() != 2)
        return {};
    if (keys.has("classifier.output_labels"))
        return keys.file().texts(keys.full("classifier.output_labels"));
    std::vector<std::string> labels;
    for (int64_t i = 0; i < std::min<int64_t>(head->shape.front(), kLargestWidth); ++i)
        labels.push_back("LABEL_" + std::to_string(i));
    return labels;
}

ModelConfig readGguf(const GgufFile& file)
{
    const GgufKeys keys(file, "bert");
    if (file.flag(keys.full("attention.causal"), false))
        keys.refuse(Code::unsupported, "attention.causal", "true", "false");
    if (keys.tensor("blk.0.attn_qkv.weight") != nullptr)
        throw Error{ErrorParts{.code = Code::unsupported, .file = file.path, .place = "tensor blk.0.attn_qkv.weight",
            .found = "queries, keys and values in one matrix", .allowed = "attn_q, attn_k and attn_v",
            .advice = "Choose a model without this feature."}};
    ModelConfig config;
    config.family = kKind.family;
    config.form = "encoder";
    config.architecture = file.text("general.architecture");
    config.activation = "gelu";
    config.attentionBias = config.mlpBias = true;
    config.hiddenSize = keys.integer("embedding_length", kLargestWidth);
    config.intermediateSize = keys.integer("feed_forward_length", kLargestWidth);
    config.layers = keys.integer("block_count", kLargestCount);
    config.heads = config.kvHeads = keys.integer("attention.head_count", kLargestWidth);
    if (config.hiddenSize % config.heads != 0)
        keys.refuse(Code::config, "attention.head_count",
            std::to_string(config.heads) + " heads for a width of " + std::to_string(config.hiddenSize),
            "a number of heads that divides the width");
    config.headDim = config.hiddenSize / config.heads;
    config.vocabSize = std::min<int64_t>(rowsOf(keys, "token_embd.weight"), limits::kVocabulary);
    config.contextLength = rowsOf(keys, "position_embd.weight");
    config.tokenTypes = rowsOf(keys, "token_types.weight");
    if (!keys.has("attention.layer_norm_epsilon"))
        config.notes.push_back(keys.full("attention.layer_norm_epsilon") + " is missing; 1e-12 was assumed");
    config.normEpsilon = keys.decimal("attention.layer_norm_epsilon", 1, 1e-12);
    config.labelHead = kHead;
    config.labels = ggufLabels(keys);
    finishGguf(keys, config);
    return config;
}

std::vector<NameRow> names(const ModelConfig& config)
{
    auto rows = encoderNames(config, "bert", {}, true);
    addLinear(rows, kHead.dense, "cls", {}, config.hiddenSize, config.hiddenSize, false);
    if (!config.labels.empty())
        addLinear(rows, kHead.out, "cls.output", {}, int64_t(config.labels.size()), config.hiddenSize, false);
    return rows;
}

std::vector<std::string> aliases(const std::string& name) { return encoderAliases(name, kKind.family); }

nlohmann::json writeHf(const ModelConfig& config)
{
    return {{"architectures", {"BertModel"}}, {"model_type", "bert"}, {"hidden_size", config.hiddenSize},
        {"intermediate_size", config.intermediateSize}, {"num_hidden_layers", config.layers},
        {"num_attention_heads", config.heads}, {"vocab_size", config.vocabSize}, {"hidden_act", config.activation},
        {"max_position_embeddings", config.contextLength}, {"type_vocab_size", config.tokenTypes},
        {"layer_norm_eps", config.normEpsilon}};
}

}  // namespace

// The row of families.inc finds the family by this name.
FamilySpec bertFamily()
{
    return {.id = "bert",
        .title = "BERT",
        .matchesHf = matchesHf,
        .readHf = readHf,
        .matchesGguf = matchesGguf,
        .readGguf = readGguf,
        .names = names,
        .aliases = aliases,
        .ggufArchitecture = "bert",
        .writeHf = writeHf};
}

}  // namespace rankwright
