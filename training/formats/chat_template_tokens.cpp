// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Reading tokens, and the messages where one is not what it should be.
#include "training/formats/chat_template_tokens.h"

#include "training/formats/limits.h"

#include <algorithm>

namespace rankwright::jinja {

TokenStream::Nesting::Nesting(TokenStream& stream)
    : m_stream(stream)
{
    if (++m_stream.m_depth > limits::kTemplateDepth)
        limitAt(m_stream.m_file, m_stream.peek().at, "nesting deeper than " + std::to_string(limits::kTemplateDepth),
            std::to_string(limits::kTemplateDepth) + " levels");
}

const Token& TokenStream::peek(size_t ahead) const { return m_tokens[std::min(m_next + ahead, m_tokens.size() - 1)]; }

Token TokenStream::take()
{
    // The last token, the end, can be taken any number of times.
    const size_t taken = std::min(m_next++, m_tokens.size() - 1);
    return m_tokens[taken];
}

bool TokenStream::isSign(std::string_view text, size_t ahead) const
{
    return peek(ahead).kind == Token::Kind::sign && peek(ahead).text == text;
}

bool TokenStream::isName(std::string_view text, size_t ahead) const
{
    return peek(ahead).kind == Token::Kind::name && peek(ahead).text == text;
}

void TokenStream::failHere(std::string allowed) const
{
    const Token& token = peek();
    std::string found = "\"" + token.text + "\"";
    if (token.kind == Token::Kind::end)
        found = "the end of the template";
    else if (token.kind == Token::Kind::blockEnd || token.kind == Token::Kind::variableEnd)
        found = "the end of the tag";
    failAt(m_file, token.at, std::move(found), std::move(allowed));
}

void TokenStream::expectSign(std::string_view text)
{
    if (!skipSign(text))
        failHere(std::string(text));
}

Token TokenStream::expectName(const char* what)
{
    if (peek().kind != Token::Kind::name)
        failHere(what);
    return take();
}

void TokenStream::expectBlockEnd()
{
    if (peek().kind != Token::Kind::blockEnd)
        failHere("%}");
    take();
}

}  // namespace rankwright::jinja
