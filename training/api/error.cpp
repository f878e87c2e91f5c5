// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The table of error codes, the one place that builds messages, and the escaping of text from outside.
#include "training/api/error.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>

namespace rankwright {

namespace {

struct CodeRow
{
    Code code;
    std::string_view text;
    int exitStatus;
};

// Exit statuses as in sysexits.h where it has one; 130 is 128 + SIGINT.
constexpr std::array kCodes {
    CodeRow {Code::usage, "E-USAGE", 2},
    CodeRow {Code::format, "E-FORMAT", 65},
    CodeRow {Code::config, "E-CONFIG", 65},
    CodeRow {Code::data, "E-DATA", 65},
    CodeRow {Code::unsupported, "E-UNSUPPORTED", 65},
    CodeRow {Code::pickle, "E-PICKLE", 65},
    CodeRow {Code::mismatch, "E-MISMATCH", 65},
    CodeRow {Code::limit, "E-LIMIT", 65},
    CodeRow {Code::changed, "E-CHANGED", 65},
    CodeRow {Code::diverged, "E-DIVERGED", 65},
    CodeRow {Code::missing, "E-MISSING", 66},
    CodeRow {Code::exists, "E-EXISTS", 73},
    CodeRow {Code::io, "E-IO", 74},
    CodeRow {Code::memory, "E-MEMORY", 74},
    CodeRow {Code::locked, "E-LOCKED", 75},
    CodeRow {Code::stopped, "E-STOPPED", 130},
    CodeRow {Code::internal, "E-INTERNAL", 70},
};

const CodeRow& rowOf(Code code)
{
    const auto* row = std::find_if(kCodes.begin(), kCodes.end(), [code](const CodeRow& r) { return r.code == code; });
    return row != kCodes.end() ? *row : kCodes.back();
}

struct Character
{
    char32_t value = 0;
    size_t bytes = 0;  // 0 where the text is not valid UTF-8 here
};

// The character at `at`: shortest form only, no surrogates, at most U+10FFFF.
Character characterAt(std::string_view text, size_t at)
{
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(at);
    if (first < 0x80)
        return {first, 1};
    size_t bytes = 0;
    if (first >= 0xC2 && first <= 0xDF)
        bytes = 2;
    else if (first >= 0xE0 && first <= 0xEF)
        bytes = 3;
    else if (first >= 0xF0 && first <= 0xF4)
        bytes = 4;
    if (bytes == 0 || at + bytes > text.size())
        return {};
    char32_t value = first & (0xFFu >> (bytes + 1));
    for (size_t i = 1; i < bytes; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80)
            return {};
        value = (value << 6) | (byte(at + i) & 0x3Fu);
    }
    constexpr std::array<char32_t, 5> kSmallest {0, 0, 0x80, 0x800, 0x10000};
    if (value < kSmallest[bytes] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return {};
    return {value, bytes};
}

// Characters that a terminal obeys, or that change how the text around them looks without being seen.
bool isDangerous(char32_t c)
{
    using Range = std::pair<char32_t, char32_t>;
    constexpr std::array kRanges {
        Range {0x00, 0x1F}, Range {0x7F, 0x9F},      // C0, DEL, C1
        Range {0xAD, 0xAD},                          // soft hyphen
        Range {0x61C, 0x61C}, Range {0x180E, 0x180E},
        Range {0x200B, 0x200F},                      // zero-width, left-to-right and right-to-left marks
        Range {0x2028, 0x202E},                      // line and paragraph separator, bidirectional embedding
        Range {0x2060, 0x206F},                      // word joiner, bidirectional isolates
        Range {0xFEFF, 0xFEFF}, Range {0xFFF9, 0xFFFB},
        Range {0xE0000, 0xE007F},                    // invisible tags
    };
    return std::any_of(kRanges.begin(), kRanges.end(), [c](const Range& r) { return c >= r.first && c <= r.second; });
}

std::string hexadecimal(uint32_t value, int digits)
{
    std::string text;
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
        text += "0123456789abcdef"[(value >> shift) & 15u];
    return text;
}

std::string withoutFullStop(std::string text)
{
    if (text.ends_with('.') && !text.ends_with(".."))
        text.pop_back();
    return text;
}

}  // namespace

std::string_view codeText(Code code)
{
    return rowOf(code).text;
}

int exitStatus(Code code)
{
    return rowOf(code).exitStatus;
}

std::string escaped(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (size_t i = 0; i < text.size();) {
        const Character c = characterAt(text, i);
        if (c.bytes == 0)
            out += "\\x" + hexadecimal(static_cast<unsigned char>(text[i]), 2);
        else if (!isDangerous(c.value))
            out += text.substr(i, c.bytes);
        else if (c.value < 0x80)
            out += "\\x" + hexadecimal(static_cast<uint32_t>(c.value), 2);
        else if (c.value < 0x10000)
            out += "\\u" + hexadecimal(static_cast<uint32_t>(c.value), 4);
        else
            out += "\\U" + hexadecimal(static_cast<uint32_t>(c.value), 8);
        i += std::max<size_t>(c.bytes, 1);
    }
    return out;
}

std::string errorMessage(const ErrorParts& parts)
{
    std::string message = escaped(parts.file.native());
    const auto append = [&message](std::string_view separator, const std::string& part) {
        if (part.empty())
            return;
        message += (message.empty() ? std::string_view() : separator);
        message += part;
    };
    append(": ", escaped(parts.place));
    append(": ", withoutFullStop(escaped(parts.found)));
    if (!parts.allowed.empty())
        append(" ", "(allowed: " + withoutFullStop(escaped(parts.allowed)) + ")");
    std::string advice = escaped(parts.advice);
    if (!advice.empty() && !advice.ends_with('.') && !advice.ends_with('!') && !advice.ends_with('?'))
        advice += '.';
    append(". ", advice);
    append(" ", "[" + std::string(codeText(parts.code)) + "]");
    return message;
}

Error::Error(ErrorParts parts)
    : std::runtime_error(errorMessage(parts))
    , m_parts(std::move(parts))
{
}

Error::~Error() = default;

std::string nearestName(std::string_view word, const std::vector<std::string>& candidates)
{
    constexpr size_t kLongest = 256;  // names are short; longer ones come from hostile files and would cost n * m
    if (word.empty() || word.size() > kLongest)
        return {};
    size_t best = 1 + word.size() / 3;
    std::string nearest;
    for (const std::string& candidate : candidates) {
        if (candidate.size() > kLongest)
            continue;
        // Levenshtein's distance, one row of the table at a time.
        std::vector<size_t> row(candidate.size() + 1);
        std::iota(row.begin(), row.end(), size_t {0});
        for (size_t i = 1; i <= word.size(); ++i) {
            size_t diagonal = std::exchange(row[0], i);
            for (size_t j = 1; j <= candidate.size(); ++j) {
                const size_t changed = diagonal + (word[i - 1] == candidate[j - 1] ? 0 : 1);
                diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, changed}));
            }
        }
        const bool better = row.back() < best || (row.back() == best && nearest.empty());
        if (better) {
            best = row.back();
            nearest = candidate;
        }
    }
    if (!nearest.empty() || word.size() < 2)
        return nearest;
    const auto shortened = [word](const std::string& candidate) {
        size_t found = 0;
        for (const char letter : candidate)
            found += found < word.size() && letter == word[found];
        return candidate.size() <= 3 * word.size() && candidate.starts_with(word.front()) && found == word.size();
    };
    const auto whole = std::ranges::find_if(candidates, shortened);
    return whole == candidates.end() ? std::string() : *whole;
}

}  // namespace rankwright
