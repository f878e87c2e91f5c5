// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A part of a tokenizer.json: a JSON object with its place in the file, for messages.
#pragma once

#include "training/api/error.h"
#include "training/formats/tokenizer_config.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>

namespace rankwright {

class TokenizerPart
{
public:
    TokenizerPart(const nlohmann::json& value, std::string place, const std::filesystem::path& file)
        : m_value(value), m_place(std::move(place)), m_file(file)
    {
        if (!value.is_object())
            fail("", shownJson(value), "an object with a type");
    }
    [[nodiscard]] const std::filesystem::path& file() const { return m_file; }
    [[nodiscard]] const std::string& place() const { return m_place; }
    [[nodiscard]] std::string type() const { return text("type"); }
    [[nodiscard]] const nlohmann::json* find(const char* key) const
    {
        const auto found = m_value.find(key);
        return found == m_value.end() || found->is_null() ? nullptr : &*found;
    }
    [[nodiscard]] std::string text(const char* key, std::optional<std::string> fallback = {}) const
    {
        const nlohmann::json* value = find(key);
        if (value == nullptr && fallback)
            return *fallback;
        if (value == nullptr || !value->is_string())
            fail(key, value == nullptr ? "nothing" : shownJson(*value), "a string");
        return value->get<std::string>();
    }
    [[nodiscard]] int64_t number(const char* key, std::optional<int64_t> fallback = {}) const
    {
        const nlohmann::json* value = find(key);
        if (value == nullptr && fallback)
            return *fallback;
        constexpr int64_t kMost = 1'000'000'000;
        if (value == nullptr || !value->is_number_integer() || value->get<int64_t>() < 0 || *value > kMost)
            fail(key, value == nullptr ? "nothing" : shownJson(*value), "a number from 0 to 1000000000");
        return value->get<int64_t>();
    }
    [[nodiscard]] bool flag(const char* key, bool fallback) const
    {
        const nlohmann::json* value = find(key);
        if (value != nullptr && !value->is_boolean())
            fail(key, shownJson(*value), "true or false");
        return value == nullptr ? fallback : value->get<bool>();
    }
    // The parts in an array, each an object.
    [[nodiscard]] std::vector<TokenizerPart> list(const char* key) const
    {
        const nlohmann::json* value = find(key);
        if (value == nullptr || !value->is_array())
            fail(key, value == nullptr ? "nothing" : shownJson(*value), "an array");
        std::vector<TokenizerPart> parts;
        for (size_t i = 0; i < value->size(); ++i)
            parts.emplace_back((*value)[i], m_place + "/" + key + "/" + std::to_string(i), m_file);
        return parts;
    }
    // The part in `key`.
    [[nodiscard]] TokenizerPart inner(const char* key) const
    {
        const nlohmann::json* value = find(key);
        if (value == nullptr)
            fail(key, "nothing", "an object");
        return {*value, m_place + "/" + key, m_file};
    }
    [[nodiscard]] int32_t id(const nlohmann::json& value, const std::string& key) const
    {
        return tokenIdFromJson(value, m_place + "/" + key, m_file);
    }
    [[noreturn]] void fail(const std::string& key, std::string found, std::string allowed) const
    {
        throw Error(ErrorParts{.code = Code::format,
            .file = m_file,
            .place = key.empty() ? m_place : m_place + "/" + key,
            .found = std::move(found),
            .allowed = std::move(allowed),
            .advice = "Get the model's tokenizer.json again."});
    }
    [[noreturn]] void refuse(std::string found, std::string allowed) const
    {
        throw Error(ErrorParts{.code = Code::unsupported,
            .file = m_file,
            .place = m_place,
            .found = std::move(found),
            .allowed = std::move(allowed),
            .advice = "Choose a model whose tokenizer does without it, or report this one."});
    }

private:
    const nlohmann::json& m_value;
    std::string m_place;
    const std::filesystem::path& m_file;
};

// A pattern is {"String": "..."} or {"Regex": "..."}; returns the text and whether it is a regular expression.
std::pair<std::string, bool> patternOf(const TokenizerPart& part);
// One character. Throws where the value is another number of them.
std::string characterOf(const TokenizerPart& part, const char* key, std::optional<std::string> fallback = {});

}  // namespace rankwright
