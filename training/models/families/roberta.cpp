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
    auto rows = encoderNames(config, "roberta");
    addLabelHead(rows, config);
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
