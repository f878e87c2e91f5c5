// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/dataset_messages.h"

namespace rankwright {

namespace {

// ShareGPT's and other names for the four roles; empty for one that training has no place for.
std::string chatRole(std::string_view name)
{
    if (name == "system" || name == "user" || name == "assistant" || name == "tool")
        return std::string(name);
    if (name == "human")
        return "user";
    if (name == "observation" || name == "function" || name == "function_response" || name == "tool_response")
        return "tool";
    const bool answers = name == "gpt" || name == "model" || name == "bot" || name == "chatgpt" || name == "function_call";
    return answers ? "assistant" : "";
}

// The text of {"type": "text", "text": ...} parts, one after the other.
std::string joinedParts(const nlohmann::json& parts, const CheckedText& text, const std::string& message)
{
    if (parts.empty())
        throw BadConversation {message + ", \"content\", is an empty array", "a string, or parts with text", "Complete or remove the row"};
    std::string out;
    for (const auto& part : parts) {
        const auto type = part.is_object() ? part.find("type") : part.end();
        if (part.is_object() && (type == part.end() || *type == "text") && part.contains("text")) {
            out += text(part["text"], message + ", a part's \"text\",");
            continue;
        }
        const bool named = part.is_object() && type != part.end() && type->is_string();
        throw BadConversation {message + " has a part " + (named ? "of type \"" + type->get<std::string>() + "\"" : "without text"),
            "parts of type text", "Remove the row: images and sounds are not trained on"};
    }
    return out;
}

// OpenAI's "weight" of an answer: 0 where it is not to be learned. Theirs are 0 and 1, and we know no other either.
bool isLearned(const nlohmann::json& message, const std::string& number)
{
    const auto weight = message.find("weight");
    if (weight == message.end() || weight->is_null() || *weight == 1)
        return true;
    if (*weight != 0)
        throw BadConversation {number + " has the weight " + weight->dump().substr(0, 40), "0 or 1", "Correct the weight or remove it"};
    return false;
}

}  // namespace

Conversation readConversation(const nlohmann::json& list, const CheckedText& text)
{
    Conversation out;
    for (const auto& message : list) {
        const std::string number = "message " + std::to_string(out.messages.size() + 1);
        const bool shareGpt = message.is_object() && message.contains("from") && !message.contains("role");
        const std::string roleKey = shareGpt ? "from" : "role", textKey = shareGpt ? "value" : "content";
        if (!message.is_object() || !message.contains(roleKey) || !message.contains(textKey)) {
            throw BadConversation {number + " lacks \"" + roleKey + "\" or \"" + textKey + "\"",
                "{\"role\", \"content\"} or {\"from\", \"value\"}", "Complete or remove the row"};
        }
        const auto name = text(message[roleKey], number + ", \"" + roleKey + "\",");
        const auto role = chatRole(name);
        if (role.empty()) {
            throw BadConversation {number + " has the role \"" + name + "\"",
                "system, user (human), assistant (gpt, model, bot) or tool", "Rename the role or remove the row"};
        }
        const auto& content = message[textKey];
        out.shareGpt = out.shareGpt || shareGpt;
        out.repeatsRole = out.repeatsRole
            || ((role == "user" || role == "assistant") && !out.messages.empty() && out.messages.back().role == role);
        out.messages.push_back({role,
            content.is_array() ? joinedParts(content, text, number) : text(content, number + ", \"" + textKey + "\","),
            role != "assistant" || isLearned(message, number)});
    }
    return out;
}

}  // namespace rankwright
