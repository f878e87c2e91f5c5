// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/onigmo_pattern.h"

#include "training/formats/unicode.h"
#include "training/formats/unicode_versions.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

namespace rankwright {
namespace {

constexpr int kPcreVersion = 13;  // every PCRE2 in use knows at least these characters
constexpr std::string_view kWhiteSpace
    = R"(\x{9}-\x{d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
// Alphabetic characters and connectors that are no letters or marks, and six digits and fractions that Oniguruma counts
// among them.
constexpr std::string_view kOtherWords
    = R"(\p{Nl}\p{Pc}\x{b2}\x{b3}\x{b9}\x{bc}-\x{be}\x{24b6}-\x{24e9}\x{1f130}-\x{1f149})"
      R"(\x{1f150}-\x{1f169}\x{1f170}-\x{1f189})";

struct Category
{
    std::string_view name;
    uint32_t mask;
    std::string_view laterKinds;  // of unicode_versions.h, by their first letters
};
constexpr Category kCategories[] = {{"L", U_GC_L_MASK, "ulmo"}, {"Lu", U_GC_LU_MASK, "u"}, {"Ll", U_GC_LL_MASK, "l"},
    {"Lt", U_GC_LT_MASK, ""}, {"Lm", U_GC_LM_MASK, "m"}, {"Lo", U_GC_LO_MASK, "o"}, {"N", U_GC_N_MASK, "d"},
    {"Nd", U_GC_ND_MASK, "d"}, {"M", U_GC_M_MASK, "k"}, {"P", U_GC_P_MASK, "p"}, {"S", U_GC_S_MASK, "s"}};

char letterOf(LaterKind kind)
{
    constexpr std::string_view kLetters = "-ulmokdps";  // in the order of LaterKind
    return kLetters[static_cast<size_t>(kind)];
}

void addRange(std::string& text, char32_t first, char32_t last)
{
    char shown[48];
    if (first == last)
        std::snprintf(shown, sizeof shown, "\\x{%x}", static_cast<unsigned>(first));
    else
        std::snprintf(shown, sizeof shown, "\\x{%x}-\\x{%x}", static_cast<unsigned>(first),
            static_cast<unsigned>(last));
    text += shown;
}

// The characters of the category that PCRE2 may not know, as the inside of a class.
std::string laterCharacters(const Category& category)
{
    std::string text;
    char32_t first = 0;
    bool open = false;
    for (char32_t code = 0x300; code <= 0x40000; ++code) {
        const bool in = (U_GET_GC_MASK(static_cast<UChar32>(code)) & category.mask) != 0
            && !inUnicode(code, kPcreVersion);
        if (in && !open)
            first = code;
        else if (!in && open)
            addRange(text, first, code - 1);
        open = in;
    }
    for (const LaterRange& range : laterRanges())
        if (category.laterKinds.find(letterOf(range.kind)) != std::string_view::npos)
            addRange(text, range.first, range.last);
    return text;
}

// The inside of a class for a category; nothing for a name that is passed on as it is.
std::optional<std::string> categoryClass(std::string_view name)
{
    const auto* category = std::ranges::find(kCategories, name, &Category::name);
    if (category == std::end(kCategories))
        return {};
    static std::mutex mutex;
    static std::map<std::string_view, std::string> known;
    const std::lock_guard lock(mutex);
    std::string& inside = known[category->name];
    if (inside.empty())
        inside = "\\p{" + std::string(name) + "}" + laterCharacters(*category);
    return inside;
}

// The inside of a class for what stands after a backslash at `at`, with the length of that; nothing to leave it.
struct Escape
{
    std::string inside;
    bool negative = false;
    size_t length = 0;
};

std::optional<Escape> escapeAt(std::string_view pattern, size_t at)
{
    const char c = pattern[at];
    if (c == 's' || c == 'S')
        return Escape{std::string(kWhiteSpace), c == 'S', 1};
    if (c == 'w' || c == 'W')
        return Escape{
            *categoryClass("L") + *categoryClass("M") + *categoryClass("Nd") + std::string(kOtherWords), c == 'W', 1};
    if (c == 'd' || c == 'D')
        return Escape{*categoryClass("Nd"), c == 'D', 1};
    if ((c != 'p' && c != 'P') || at + 1 >= pattern.size() || pattern[at + 1] != '{')
        return {};
    const size_t end = pattern.find('}', at);
    if (end == std::string_view::npos)
        return {};
    std::string_view name = pattern.substr(at + 2, end - at - 2);
    const bool caret = name.starts_with('^');
    if (caret)
        name.remove_prefix(1);
    auto inside = categoryClass(name);
    if (!inside)
        return {};
    return Escape{std::move(*inside), (c == 'P') != caret, end + 1 - at};
}

// How long a repetition at `at` is: "{2}", "{2,}", "{2,3}" or "{,3}"; 0 where the brace is a character.
size_t repetitionLength(std::string_view pattern, size_t at)
{
    size_t end = at + 1, digits = 0, commas = 0;
    for (; end < pattern.size() && pattern[end] != '}'; ++end) {
        const bool digit = pattern[end] >= '0' && pattern[end] <= '9';
        if (!digit && (pattern[end] != ',' || ++commas > 1))
            return 0;
        digits += digit ? 1 : 0;
    }
    return end < pattern.size() && digits > 0 ? end + 1 - at : 0;
}

// Writes a pattern of Oniguruma (Ruby's syntax, as Hugging Face's tokenizers use it) for PCRE2.
class PatternWriter
{
public:
    explicit PatternWriter(std::string_view pattern)
        : m_pattern(pattern)
    {
        while (m_at < m_pattern.size())
            writeNext();
    }
    [[nodiscard]] const std::string& text() const { return m_text; }
    // What cannot be written for PCRE2; empty where all could.
    [[nodiscard]] const std::string& refused() const { return m_refused; }

private:
    static constexpr size_t kNone = std::string::npos;

