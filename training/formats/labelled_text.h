// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// One text or two as an encoder takes them: the tokenizer's special tokens around them, cut to a length.
#pragma once

#include "training/formats/tokenizer.h"

namespace rankwright {

// How many tokens of two texts stay where at most `room` may: the longer one is cut first, both to half of the room where both are longer
// (as the tokenizers library's "longest first").
std::pair<size_t, size_t> longestFirst(size_t first, size_t second, size_t room);

struct LabelledText
{
    Encoding encoding;          // with types
    int64_t fullLength = 0;     // tokens before cutting
};
// `second` may be empty: one text. Throws Error{data} where `maxLength` leaves no room for the special tokens and a token of the text.
LabelledText encodeTexts(const Tokenizer& tokenizer, const std::string& text, const std::string& second, int64_t maxLength);

}  // namespace rankwright
