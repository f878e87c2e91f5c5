// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How byte-level BPE's files spell bytes: the 188 printable ones of Latin-1 stand for themselves, the other bytes in
// order for U+0100 and up (a space is U+0120). From GPT-2's encoder.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rankwright {

char32_t spelledByte(unsigned char byte);
// Nothing where a character is not of this alphabet.
std::optional<std::string> bytesFromAlphabet(std::string_view spelled);

}  // namespace rankwright
