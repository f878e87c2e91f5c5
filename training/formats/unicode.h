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
// `at` must be inside the text.
Utf8Character utf8At(std::string_view text, size_t at);
// The character at `at` with its length; a byte of an ill-formed sequence alone, as kRawByte + its value.
inline constexpr char32_t kRawByte = 0x110000;
std::pair<char32_t, uint32_t> codeOrByteAt(std::string_view text, size_t at);
// Also takes kRawByte + byte.
void appendUtf8(std::string& text, char32_t code);
// Ill-formed sequences become U+FFFD, one for each longest well-begun part (as browsers and Rust do).
std::string wellFormedUtf8(std::string_view bytes);
// Byte offset of the first ill-formed sequence; npos where there is none.
size_t firstIllFormedUtf8(std::string_view bytes);
// The start of the character that byte `at` belongs to (at may be the end of the text).
size_t characterStart(std::string_view text, size_t at);

// Each implementation that we must agree with carries tables of its own Unicode version. The patterns of Hugging
// Face's tokenizers (Oniguruma, Rust's regex) know Unicode 16, Rust's own methods 17, their BERT parts 8, their normal forms 9.
// ICU brings what the system has (15 with ICU 72) with the version each character came in; the rest is in
// unicode_versions.cpp. tests/peer/check_tokenizers.py compares all code points.
bool isLetter(char32_t code);       // \p{L}
bool isNumber(char32_t code);       // \p{N}: decimal digits, letter-like and other numbers
bool isNumeric(char32_t code);      // the same of Rust's methods
bool isWhitespace(char32_t code);   // \s: the property White_Space
bool isWordCharacter(char32_t code);  // \w: letters, marks, decimal digits, connectors, joiners
bool isAccent(char32_t code);       // \p{M} of the normaliser StripAccents
bool isBertControl(char32_t code);
bool isBertPunctuation(char32_t code);
bool isBertMark(char32_t code);     // nonspacing
bool isBertIdeograph(char32_t code);
// One character's lower case: it and, for U+0130 alone, a second one (0: none).
std::pair<char32_t, char32_t> lowercase(char32_t code);
// Whether the character was in Unicode `major`.0 or `major`.x already.
bool inUnicode(char32_t code, int major);
// What Hugging Face's pre-tokenizer UnicodeScripts tells apart: a script's number, Han for kana, -1 for the space and
// code points without a script.
int scriptOf(char32_t code);

}  // namespace rankwright
