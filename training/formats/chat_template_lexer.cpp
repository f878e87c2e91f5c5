// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Templates to tokens: text, {{ }}, {% %}, {# #}, {% raw %}, and the white space around them.
#include "training/api/error.h"
#include "training/formats/chat_template_syntax.h"
#include "training/formats/unicode.h"

#include <algorithm>
#include <array>

namespace rankwright::jinja {

namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || uint8_t(c) >= 0x80; }

class Lexer
{
public:
    Lexer(const std::string& source, const std::filesystem::path& file)
        : m_file(file)
    {
        // One kind of line end; a single one at the very end does not count.
        for (size_t i = 0; i < source.size(); ++i) {
            if (source[i] != '\r')
                m_source += source[i];
            else if (i + 1 == source.size() || source[i + 1] != '\n')
                m_source += '\n';
        }
        if (m_source.ends_with('\n'))
            m_source.pop_back();
    }

    std::vector<Token> run()
    {
        while (m_at < m_source.size())
            root();
        m_tokens.push_back({Token::Kind::end, "", position(m_at)});
        return std::move(m_tokens);
    }

private:
    // Offsets only grow, so lines are counted once.
    Position position(size_t offset)
    {
        for (; m_counted < offset; ++m_counted) {
            if (m_source[m_counted] == '\n') {
                ++m_line;
                m_lineStart = m_counted + 1;
            }
        }
        return {m_line, uint32_t(offset - std::min(offset, m_lineStart)) + 1};
    }
    [[nodiscard]] bool startsWith(std::string_view text) const
    {
        return std::string_view(m_source).substr(m_at).starts_with(text);
    }
    void skipSpace()
    {
        const std::string_view rest = std::string_view(m_source).substr(m_at);
        m_at += rest.size() - strip(rest, Side::left).size();
    }

    // Text up to the next tag, then the tag's beginning.
    void root()
    {
        const size_t start = m_at;
        size_t tag = start;
        const auto isTag = [&](size_t at) {
            return m_source[at] == '{' && at + 1 < m_source.size()
                && (m_source[at + 1] == '%' || m_source[at + 1] == '{' || m_source[at + 1] == '#');
        };
        while (tag < m_source.size() && !isTag(tag))
            ++tag;
        const std::string_view text = std::string_view(m_source).substr(start, tag - start);
        if (tag == m_source.size()) {
            addData(text, start);
            m_at = tag;
            return;
        }
        const char kind = m_source[tag + 1];
        const char sign = tag + 2 < m_source.size() ? m_source[tag + 2] : ' ';
        addData(beforeTag(text, start, kind, sign), start);
        m_at = tag + 2 + ((sign == '-' || sign == '+') ? 1 : 0);
        if (kind == '#')
            comment(tag);
        else if (kind == '{')
            inside(tag, Token::Kind::variableBegin);
        else if (!raw(tag))
            inside(tag, Token::Kind::blockBegin);
    }

    std::string_view beforeTag(std::string_view text, size_t start, char kind, char sign) const
    {
        if (sign == '-')
            return strip(text, Side::right);
        if (sign == '+' || kind == '{')
            return text;
        // lstrip_blocks: white space alone on its line before the tag goes.
        const size_t newline = text.rfind('\n');
        const bool lineStarts = start == 0 || m_source[start - 1] == '\n';
        if (newline == std::string_view::npos && !lineStarts)
            return text;
        const size_t line = newline == std::string_view::npos ? 0 : newline + 1;
        return strip(text.substr(line), Side::both).empty() ? text.substr(0, line) : text;
    }

    void addData(std::string_view text, size_t at)
    {
        if (!text.empty())
            m_tokens.push_back({Token::Kind::data, std::string(text), position(at)});
    }

    // A closing "-%}" takes all white space after it; "%}" one line end (trim_blocks); "+%}" and "}}" nothing.
    bool closes(std::string_view end, bool trimsNewline)
    {
        if (startsWith("-" + std::string(end))) {
            m_at += end.size() + 1;
            skipSpace();
            return true;
        }
        if (trimsNewline && startsWith("+" + std::string(end))) {
            m_at += end.size() + 1;
            return true;
        }
        if (!startsWith(end))
            return false;
        m_at += end.size();
        if (trimsNewline && m_at < m_source.size() && m_source[m_at] == '\n')
            ++m_at;
        return true;
    }