    void writeNext()
    {
        const char c = m_pattern[m_at];
        if (c == '\\' && m_at + 1 < m_pattern.size())
            writeEscape();
        else if (c == '[')
            writeClassStart();
        else if (m_inClass)
            writeInClass();
        else if (c == '(')
            writeGroupStart();
        else if (c == ')')
            closeGroup();
        else if (const size_t length = c == '{' ? repetitionLength(m_pattern, m_at) : 0; length > 0)
            writeRepetition(length);
        else
            writeCharacter(c);
    }
    void copy(size_t length)
    {
        m_text += m_pattern.substr(m_at, length);
        m_at += length;
    }
    void writeInClass()
    {
        m_inClass = m_pattern[m_at] != ']';
        copy(1);
    }
    void writeEscape()
    {
        const auto escape = escapeAt(m_pattern, m_at + 1);
        if (escape && !(m_inClass && escape->negative)) {
            startAtom();
            m_text += m_inClass ? escape->inside : (escape->negative ? "[^" : "[") + escape->inside + "]";
            m_at += 1 + escape->length;
            return;
        }
        const char letter = m_pattern[m_at + 1];
        const bool single = std::string_view("ntrfaebBAzZGXRvV").find(letter) != std::string_view::npos
            || !isWordCharacter(static_cast<unsigned char>(letter));
        startAtom();
        const bool braced = !single && m_at + 2 < m_pattern.size() && m_pattern[m_at + 2] == '{';
        const size_t end = braced ? m_pattern.find('}', m_at) : kNone;
        if (!single && end == kNone && !m_inClass)
            m_atom = kNone;  // \x41, \1, \k<a>: how long it is does not show here
        copy(end == kNone ? 2 : end + 1 - m_at);
        if (m_atom == kNone && !m_inClass)
            copyEscapesRest();
    }
    // The digits or the name in "<>" that may belong to an escape; more letters than that are the same in both dialects.
    void copyEscapesRest()
    {
        const size_t close = m_at < m_pattern.size() && m_pattern[m_at] == '<' ? m_pattern.find('>', m_at) : kNone;
        if (close != kNone)
            return copy(close + 1 - m_at);
        const auto isPart = [](unsigned char c) { return c < 0x80 && isWordCharacter(c); };
        while (m_at < m_pattern.size() && isPart(static_cast<unsigned char>(m_pattern[m_at])))
            copy(1);
    }
    void writeClassStart()
    {
        if (m_inClass) {  // a class by name; otherDialect() refuses other brackets inside
            const size_t end = m_pattern.substr(m_at).starts_with("[:") ? m_pattern.find(":]", m_at + 2) : kNone;
            copy(end == kNone ? 1 : end + 2 - m_at);
            return;
        }
        startAtom();
        copy(1);
        m_inClass = true;
        if (m_at < m_pattern.size() && m_pattern[m_at] == '^')
            copy(1);
        if (m_at < m_pattern.size() && m_pattern[m_at] == ']')
            copy(1);  // a bracket in the first place is a character
    }
    // The dot matches line ends by "m" in Ruby and by "s" in PCRE2; "m" of PCRE2 is always on.
    void writeGroupStart()
    {
        m_groups.push_back(m_text.size());
        m_atom = kNone;
        if (m_pattern.substr(m_at).starts_with("(?#")) {
            copy(std::min(m_pattern.find(')', m_at), m_pattern.size()) - m_at);
            m_groups.back() = kNone;
            return;
        }
        const size_t options = m_at + 2, end = m_pattern.find_first_not_of("imx-", options);
        const bool set = m_pattern.substr(m_at).starts_with("(?") && end != kNone && end > options
            && (m_pattern[end] == ':' || m_pattern[end] == ')');
        if (!set)
            return copy(1);
        for (; m_at < end; ++m_at)
            m_text += m_pattern[m_at] == 'm' ? 's' : m_pattern[m_at];
        m_free = m_free || m_pattern.substr(options, end - options).find('x') != kNone;
        if (m_pattern[end] == ')')
            m_groups.back() = kNone;  // nothing that could be repeated
    }
    void closeGroup()
    {
        copy(1);
        m_atom = m_groups.empty() ? kNone : m_groups.back();
        if (!m_groups.empty())
            m_groups.pop_back();
    }
    // A sign after a repetition in braces repeats the repetition; in PCRE2 "+" would make it possessive.
    void writeRepetition(size_t length)
    {
        const std::string_view shown = m_pattern.substr(m_at, length);
        const bool fixed = shown.find(',') == kNone;
        const char after = m_at + length < m_pattern.size() ? m_pattern[m_at + length] : '\0';
        const bool nested = after == '+' || (fixed && after == '?');
        if (nested && (m_atom == kNone || m_free) && m_refused.empty())
            m_refused = std::string(shown) + after;
        if (nested && m_atom != kNone)
            m_text.insert(m_atom, "(?:");
        m_text += shown.starts_with("{,") ? "{0" + std::string(shown.substr(1)) : std::string(shown);
        m_at += length;
        if (nested && m_atom != kNone)
            m_text += ')';
    }
    void writeCharacter(char c)
    {
        const bool repeats = c == '*' || c == '+' || c == '?';
        if (!repeats && (static_cast<unsigned char>(c) & 0xC0) != 0x80)
            startAtom();
        if (c == '|' || c == '^')
            m_atom = kNone;
        copy(1);
    }
    void startAtom()
    {
        if (!m_inClass)
            m_atom = m_text.size();
    }

