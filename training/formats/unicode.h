// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// UTF-8 and the Unicode properties that tokenizers' patterns speak of (\p{L}, \p{N}, \s), from ICU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace rankwright {

// One character of a text; an ill-formed sequence is U+FFFD with `valid` false, as long as its longest well-begun part.
struct Utf8Character
{
    char32_t code = 0xFFFD;
    uint32_t length = 1;  // bytes
    bool valid = true;
};
Utf8Character longUtf8At(std::string_view text, size_t at);  // of several bytes
// `at` must be inside the text. The questions in this file answer for ASCII where they are asked and call out for others:
// the call alone took a quarter of the time of byte-level BPE and half of WordPiece's (docs/adr/0016).
inline Utf8Character utf8At(std::string_view text, size_t at)
{
    const auto first = static_cast<unsigned char>(text[at]);
    return first < 0x80 ? Utf8Character{.code = first, .length = 1, .valid = true} : longUtf8At(text, at);
}
// The character at `at` with its length; a byte of an ill-formed sequence alone, as kRawByte + its value.
inline constexpr char32_t kRawByte = 0x110000;
inline std::pair<char32_t, uint32_t> codeOrByteAt(std::string_view text, size_t at)
{
    const auto first = static_cast<unsigned char>(text[at]);
    const auto character = utf8At(text, at);
    if (!character.valid)
        return {kRawByte + first, 1};
    return {character.code, character.length};
}
// How many bytes at the start of `text` are ASCII.
size_t asciiPrefix(std::string_view text);
inline bool isAscii(std::string_view text) { return asciiPrefix(text) == text.size(); }
// Also takes kRawByte + byte.
void appendUtf8(std::string& text, char32_t code);
// The character at `at` by one of the same length.
void overwriteUtf8(std::string& text, size_t at, char32_t code);
// Ill-formed sequences become U+FFFD, one for each longest well-begun part (as browsers and Rust do).
std::string wellFormedUtf8(std::string_view bytes);
// Byte offset of the first ill-formed sequence; npos where there is none.
size_t firstIllFormedUtf8(std::string_view bytes);
size_t longCharacterStart(std::string_view text, size_t at);
// The start of the character that byte `at` belongs to (at may be the end of the text).
inline size_t characterStart(std::string_view text, size_t at)
{
    return at < text.size() && static_cast<unsigned char>(text[at]) < 0x80 ? at : longCharacterStart(text, at);
}

// Each implementation that we must agree with carries tables of its own Unicode version. The patterns of Hugging
// Face's tokenizers (Oniguruma, Rust's regex) know Unicode 16, Rust's own methods 17, their BERT parts 8, their normal forms 9.
// ICU brings what the system has (15 with ICU 72) with the version each character came in; the rest is in
// unicode_versions.cpp. tests/peer/check_tokenizers.py compares all code points.
inline bool isAsciiLetter(char32_t code) { return (code | 0x20) - 'a' < 26; }
inline bool isAsciiDigit(char32_t code) { return code - '0' < 10; }
// What is not ASCII:
bool isOtherLetter(char32_t code);
bool isOtherNumber(char32_t code);
bool isOtherNumeric(char32_t code);
bool isOtherWhitespace(char32_t code);
bool isOtherWordCharacter(char32_t code);
bool isOtherBertControl(char32_t code);
bool isOtherBertPunctuation(char32_t code);
// \p{L}
inline bool isLetter(char32_t code) { return code < 0x80 ? isAsciiLetter(code) : isOtherLetter(code); }
// \p{N}: decimal digits, letter-like and other numbers
inline bool isNumber(char32_t code) { return code < 0x80 ? isAsciiDigit(code) : isOtherNumber(code); }
// the same of Rust's methods
inline bool isNumeric(char32_t code) { return code < 0x80 ? isAsciiDigit(code) : isOtherNumeric(code); }
// \s: the property White_Space
inline bool isWhitespace(char32_t code)
{
    return code < 0x80 ? code == ' ' || code - 9 < 5 : isOtherWhitespace(code);
}
// \w: letters, marks, decimal digits, connectors, joiners
inline bool isWordCharacter(char32_t code)
{
    return code < 0x80 ? isAsciiLetter(code) || isAsciiDigit(code) || code == '_' : isOtherWordCharacter(code);
}
bool isAccent(char32_t code);       // \p{M} of the normaliser StripAccents
inline bool isBertControl(char32_t code)
{
    if (code < 0x80)
        return (code < ' ' && code != '\t' && code != '\n' && code != '\r') || code == 0x7F;
    return isOtherBertControl(code);
}
inline bool isBertPunctuation(char32_t code)
{
    if (code < 0x80)
        return code > ' ' && code < 0x7F && !isAsciiLetter(code) && !isAsciiDigit(code);
    return isOtherBertPunctuation(code);
}
bool isBertMark(char32_t code);     // nonspacing
bool isBertIdeograph(char32_t code);
std::pair<char32_t, char32_t> otherLowercase(char32_t code);
// One character's lower case: it and, for U+0130 alone, a second one (0: none).
inline std::pair<char32_t, char32_t> lowercase(char32_t code)
{
    if (code < 0x80)
        return {code - 'A' < 26 ? code + 0x20 : code, 0};
    return otherLowercase(code);
}
// Whether the character was in Unicode `major`.0 or `major`.x already.
bool inUnicode(char32_t code, int major);
// What Hugging Face's pre-tokenizer UnicodeScripts tells apart: a script's number, Han for kana, -1 for the space and
// code points without a script.
int scriptOf(char32_t code);

}  // namespace rankwright
