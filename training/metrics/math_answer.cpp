// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The steps of MATH's string comparison, in their published order. They work on characters of TeX, not on its meaning.
#include "training/metrics/math_answer.h"

#include "training/api/words.h"

#include <algorithm>
#include <charconv>

namespace rankwright {

namespace {

void replaceAll(std::string& text, std::string_view from, std::string_view to)
{
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

std::vector<std::string> splitAt(std::string_view text, std::string_view mark)
{
    std::vector<std::string> parts;
    for (size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark)) {
        parts.emplace_back(text.substr(0, at));
        text.remove_prefix(at + mark.size());
    }
    parts.emplace_back(text);
    return parts;
}

// The length of the character that a text begins with: TeX's arguments without braces are one character.
size_t characterLength(std::string_view text)
{
    size_t length = 1;
    while (length < text.size() && (uint8_t(text[length]) & 0xc0) == 0x80)
        ++length;
    return length;
}

// \sqrt3 -> \sqrt{3}. Nothing where no character follows.
std::optional<std::string> withRootBraces(const std::string& text)
{
    const auto parts = splitAt(text, "\\sqrt");
    std::string result = parts.front();
    for (size_t i = 1; i < parts.size(); ++i) {
        const std::string& part = parts[i];
        if (part.empty())
            return std::nullopt;
        if (part.front() == '{') {
            result += "\\sqrt" + part;
        } else {
            const size_t length = characterLength(part);
            result += "\\sqrt{" + part.substr(0, length) + "}" + part.substr(length);
        }
    }
    return result;
}

// \frac12 -> \frac{1}{2}, \frac1{72} -> \frac{1}{72}. A single character after \frac leaves the whole text as it is; none breaks off.
std::optional<std::string> withFractionBraces(const std::string& text)
{
    const auto parts = splitAt(text, "\\frac");
    std::string result = parts.front();
    for (size_t i = 1; i < parts.size(); ++i) {
        const std::string& part = parts[i];
        if (part.empty())
            return std::nullopt;
        result += "\\frac";
        if (part.front() == '{') {
            result += part;
            continue;
        }
        const size_t above = characterLength(part);
        if (above == part.size())
            return text;
        const size_t below = characterLength(std::string_view(part).substr(above));
        result += "{" + part.substr(0, above) + "}";
        result += part[above] == '{' ? part.substr(above) : "{" + part.substr(above, below) + "}" + part.substr(above + below);
    }
    return result;
}

bool isPlainInteger(std::string_view text)
{
    const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
    return !digits.empty() && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })
        && (digits.size() == 1 || digits.front() != '0') && text != "-0";
}

// 3/4 -> \frac{3}{4}, for whole numbers in their usual form only.
std::string withoutSlash(const std::string& text)
{
    const auto parts = splitAt(text, "/");
    if (parts.size() != 2 || !isPlainInteger(parts[0]) || !isPlainInteger(parts[1]))
        return text;
    return "\\frac{" + parts[0] + "}{" + parts[1] + "}";
}

std::string_view stripped(std::string_view text)
{
    constexpr std::string_view kSpaces = " \t\r\n\f\v";
    text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
    return text.substr(0, text.find_last_not_of(kSpaces) + 1);
}

// The position after the brace that closes the first one at or after `at`; npos where none does.
size_t closingBrace(std::string_view text, size_t at)
{
    int open = 0;
    for (; at < text.size(); ++at) {
        if (text[at] == '{')
            ++open;
        else if (text[at] == '}' && --open == 0)
            return at + 1;
    }
    return std::string_view::npos;
}

}  // namespace

std::optional<std::string> lastBoxed(std::string_view text)
{
    constexpr std::string_view kLoose = "\\boxed ", kBoxed = "\\boxed", kFramed = "\\fbox";
    if (const size_t at = text.rfind(kLoose); at != std::string_view::npos) {
        const std::string_view rest = text.substr(at + kLoose.size());
        return std::string(rest.substr(0, rest.find('$')));
    }
    size_t at = text.rfind(kBoxed);
    size_t length = kBoxed.size();
    if (at == std::string_view::npos) {
        at = text.rfind(kFramed);
        length = kFramed.size();
    }
    if (at == std::string_view::npos || at + length >= text.size() || text[at + length] != '{')
        return std::nullopt;
    const size_t end = closingBrace(text, at + length);
    if (end == std::string_view::npos)
        return std::nullopt;
    return std::string(text.substr(at + length + 1, end - at - length - 2));
}

std::optional<std::string> mathAnswer(std::string_view text)
{
    if (const auto boxed = lastBoxed(text))
        return boxed;
    constexpr std::string_view kPhrase = "The answer is: ";
    const size_t at = text.rfind(kPhrase);
    if (at == std::string_view::npos)
        return std::nullopt;
    std::string_view rest = text.substr(at + kPhrase.size());
    rest = stripped(rest.substr(0, rest.find(".\n")));
    if (rest.ends_with('.'))
        rest.remove_suffix(1);
    return std::string(stripped(rest));
}

std::optional<std::string> normalMath(std::string text)
{
    replaceAll(text, "\n", "");
    replaceAll(text, "\\!", "");
    replaceAll(text, "\\\\", "\\");
    replaceAll(text, "tfrac", "frac");
    replaceAll(text, "dfrac", "frac");
    for (const char* gone : {"\\left", "\\right", "^{\\circ}", "^\\circ", "\\$"})
        replaceAll(text, gone, "");
    const auto units = splitAt(text, "\\text{ ");
    if (units.size() > 2)
        return std::nullopt;
    text = units.front();
    replaceAll(text, "\\%", "");
    replaceAll(text, " .", " 0.");
    replaceAll(text, "{.", "{0.");
    if (text.empty())
        return text;
    if (text.front() == '.')
        text.insert(0, "0");
    // "k = 5", "x=2": a name of at most two characters goes.
    if (const auto sides = splitAt(text, "="); sides.size() == 2 && sides[0].size() <= 2)
        text = sides[1];
    auto rooted = withRootBraces(text);
    if (!rooted)
        return std::nullopt;
    replaceAll(*rooted, " ", "");
    auto whole = withFractionBraces(*rooted);
    if (!whole)
        return std::nullopt;
    if (*whole == "0.5")
        return "\\frac{1}{2}";
    return withoutSlash(*whole);
}

bool sameMath(const std::string& left, const std::string& right)
{
    const auto a = normalMath(left), b = normalMath(right);
    return a && b ? *a == *b : left == right;
}

}  // namespace rankwright
