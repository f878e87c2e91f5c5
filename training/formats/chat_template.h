// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Chat templates: an interpreter for the part of Jinja that models' templates use, without reflection, files, or calls
// out of the template, and with limits on steps, depth and output (limits.h).
#pragma once

#include "training/formats/template_date.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace rankwright {

struct ChatMessage
{
    std::string role, content;
    bool learned = true;   // false: an answer that is read and not trained on (OpenAI's "weight": 0)
};
struct ChatRequest;  // chat_request.h: conversations with parts, tools and further variables

class ChatTemplate
{
public:
    // Parses. Throws Error{format} with line:column, or Error{unsupported} naming the construct.
    ChatTemplate(std::string source, std::string bosToken, std::string eosToken, std::filesystem::path file = {});
    ~ChatTemplate();
    ChatTemplate(ChatTemplate&&) noexcept;
    // Throws Error{data} with the template's own raise_exception text (escaped), Error{limit} on fuel, depth, output.
    [[nodiscard]] std::string render(const std::vector<ChatMessage>& messages, bool addGenerationPrompt) const;
    [[nodiscard]] std::string render(const ChatRequest& request) const;
    // What strftime_now() tells. The same day for every row and every run unless another one is set: a row that became another
    // text at midnight could not be trained on again.
    void setDate(const TemplateDate& date);

private:
    struct Program;
    std::unique_ptr<Program> m_program;
};

// The template of a model folder (chat_template.jinja, tokenizer_config.json) or GGUF file; empty where it has none.
std::string chatTemplateSource(const std::filesystem::path& model);

}  // namespace rankwright
