// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Python's operations on text; letters' cases from ICU.
#include "training/formats/chat_template_text.h"

#include "training/formats/chat_template_value.h"
#include "training/formats/unicode.h"

#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>

namespace rankwright::jinja {

namespace {

bool isSpace(std::string_view character) { return strip(character, Side::both).empty(); }

std::string upperFirst(std::string_view word)
{
    if (word.empty())
        return {};
    const size_t length = utf8At(word, 0).length;
    return changedCase(word.substr(0, length), Case::upper) + changedCase(word.substr(length), Case::lower);
}

std::vector<std::string_view> splitAtSpace(std::string_view text, int64_t most, bool fromRight)
{
    const std::vector<std::string_view> letters = characters(text);
    std::vector<std::string_view> parts;
    const auto offset = [&](size_t i) {
        return i < letters.size() ? size_t(letters[i].data() - text.data()) : text.size();
    };
    if (!fromRight) {
        for (size_t at = 0; at < letters.size();) {
            if (isSpace(letters[at])) {
                ++at;
                continue;
            }
            size_t end = at;
            while (end < letters.size() && !isSpace(letters[end]))
                ++end;
            if (most >= 0 && int64_t(parts.size()) == most) {
                parts.push_back(text.substr(offset(at)));
                return parts;
            }
            parts.push_back(text.substr(offset(at), offset(end) - offset(at)));
            at = end;
        }
        return parts;
    }
    for (size_t end = letters.size(); end > 0;) {
        if (isSpace(letters[end - 1])) {
            --end;
            continue;
        }
        size_t at = end;
        while (at > 0 && !isSpace(letters[at - 1]))
            --at;
        if (most >= 0 && int64_t(parts.size()) == most) {
            parts.push_back(text.substr(0, offset(end)));
            break;
        }
        parts.push_back(text.substr(offset(at), offset(end) - offset(at)));
        end = at;
    }
    std::ranges::reverse(parts);
    return parts;
}

}  // namespace

std::string changedCase(std::string_view text, Case to)
{
    const bool isAscii = std::ranges::all_of(text, [](char c) { return uint8_t(c) < 0x80; });
    std::string result(text);
    if (isAscii) {
        for (char& c : result) {
            if (to == Case::upper ? (c >= 'a' && c <= 'z') : (c >= 'A' && c <= 'Z'))
                c = char(c ^ 0x20);
        }
        return result;
    }
    icu::UnicodeString wide = icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), int32_t(text.size())));
    if (to == Case::upper)
        wide.toUpper(icu::Locale::getRoot());
    else
        wide.toLower(icu::Locale::getRoot());
    result.clear();
    wide.toUTF8String(result);
    return result;
}

std::string capitalised(std::string_view text)
{
    if (text.empty())
        return {};
    const Utf8Character first = utf8At(text, 0);
    std::string result;
    appendUtf8(result, char32_t(u_totitle(UChar32(first.code))));
    return result + changedCase(text.substr(first.length), Case::lower);
}

std::string titled(std::string_view text)
{
    std::string result;
    bool insideWord = false;
    for (size_t at = 0; at < text.size();) {
        const Utf8Character character = utf8At(text, at);
        const auto code = UChar32(character.code);
        appendUtf8(result, char32_t(insideWord ? u_tolower(code) : u_totitle(code)));
        insideWord = u_isUAlphabetic(code) && (u_isUUppercase(code) || u_isULowercase(code) || u_istitle(code));
        at += character.length;
    }
    return result;
}

std::string titledWords(std::string_view text)
{
    std::string result;
    size_t start = 0;
    for (size_t at = 0; at < text.size();) {
        const size_t length = utf8At(text, at).length;
        const std::string_view character = text.substr(at, length);
        if (isSpace(character) || std::string_view("-({[<").find(character) != std::string_view::npos) {
            result += upperFirst(text.substr(start, at - start));
            result += character;
            start = at + length;
        }
        at += length;
    }
    return result + upperFirst(text.substr(start));
}

std::vector<std::string_view> splitText(
    std::string_view text, const std::string* separator, int64_t most, bool fromRight)
{
    if (separator == nullptr)
        return splitAtSpace(text, most, fromRight);
    std::vector<std::string_view> parts;
    while (most < 0 || int64_t(parts.size()) < most) {
        const size_t place = fromRight ? text.rfind(*separator) : text.find(*separator);
        if (place == std::string_view::npos)
            break;
        if (fromRight) {
            parts.push_back(text.substr(place + separator->size()));
            text = text.substr(0, place);
        } else {
            parts.push_back(text.substr(0, place));
            text.remove_prefix(place + separator->size());
        }
    }
    parts.push_back(text);
    if (fromRight)
        std::ranges::reverse(parts);
    return parts;
}

std::vector<std::string_view> splitLines(std::string_view text)
{
    std::vector<std::string_view> lines;
    size_t start = 0;
    for (size_t at = 0; at < text.size();) {
        const Utf8Character character = utf8At(text, at);
        const char32_t code = character.code;
        const bool ends = (code >= 0x0a && code <= 0x0d) || (code >= 0x1c && code <= 0x1e) || code == 0x85
            || code == 0x2028 || code == 0x2029;
        size_t next = at + character.length;
        if (ends) {
            lines.push_back(text.substr(start, at - start));
            if (code == '\r' && next < text.size() && text[next] == '\n')
                ++next;
            start = next;
        }
        at = next;
    }
    if (start < text.size())
        lines.push_back(text.substr(start));
    return lines;
}

bool replaceText(std::string& result, std::string_view text, std::string_view from, std::string_view to, int64_t most,
    size_t limit)
{
    result.clear();
    size_t at = 0;
    for (int64_t done = 0; most < 0 || done < most; ++done) {
        // An empty text is found before every character and at the end.
        const size_t place = from.empty() ? at : text.find(from, at);
        if (place == std::string_view::npos || place > text.size())
            break;
        result += text.substr(at, place - at);
        result += to;
        if (result.size() > limit)
            return false;
        if (from.empty()) {
            if (place == text.size())
                return true;
            const size_t length = utf8At(text, place).length;
            result += text.substr(place, length);
            at = place + length;
        } else {
            at = place + from.size();
        }
    }
    result += text.substr(std::min(at, text.size()));
    return result.size() <= limit;
}

bool isPrintable(char32_t code)
{
    constexpr uint32_t kHidden = U_GC_C_MASK | U_GC_Z_MASK;
    return code == ' ' || (U_GET_GC_MASK(UChar32(code)) & kHidden) == 0;
}

std::string escapedForHtml(std::string_view text)
{
    std::string result;
    for (const char c : text) {
        switch (c) {
        case '&': result += "&amp;"; break;
        case '<': result += "&lt;"; break;
        case '>': result += "&gt;"; break;
        case '"': result += "&#34;"; break;
        case '\'': result += "&#39;"; break;
        default: result += c;
        }
    }
    return result;
}

std::string indented(const std::string& text, const std::string& prefix, bool first, bool blank)
{
    const std::string whole = text + "\n";  // a last line end counts as a line, as Jinja adds one
    std::string result;
    const std::vector<std::string_view> lines = splitLines(whole);
    for (size_t i = 0; i < lines.size(); ++i) {
        if (i > 0)
            result += '\n';
        if (i > 0 ? (blank || !lines[i].empty()) : first)
            result += prefix;
        result += lines[i];
    }
    return result;
}

}  // namespace rankwright::jinja
