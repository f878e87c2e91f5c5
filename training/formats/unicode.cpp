// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/unicode.h"

#include "training/formats/unicode_versions.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include <algorithm>
#include <array>
#include <cstring>

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

}  // namespace

Utf8Character longUtf8At(std::string_view text, size_t at)
{
    const unsigned first = byteAt(text, at);
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

size_t asciiPrefix(std::string_view text)
{
    size_t at = 0;
    for (uint64_t eight = 0; at + sizeof eight <= text.size(); at += sizeof eight) {
        std::memcpy(&eight, text.data() + at, sizeof eight);
        if ((eight & 0x8080808080808080ull) != 0)
            break;
    }
    while (at < text.size() && byteAt(text, at) < 0x80)
        ++at;
    return at;
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
    } else if (code >= kRawByte) {
        add(code - kRawByte);
    } else {
        add(0xF0 | (code >> 18));
        add(0x80 | ((code >> 12) & 0x3F));
        add(0x80 | ((code >> 6) & 0x3F));
        add(0x80 | (code & 0x3F));
    }
}

void overwriteUtf8(std::string& text, size_t at, char32_t code)
{
    if (code < 0x80) {
        text[at] = static_cast<char>(code);
        return;
    }
    std::string one;  // in its own storage: at most 4 bytes
    appendUtf8(one, code);
    one.copy(text.data() + at, one.size());
}

size_t firstIllFormedUtf8(std::string_view bytes)
{
    for (size_t at = asciiPrefix(bytes); at < bytes.size(); at += asciiPrefix(bytes.substr(at))) {
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

size_t longCharacterStart(std::string_view text, size_t at)
{
    if (at >= text.size())
        return text.size();
    for (size_t back = 0; back < 4 && back <= at; ++back)
        if ((byteAt(text, at - back) & 0xC0) != 0x80)
            return at - back + utf8At(text, at - back).length > at ? at - back : at;
    return at;
}

bool isOtherLetter(char32_t code)
{
    const uint32_t mask = categoryMask(code);
    return (mask & U_GC_L_MASK) != 0 || ((mask & U_GC_CN_MASK) != 0 && isLetterKind(kindOfLater(code)));
}

bool isOtherNumber(char32_t code)
{
    const uint32_t mask = categoryMask(code);
    return (mask & U_GC_N_MASK) != 0 || ((mask & U_GC_CN_MASK) != 0 && kindOfLater(code) == LaterKind::digit);
}

bool isOtherNumeric(char32_t code)
{
    // The first and the last range are Unicode 17's.
    return isNumber(code) || (code >= 0x11DE0 && code <= 0x11DE9) || (code >= 0x16FF4 && code <= 0x16FF6);
}

bool isOtherWhitespace(char32_t code)
{
    return u_isUWhiteSpace(static_cast<UChar32>(code)) != 0;
}

bool isOtherWordCharacter(char32_t code)
{
    if (code == 0x200C || code == 0x200D || u_isUAlphabetic(static_cast<UChar32>(code)) != 0)
        return true;
    const uint32_t mask = categoryMask(code);
    if ((mask & U_GC_CN_MASK) == 0)
        return (mask & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) != 0;
    const LaterKind kind = kindOfLater(code);
    return isLetterKind(kind) || kind == LaterKind::digit || kind == LaterKind::mark;
}

bool inUnicode(char32_t code, int major)
{
    UVersionInfo version{};
    u_charAge(static_cast<UChar32>(code), version);
    return version[0] > 0 && version[0] <= major;
}

bool isAccent(char32_t code)
{
    if (code < 0x300 || code == 0x111C9)  // which was punctuation then
        return false;
    if (code == 0x1CF2 || code == 0x1CF3)  // and these were marks
        return true;
    return (categoryMask(code) & U_GC_M_MASK) != 0 && inUnicode(code, 9);
}

bool isOtherBertControl(char32_t code)
{
    const uint32_t mask = categoryMask(code);
    if ((mask & U_GC_CO_MASK) != 0)
        return true;
    return (mask & (U_GC_CC_MASK | U_GC_CF_MASK)) != 0 && inUnicode(code, 8);
}

bool isOtherBertPunctuation(char32_t code)
{
    if (code == 0x166D || code == 0x111C9)
        return true;
    return (categoryMask(code) & U_GC_P_MASK) != 0 && inUnicode(code, 8);
}

bool isBertMark(char32_t code)
{
    if (code < 0x300)
        return false;
    if (code == 0x1734)
        return true;
    const bool spacingThen = code == 0x1885 || code == 0x1886 || code == 0xA9BD || code == 0x111C9;
    return (categoryMask(code) & U_GC_MN_MASK) != 0 && !spacingThen && inUnicode(code, 8);
}

bool isBertIdeograph(char32_t code)
{
    // Blocks as BERT's tokenizer lists them.
    static constexpr std::pair<char32_t, char32_t> kBlocks[] = {{0x4E00, 0x9FFF}, {0x3400, 0x4DBF},
        {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF}, {0xF900, 0xFAFF},
        {0x2F800, 0x2FA1F}};
    if (code < 0x3400)
        return false;
    return std::ranges::any_of(kBlocks, [code](auto block) { return code >= block.first && code <= block.second; });
}

std::pair<char32_t, char32_t> otherLowercase(char32_t code)
{
    if (code == 0x130)
        return {'i', 0x307};
    if (code > 0x10FFFF)
        return {code, 0};
    const auto lower = static_cast<char32_t>(u_tolower(static_cast<UChar32>(code)));
    return {lower != code ? lower : laterLowercase(code), 0};
}

int scriptOf(char32_t code)
{
    if (code == ' ' || !inUnicode(code, 9))
        return -1;
    // Unicode 9 had these elsewhere; the length mark of kana goes with kana.
    if (code == 0x589 || code == 0x61C)
        return USCRIPT_COMMON;
    if (code == 0x953 || code == 0x954)
        return USCRIPT_DEVANAGARI;
    UErrorCode status = U_ZERO_ERROR;
    const int script = code == 0x30FC ? USCRIPT_HAN : uscript_getScript(static_cast<UChar32>(code), &status);
    if (script == USCRIPT_UNKNOWN || U_FAILURE(status))
        return -1;
    return script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA ? USCRIPT_HAN : script;
}

}  // namespace rankwright