    std::string_view m_pattern;
    size_t m_at = 0;
    std::string m_text, m_refused;
    bool m_inClass = false;
    bool m_free = false;              // blanks and comments are no part of the pattern
    size_t m_atom = kNone;            // where in the text what could be repeated next begins
    std::vector<size_t> m_groups;     // where the open groups begin
};

}  // namespace

std::string otherDialect(std::string_view pattern)
{
    bool inClass = false;
    for (size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i], next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
        if (c == '\\') {
            if (next == 'h' || next == 'H')
                return std::string("\\") + next;
            ++i;
        } else if (inClass && c == '[' && next == ':') {
            i = std::min(pattern.find(":]", i + 2), pattern.size() - 2) + 1;
        } else if (inClass && (c == '[' || (c == '&' && next == '&'))) {
            return c == '[' ? "a set inside a set" : "&&";
        } else if (!inClass && c == '(' && (next == '*' || pattern.substr(i, 3) == "(?C")) {
            return std::string(pattern.substr(i, 3));
        } else if (c == '[') {
            inClass = true;
            if (next == '^')
                ++i;
            if (i + 1 < pattern.size() && pattern[i + 1] == ']')
                ++i;  // a bracket in the first place is a character
        } else if (c == ']') {
            inClass = false;
        }
    }
    return PatternWriter(pattern).refused();
}

std::string patternForPcre(std::string_view pattern) { return PatternWriter(pattern).text(); }

}  // namespace rankwright
