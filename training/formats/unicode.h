// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// UTF-8 and the Unicode properties that tokenizers' patterns speak of (\p{L}, \p{N}, \s), from ICU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

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
void appendUtf8(std::string& text, char32_t code);
// Ill-formed sequences become U+FFFD, one for each longest well-begun part (as browsers and Rust do).
std::string wellFormedUtf8(std::string_view bytes);
// Byte offset of the first ill-formed sequence; npos where there is none.
size_t firstIllFormedUtf8(std::string_view bytes);
// The start of the character that byte `at` belongs to (at may be the end of the text).
size_t characterStart(std::string_view text, size_t at);

bool isLetter(char32_t code);       // \p{L}
bool isNumber(char32_t code);       // \p{N}: decimal digits, letter-like and other numbers
bool isWhitespace(char32_t code);   // \s: the property White_Space
bool isWordCharacter(char32_t code);  // \w: letters, marks, decimal digits, connectors

}  // namespace rankwright
