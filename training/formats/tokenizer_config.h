// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the files beside tokenizer.json and tokenizer.model say: tokenizer_config.json, special_tokens_map.json,
// added_tokens.json, and config.json's ids of the first and last token.
#pragma once

#include "training/formats/added_tokens.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>

namespace rankwright {

struct TokenizerConfig
{
    std::optional<bool> addBos, addEos;
    std::string bosToken, eosToken;       // contents; empty where not said
    int32_t bosId = -1, eosId = -1;       // of config.json
    std::string clsToken, sepToken, unkToken, maskToken;
    std::string tokenizerClass;           // such as "BertTokenizerFast"; empty where not said
    std::string modelType;                // of config.json
    std::optional<bool> lowercase, stripAccents, spaceChinese;  // BERT's
    bool addPrefixSpace = false;
    std::vector<AddedToken> added;
};

// All of the files are optional. Throws Error{format, limit, config} where one is there and cannot be used.
TokenizerConfig readTokenizerConfig(const std::filesystem::path& folder);

// An added token from its JSON object (without its id). Throws Error{format} naming `place`.
AddedToken addedTokenFromJson(
    const nlohmann::json& object, const std::string& place, const std::filesystem::path& file);
// A token id. Throws Error{format} naming `place` where it is not an integer from 0 up to limits::kVocabulary.
int32_t tokenIdFromJson(const nlohmann::json& value, const std::string& place, const std::filesystem::path& file);
// A short form of a value from outside, for messages.
std::string shownJson(const nlohmann::json& value);

}  // namespace rankwright
