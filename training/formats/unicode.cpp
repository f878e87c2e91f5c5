// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/unicode.h"

#include <unicode/uchar.h>

#include <array>

namespace rankwright {
namespace {

// How a first byte goes on: sequence length and the range of the second byte (Unicode 15, table 3-7).
struct Lead
{
    uint32_t length = 0;  // 0: no character begins so
    unsigned low = 0x80, high = 0xBF;
};

Lead leadOf(unsigned byte)
{
    if (byte < 0x80)
        return {.length = 1};
    if (byte >= 0xC2 && byte <= 0xDF)
        return {.length = 2};
    if (byte >= 0xE0 && byte <= 0xEF)
        return {.length = 3, .low = byte == 0xE0 ? 0xA0u : 0x80u, .high = byte == 0xED ? 0x9Fu : 0xBFu};
    if (byte >= 0xF0 && byte <= 0xF4)
        return {.length = 4, .low = byte == 0xF0 ? 0x90u : 0x80u, .high = byte == 0xF4 ? 0x8Fu : 0xBFu};
    return {};
}

unsigned byteAt(std::string_view text, size_t at) { return static_cast<unsigned char>(text[at]); }

uint32_t categoryMask(char32_t code) { return U_GET_GC_MASK(static_cast<UChar32>(code)); }

bool isAsciiLetter(char32_t code) { return (code | 0x20) >= 'a' && (code | 0x20) <= 'z'; }

}  // namespace

Utf8Character utf8At(std::string_view text, size_t at)
{
    const unsigned first = byteAt(text, at);
    if (first < 0x80)
        return {.code = first, .length = 1, .valid = true};
    const Lead lead = leadOf(first);
    if (lead.length == 0)
        return {.code = 0xFFFD, .length = 1, .valid = false};
    char32_t code = first & (0xFFu >> (lead.length + 1));
    for (uint32_t i = 1; i < lead.length; ++i) {
        const unsigned low = i == 1 ? lead.low : 0x80, high = i == 1 ? lead.high : 0xBF;
        if (at + i >= text.size() || byteAt(text, at + i) < low || byteAt(text, at + i) > high)
            return {.code = 0xFFFD, .length = i, .valid = false};
        code = (code << 6) | (byteAt(text, at + i) & 0x3F);
    }
    return {.code = code, .length = lead.length, .valid = true};
}

void appendUtf8(std::string& text, char32_t code)
{
    const auto add = [&text](char32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (code < 0x80) {
        add(code);
    } else if (code < 0x800) {
        add(0xC0 | (code >> 6));
        add(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        add(0xE0 | (code >> 12));
        add(0x80 | ((code >> 6) & 0x3F));
        add(0x80 | (code & 0x3F));
    } else {
        add(0xF0 | (code >> 18));
        add(0x80 | ((code >> 12) & 0x3F));
        add(0x80 | ((code >> 6) & 0x3F));
        add(0x80 | (code & 0x3F));
    }
}

size_t firstIllFormedUtf8(std::string_view bytes)
{
    for (size_t at = 0; at < bytes.size();) {
        const auto character = utf8At(bytes, at);
        if (!character.valid)
            return at;
        at += character.length;
    }
    return std::string_view::npos;
}

std::string wellFormedUtf8(std::string_view bytes)
{
    std::string text;
    text.reserve(bytes.size());
    for (size_t at = 0; at < bytes.size();) {
        const auto character = utf8At(bytes, at);
        if (character.valid)
            text.append(bytes.substr(at, character.length));
        else
            appendUtf8(text, 0xFFFD);
        at += character.length;
    }
    return text;
}

size_t characterStart(std::string_view text, size_t at)
{
    if (at >= text.size())
        return text.size();
    for (size_t back = 0; back < 4 && back <= at; ++back)
        if ((byteAt(text, at - back) & 0xC0) != 0x80)
            return at - back + utf8At(text, at - back).length > at ? at - back : at;
    return at;
}

bool isLetter(char32_t code)
{
    if (code < 0x80)
        return isAsciiLetter(code);
    return (categoryMask(code) & U_GC_L_MASK) != 0;
}

bool isNumber(char32_t code)
{
    if (code < 0x80)
        return code >= '0' && code <= '9';
    return (categoryMask(code) & U_GC_N_MASK) != 0;
}

bool isWhitespace(char32_t code)
{
    if (code < 0x80)
        return code == ' ' || (code >= 9 && code <= 13);
    return u_isUWhiteSpace(static_cast<UChar32>(code)) != 0;
}

bool isWordCharacter(char32_t code)
{
    if (code < 0x80)
        return isAsciiLetter(code) || isNumber(code) || code == '_';
    return u_isUAlphabetic(static_cast<UChar32>(code)) != 0
        || (categoryMask(code) & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) != 0;
}

}  // namespace rankwright
