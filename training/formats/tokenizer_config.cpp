// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/tokenizer_config.h"

#include "training/api/error.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"

#include <algorithm>
#include <charconv>

namespace rankwright {
namespace {

using nlohmann::json;

constexpr const char* kAdvice = "Get the model's tokenizer files again, or correct this value.";

[[noreturn]] void fail(const std::filesystem::path& file, std::string place, std::string found, std::string allowed)
{
    throw Error(ErrorParts{.code = Code::format,
        .file = file,
        .place = std::move(place),
        .found = std::move(found),
        .allowed = std::move(allowed),
        .advice = kAdvice});
}

// The value of `key` where it is there and not null.
const json* member(const json& object, const char* key)
{
    const auto found = object.find(key);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

json readObject(const std::filesystem::path& file)
{
    if (!std::filesystem::exists(file))
        return json::object();
    json document = readJsonFile(file, limits::kJsonConfig);
    if (!document.is_object())
        fail(file, "/", shownJson(document), "an object");
    return document;
}

// A token as a string or as an object with `content`.
std::string tokenText(const json& object, const char* key, const std::filesystem::path& file)
{
    const json* value = member(object, key);
    if (value != nullptr && value->is_object())
        value = member(*value, "content");
    if (value == nullptr)
        return {};
    if (!value->is_string())
        fail(file, std::string("/") + key, shownJson(*value), "a token's text");
    return value->get<std::string>();
}

std::optional<bool> flag(const json& object, const char* key, const std::filesystem::path& file)
{
    const json* value = member(object, key);
    if (value == nullptr)
        return {};
    if (!value->is_boolean())
        fail(file, std::string("/") + key, shownJson(*value), "true or false");
    return value->get<bool>();
}

int32_t idFromText(const std::string& text, const std::string& place, const std::filesystem::path& file)
{
    int32_t id = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc() || end != text.data() + text.size() || id < 0 || id >= limits::kVocabulary)
        fail(file, place, "\"" + text.substr(0, 40) + "\"", "an id from 0 to "
                + std::to_string(limits::kVocabulary - 1));
    return id;
}

void readAddedTokens(const json& object, const std::filesystem::path& folder, TokenizerConfig& config)
{
    const auto file = folder / "tokenizer_config.json";
    if (const json* decoder = member(object, "added_tokens_decoder")) {
        if (!decoder->is_object())
            fail(file, "/added_tokens_decoder", shownJson(*decoder), "an object");
        for (const auto& [key, value] : decoder->items()) {
            const std::string place = "/added_tokens_decoder/" + key.substr(0, 40);
            AddedToken token = addedTokenFromJson(value, place, file);
            token.id = idFromText(key, place, file);
            config.added.push_back(std::move(token));
        }
        return;
    }
    // Before there was added_tokens_decoder: content -> id.
    const auto oldFile = folder / "added_tokens.json";
    const json tokens = readObject(oldFile);
    for (const auto& [content, id] : tokens.items())
        config.added.push_back({.id = tokenIdFromJson(id, "/" + content.substr(0, 40), oldFile),
            .content = content,
            .match = {},
            .special = content == config.bosToken || content == config.eosToken});
}

int32_t configId(const json& object, const char* key, const std::filesystem::path& file)
{
    const json* value = member(object, key);
    if (value != nullptr && value->is_array())  // several: the first
        value = value->empty() ? nullptr : &value->front();
    if (value != nullptr && value->is_number_integer() && value->get<int64_t>() < 0)
        return -1;  // how some files say that there is none
    return value == nullptr ? -1 : tokenIdFromJson(*value, std::string("/") + key, file);
}

}  // namespace

std::string shownJson(const json& value)
{
    if (value.is_structured())
        return std::string(value.is_array() ? "an array" : "an object") + " of " + std::to_string(value.size())
            + " items";
    std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
    return text.size() > 80 ? text.substr(0, 77) + "..." : text;
}

int32_t tokenIdFromJson(const json& value, const std::string& place, const std::filesystem::path& file)
{
    const bool fits = value.is_number_integer()
        && (value.is_number_unsigned() ? value.get<uint64_t>() < static_cast<uint64_t>(limits::kVocabulary)
                                       : value.get<int64_t>() >= 0 && value.get<int64_t>() < limits::kVocabulary);
    if (!fits)
        fail(file, place, shownJson(value), "an id from 0 to " + std::to_string(limits::kVocabulary - 1));
    return value.get<int32_t>();
}

AddedToken addedTokenFromJson(const json& object, const std::string& place, const std::filesystem::path& file)
{
    if (!object.is_object())
        fail(file, place, shownJson(object), "an object with the token's content");
    const json* content = member(object, "content");
    if (content == nullptr || !content->is_string())
        fail(file, place + "/content", content == nullptr ? "nothing" : shownJson(*content), "a string");
    AddedToken token;
    token.content = content->get<std::string>();
    const auto set = [&](const char* key, bool& to) {
        const json* value = member(object, key);
        if (value != nullptr && !value->is_boolean())
            fail(file, place + "/" + key, shownJson(*value), "true or false");
        to = value != nullptr && value->get<bool>();
    };
    set("special", token.special);
    set("normalized", token.normalised);
    set("single_word", token.singleWord);
    set("lstrip", token.stripLeft);
    set("rstrip", token.stripRight);
    return token;
}

namespace {

// A plain text; empty where it is missing or null.
std::string plainText(const json& object, const char* key, const std::filesystem::path& file)
{
    const json* value = member(object, key);
    if (value != nullptr && !value->is_string())
        fail(file, std::string("/") + key, shownJson(*value), "a text");
    return value == nullptr ? std::string() : value->get<std::string>();
}

}  // namespace

TokenizerConfig readTokenizerConfig(const std::filesystem::path& folder)
{
    TokenizerConfig config;
    const auto file = folder / "tokenizer_config.json";
    const json object = readObject(file);
    config.addBos = flag(object, "add_bos_token", file);
    config.addEos = flag(object, "add_eos_token", file);
    const auto mapFile = folder / "special_tokens_map.json";
    const json map = readObject(mapFile);
    const auto token = [&](const char* key) {
        std::string text = tokenText(object, key, file);
        return text.empty() ? tokenText(map, key, mapFile) : text;
    };
    config.bosToken = token("bos_token");
    config.eosToken = token("eos_token");
    config.clsToken = token("cls_token");
    config.sepToken = token("sep_token");
    config.unkToken = token("unk_token");
    config.maskToken = token("mask_token");
    config.tokenizerClass = plainText(object, "tokenizer_class", file);
    config.lowercase = flag(object, "do_lower_case", file);
    config.stripAccents = flag(object, "strip_accents", file);
    config.spaceChinese = flag(object, "tokenize_chinese_chars", file);
    config.addPrefixSpace = flag(object, "add_prefix_space", file).value_or(false);
    readAddedTokens(object, folder, config);
    const auto modelFile = folder / "config.json";
    const json model = readObject(modelFile);
    config.modelType = plainText(model, "model_type", modelFile);
    config.bosId = configId(model, "bos_token_id", modelFile);
    config.eosId = configId(model, "eos_token_id", modelFile);
    return config;
}

}  // namespace rankwright