    void comment(size_t tag)
    {
        for (; m_at < m_source.size(); ++m_at) {
            const char c = m_source[m_at];
            if ((c == '#' || c == '-' || c == '+') && closes("#}", true))
                return;
        }
        failAt(m_file, position(tag), "a comment without an end", "#}");
    }

    // {% raw %}: everything to {% endraw %} is text.
    bool raw(size_t tag)
    {
        const size_t begin = m_at;
        skipSpace();
        if (!startsWith("raw")) {
            m_at = begin;
            return false;
        }
        m_at += 3;
        skipSpace();
        if (!closes("%}", false)) {  // Jinja keeps the line end here
            m_at = begin;
            return false;
        }
        const size_t start = m_at;
        for (size_t at = m_source.find("{%", start); at != std::string::npos; at = m_source.find("{%", at + 1)) {
            const char sign = at + 2 < m_source.size() ? m_source[at + 2] : ' ';
            m_at = at + 2 + ((sign == '-' || sign == '+') ? 1 : 0);
            skipSpace();
            if (!startsWith("endraw"))
                continue;
            m_at += 6;
            skipSpace();
            if (!closes("%}", true))
                continue;
            const std::string_view text = std::string_view(m_source).substr(start, at - start);
            addData(beforeTag(text, start, '%', sign), start);
            return true;
        }
        failAt(m_file, position(tag), "raw without endraw", "{% endraw %}");
    }

    void inside(size_t tag, Token::Kind kind)
    {
        m_tokens.push_back({kind, "", position(tag)});
        const bool isBlock = kind == Token::Kind::blockBegin;
        std::string open;  // brackets that have not been closed: inside them }} is no end
        while (true) {
            skipSpace();
            if (m_at >= m_source.size())
                failAt(m_file, m_tokens.back().at, "a tag without an end", isBlock ? "%}" : "}}");
            const size_t at = m_at;
            if (open.empty() && closes(isBlock ? "%}" : "}}", isBlock)) {
                m_tokens.push_back({isBlock ? Token::Kind::blockEnd : Token::Kind::variableEnd, "", position(at)});
                return;
            }
            token(open);
        }
    }

    void token(std::string& open)
    {
        const char c = m_source[m_at];
        if (isDigit(c))
            number();
        else if (isNameStart(c))
            name();
        else if (c == '"' || c == '\'')
            literal(c);
        else
            sign(open);
    }

    void number()
    {
        const size_t start = m_at;
        const bool afterDot = start > 0 && m_source[start - 1] == '.';
        const auto digits = [&] {
            while (m_at < m_source.size()
                && (isDigit(m_source[m_at])
                    || (m_source[m_at] == '_' && m_at + 1 < m_source.size() && isDigit(m_source[m_at + 1]))))
                ++m_at;
        };
        const auto digitAt = [&](size_t at) { return at < m_source.size() && isDigit(m_source[at]); };
        digits();
        bool isDecimal = false;
        if (!afterDot && m_at < m_source.size() && m_source[m_at] == '.' && digitAt(m_at + 1)) {
            ++m_at;
            digits();
            isDecimal = true;
        }
        if (!afterDot && m_at < m_source.size() && (m_source[m_at] == 'e' || m_source[m_at] == 'E')) {
            const bool hasSign = m_at + 1 < m_source.size() && (m_source[m_at + 1] == '+' || m_source[m_at + 1] == '-');
            const size_t first = m_at + (hasSign ? 2 : 1);
            if (digitAt(first)) {
                m_at = first;
                digits();
                isDecimal = true;
            }
        }
        std::string text = m_source.substr(start, m_at - start);
        std::erase(text, '_');
        m_tokens.push_back({isDecimal ? Token::Kind::decimal : Token::Kind::integer, text, position(start)});
    }

    void name()
    {
        const size_t start = m_at;
        while (m_at < m_source.size() && (isNameStart(m_source[m_at]) || isDigit(m_source[m_at])))
            ++m_at;
        m_tokens.push_back({Token::Kind::name, m_source.substr(start, m_at - start), position(start)});
    }

    void literal(char quote)
    {
        const size_t start = m_at++;
        std::string text;
        while (m_at < m_source.size() && m_source[m_at] != quote) {
            if (m_source[m_at] == '\\' && m_at + 1 < m_source.size())
                escape(text);
            else
                text += m_source[m_at++];
        }
        if (m_at >= m_source.size())
            failAt(m_file, position(start), "a string without an end", std::string(1, quote));
        ++m_at;
        m_tokens.push_back({Token::Kind::text, std::move(text), position(start)});
    }

