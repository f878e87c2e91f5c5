// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// RoBERTa (Liu and others 2019) and XLM-RoBERTa (Conneau and others 2020): BERT whose positions begin behind the padding token's id
// (methods.md 5.2). GGUF holds them as the architecture bert.
#include "training/models/encoder_keys.h"

namespace rankwright {

namespace {

const EncoderKind kKind{.family = "roberta", .modelTypes = {"roberta", "xlm-roberta"}, .classes = {"Roberta", "XLMRoberta"}};

bool matchesHf(const nlohmann::json& config) { return isHfEncoder(config, kKind); }

ModelConfig readHf(const nlohmann::json& document, const std::filesystem::path& file)
{
    HfConfig reader(document, file);
    ModelConfig config = readHfEncoder(reader, document, kKind);
    config.tokenTypes = reader.integer("type_vocab_size", 1, kLargestWidth, 2);
    config.firstPosition = reader.integer("pad_token_id", 0, config.vocabSize - 1, 1) + 1;
    if (config.contextLength <= config.firstPosition)
        reader.refuse("/max_position_embeddings", std::to_string(config.contextLength),
            "a number above " + std::to_string(config.firstPosition) + ", the position of the first token");
    config.contextLength -= config.firstPosition;
    config.labelHead = {.dense = "classifier.dense", .activation = "tanh", .out = "classifier.out_proj"};
    finishHf(reader, config, file);
    return config;
}

bool matchesGguf(const GgufFile&) { return false; }

std::vector<NameRow> names(const ModelConfig& config)
{
    const auto hidden = config.hiddenSize, inner = config.intermediateSize, positions = config.contextLength + config.firstPosition;
    std::vector<NameRow> rows{
        {.name = "roberta.embeddings.word_embeddings.weight", .shape = {config.vocabSize, hidden}},
        {.name = "roberta.embeddings.position_embeddings.weight", .shape = {positions, hidden}},
        {.name = "roberta.embeddings.token_type_embeddings.weight", .shape = {config.tokenTypes, hidden}},
    };
    const auto linear = [&](std::string_view weight, std::string_view bias, std::string_view kind, int64_t out, int64_t in) {
        addLinear(rows, {.name = weight, .kind = kind}, bias, "", out, in);
    };
    addNorm(rows, "roberta.embeddings.LayerNorm.weight", "roberta.embeddings.LayerNorm.bias", hidden);
    linear("roberta.encoder.layer.{}.attention.self.query.weight", "roberta.encoder.layer.{}.attention.self.query.bias", "query",
        hidden, hidden);
    linear("roberta.encoder.layer.{}.attention.self.key.weight", "roberta.encoder.layer.{}.attention.self.key.bias", "key", hidden,
        hidden);
    linear("roberta.encoder.layer.{}.attention.self.value.weight", "roberta.encoder.layer.{}.attention.self.value.bias", "value",
        hidden, hidden);
    linear("roberta.encoder.layer.{}.attention.output.dense.weight", "roberta.encoder.layer.{}.attention.output.dense.bias", "dense",
        hidden, hidden);
    addNorm(rows, "roberta.encoder.layer.{}.attention.output.LayerNorm.weight",
        "roberta.encoder.layer.{}.attention.output.LayerNorm.bias", hidden);
    linear("roberta.encoder.layer.{}.intermediate.dense.weight", "roberta.encoder.layer.{}.intermediate.dense.bias", "dense", inner,
        hidden);
    linear("roberta.encoder.layer.{}.output.dense.weight", "roberta.encoder.layer.{}.output.dense.bias", "dense", hidden, inner);
    addNorm(rows, "roberta.encoder.layer.{}.output.LayerNorm.weight", "roberta.encoder.layer.{}.output.LayerNorm.bias", hidden);
    if (!config.labels.empty()) {
        addLinear(rows, {.name = "classifier.dense.weight", .required = false}, "classifier.dense.bias", "", hidden, hidden);
        addLinear(rows, {.name = "classifier.out_proj.weight", .required = false}, "classifier.out_proj.bias", "",
            int64_t(config.labels.size()), hidden);
    }
    return rows;
}

std::vector<std::string> aliases(const std::string& name) { return encoderAliases(name, kKind.family); }

}  // namespace

// The row of families.inc finds the family by this name.
FamilySpec robertaFamily()
{
    return {.id = "roberta",
        .title = "RoBERTa, XLM-RoBERTa",
        .matchesHf = matchesHf,
        .readHf = readHf,
        .matchesGguf = matchesGguf,
        .readGguf = nullptr,
        .names = names,
        .aliases = aliases};
}

}  // namespace rankwright
