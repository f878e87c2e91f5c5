// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What an answer is written after: a conversation as token ids, through a chat template or joined as plain text.
#pragma once

#include "training/formats/rendered_chat.h"

#include <memory>
#include <string>
#include <vector>

namespace rankwright {

class Prompt
{
public:
    // `source`: the chat template; empty: none. The tokenizer must outlive it. Throws where the template cannot be parsed.
    Prompt(const Tokenizer& tokenizer, const std::string& source);
    [[nodiscard]] bool hasTemplate() const { return m_template != nullptr; }
    // The template with its opening of an answer at the end; what the turns hold is text, whatever it looks like. Without one the
    // turns with a line break behind each, which is how rows of prompts and responses are trained; `addSpecial` as Tokenizer::encode.
    [[nodiscard]] std::vector<int32_t> ids(const std::vector<ChatMessage>& turns, bool addSpecial = true) const;

private:
    const Tokenizer& m_tokenizer;
    std::unique_ptr<ChatTemplate> m_template;
};

}  // namespace rankwright
