// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/generate/prompt.h"

#include <algorithm>

namespace rankwright {

Prompt::Prompt(const Tokenizer& tokenizer, const std::string& source) : m_tokenizer(tokenizer)
{
    if (source.empty())
        return;
    checkTemplateSource(source);
    const auto token = [&](int32_t id) { return id >= 0 ? tokenizer.piece(id) : std::string(); };
    m_template = std::make_unique<ChatTemplate>(source, token(tokenizer.bos()), token(tokenizer.eos()));
}

std::vector<int32_t> Prompt::ids(const std::vector<ChatMessage>& turns, bool addSpecial) const
{
    if (!m_template)
        return m_tokenizer.encode(joinChat(turns).text + "\n", addSpecial).ids;
    const bool plain = std::ranges::all_of(
        turns, [&](const ChatMessage& turn) { return m_tokenizer.specialOccurrences(turn.content) == 0; });
    // Rendering that finds the contents again is asked of the template only where somebody has written a special token out.
    return plain ? m_tokenizer.encode(m_template->render(turns, true), false, SpecialText::recognise).ids
                 : encodeChat(m_tokenizer, renderChat(*m_template, turns, true)).ids;
}

}  // namespace rankwright
