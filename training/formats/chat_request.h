// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Everything that a chat template can be given: messages with any members (contents of several parts, calls of tools), tools, and
// variables that single models know (enable_thinking). Members keep their order, since templates print them as JSON.
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>

namespace rankwright {

struct ChatRequest
{
    nlohmann::ordered_json messages = nlohmann::ordered_json::array();
    nlohmann::ordered_json tools;       // null: none
    nlohmann::ordered_json variables;   // null or an object
    bool addGenerationPrompt = true;
};

// A conversation: an array of objects with a role, or an object that has one as its `messages`. Throws Error{format} for broken
// JSON, Error{data} for something else, naming the message.
nlohmann::ordered_json conversationOf(std::string_view json, const std::filesystem::path& file);
// Any JSON with its members in order, within the limits of json.h.
nlohmann::ordered_json orderedJson(std::string_view json, const std::filesystem::path& file);

}  // namespace rankwright