    // Python's escapes.
    void escape(std::string& text)
    {
        const char c = m_source[m_at + 1];
        constexpr std::string_view letters = "ntrbfav", codes = "\n\t\r\b\f\a\v";
        const size_t known = letters.find(c);
        const int digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
        if (digits > 0) {
            char32_t code = 0;
            size_t at = m_at + 2;
            for (int i = 0; i < digits; ++i, ++at) {
                const char digit = at < m_source.size() ? m_source[at] : ' ';
                const int value = isDigit(digit) ? digit - '0'
                    : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                    : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                                   : -1;
                if (value < 0)
                    failAt(m_file, position(m_at), "a broken escape", std::to_string(digits) + " hexadecimal digits");
                code = code * 16 + char32_t(value);
            }
            if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
                failAt(m_file, position(m_at), "an escape that is no character", "a code point of Unicode");
            appendUtf8(text, code);
            m_at = at;
            return;
        }
        if (c >= '0' && c <= '7') {  // octal, up to three digits
            char32_t code = 0;
            size_t at = m_at + 1;
            for (; at < m_at + 4 && at < m_source.size() && m_source[at] >= '0' && m_source[at] <= '7'; ++at)
                code = code * 8 + char32_t(m_source[at] - '0');
            appendUtf8(text, code);
            m_at = at;
            return;
        }
        if (known != std::string_view::npos) {
            text += codes[known];
        } else if (c == '\\' || c == '\'' || c == '"') {
            text += c;
        } else if (c != '\n') {  // a backslash at the end of a line joins two lines; others stay as they are
            text += '\\';
            text += c;
        }
        m_at += 2;
    }

    void sign(std::string& open)
    {
        constexpr std::array<std::string_view, 25> signs{"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%",
            "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ","};
        const size_t start = m_at;
        std::string found;
        for (const std::string_view candidate : signs) {
            if (startsWith(candidate)) {
                found = candidate;
                break;
            }
        }
        if (found.empty())
            failAt(m_file, position(start), "the character " + m_source.substr(start, utf8At(m_source, start).length),
                "an expression");
        const std::string_view opening = "([{", closing = ")]}";
        if (const size_t kind = opening.find(found); kind != std::string_view::npos) {
            open += closing[kind];
        } else if (closing.find(found) != std::string_view::npos) {
            if (open.empty() || open.back() != found[0])
                failAt(m_file, position(start), found,
                    open.empty() ? "no closing bracket here" : std::string(1, open.back()));
            open.pop_back();
        }
        m_at += found.size();
        m_tokens.push_back({Token::Kind::sign, found, position(start)});
    }

    const std::filesystem::path& m_file;
    std::string m_source;
    std::vector<Token> m_tokens;
    size_t m_at = 0, m_counted = 0, m_lineStart = 0;
    uint32_t m_line = 1;
};

std::string placeText(Position at) { return "line " + std::to_string(at.line) + ":" + std::to_string(at.column); }

}  // namespace

std::vector<Token> tokenise(const std::string& source, const std::filesystem::path& file)
{
    return Lexer(source, file).run();
}

void failAt(const std::filesystem::path& file, Position at, std::string found, std::string allowed)
{
    throw Error{ErrorParts{.code = Code::format, .file = file, .place = "chat template, " + placeText(at),
        .found = std::move(found), .allowed = std::move(allowed),
        .advice = "Correct the template, or choose --template none."}};
}

void unsupportedAt(const std::filesystem::path& file, Position at, std::string found)
{
    throw Error{ErrorParts{.code = Code::unsupported, .file = file, .place = "chat template, " + placeText(at),
        .found = std::move(found) + " is not supported",
        .allowed = "the part of Jinja that renders chats, without files and other templates",
        .advice = "Change the template, or choose --template none."}};
}

void limitAt(const std::filesystem::path& file, Position at, std::string found, std::string allowed)
{
    throw Error{ErrorParts{.code = Code::limit, .file = file, .place = "chat template, " + placeText(at),
        .found = std::move(found), .allowed = std::move(allowed),
        .advice = "Change the template, or choose --template none."}};
}

}  // namespace rankwright::jinja
