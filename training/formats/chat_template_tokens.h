// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The tokens of a template as its parsers read them: looking ahead, taking, and saying what was expected.
#pragma once

#include "training/formats/chat_template_syntax.h"

namespace rankwright::jinja {

class TokenStream
{
public:
    TokenStream(std::vector<Token> tokens, const std::filesystem::path& file)
        : m_tokens(std::move(tokens))
        , m_file(file)
    {
    }

    // Counts nesting of blocks and expressions for as long as it lives; throws Error{limit} above kTemplateDepth.
    class Nesting
    {
    public:
        explicit Nesting(TokenStream& stream);
        ~Nesting() { --m_stream.m_depth; }
        Nesting(const Nesting&) = delete;
        Nesting& operator=(const Nesting&) = delete;

    private:
        TokenStream& m_stream;
    };

    [[nodiscard]] const std::filesystem::path& file() const { return m_file; }
    [[nodiscard]] const Token& peek(size_t ahead = 0) const;
    Token take();
    void back() { --m_next; }  // undoes the last take
    [[nodiscard]] bool isSign(std::string_view text, size_t ahead = 0) const;
    [[nodiscard]] bool isName(std::string_view text, size_t ahead = 0) const;
    bool skipSign(std::string_view text) { return isSign(text) && (take(), true); }
    bool skipName(std::string_view text) { return isName(text) && (take(), true); }
    [[noreturn]] void failHere(std::string allowed) const;
    void expectSign(std::string_view text);
    Token expectName(const char* what);
    void expectBlockEnd();

    // Conditions around the current place: what is inside may never run.
    int conditions = 0;

private:
    std::vector<Token> m_tokens;
    const std::filesystem::path& m_file;
    size_t m_next = 0;
    int m_depth = 0;
};

ExpressionPtr parseExpression(TokenStream& stream);
// An expression, or several with commas between: a tuple. Conditions and what a loop goes over have no inline if.
ExpressionPtr parseTuple(TokenStream& stream, bool withChoice);
// name(arguments)|name ...: what follows the word `filter` or the name of a set block, as steps after an empty value.
ExpressionPtr parseFilters(TokenStream& stream);

}  // namespace rankwright::jinja
