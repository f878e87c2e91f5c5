// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Conversations in a row's JSON: {"role", "content"} with the content as a string or as text parts, or ShareGPT's {"from", "value"}.
#pragma once

#include "training/formats/chat_template.h"

#include <nlohmann/json.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace rankwright {

struct Conversation
{
    std::vector<ChatMessage> messages;   // roles system, user, assistant, tool
    bool shareGpt = false;               // some message has "from" and "value"
    bool repeatsRole = false;            // two turns of a user, or of an assistant, follow each other
};
// Strings as the caller checks them; `what` names the value for people.
using CheckedText = std::function<std::string(const nlohmann::json& value, const std::string& what)>;
struct BadConversation { std::string found, allowed, advice; };
// `list` is an array. Throws BadConversation.
Conversation readConversation(const nlohmann::json& list, const CheckedText& text);

}  // namespace rankwright
