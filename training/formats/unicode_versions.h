// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Characters that came after Unicode 15.0, for systems whose ICU does not know them (ICU 72 does not).
#pragma once

#include <cstdint>
#include <span>

namespace rankwright {

enum class LaterKind : uint8_t { none, upper, lower, modifier, other, mark, digit, punctuation, symbol };

struct LaterRange
{
    char32_t first = 0, last = 0;
    LaterKind kind = LaterKind::none;
};

// Of Unicode 15.1 and 16.0, in order.
std::span<const LaterRange> laterRanges();
LaterKind kindOfLater(char32_t code);
inline bool isLetterKind(LaterKind kind)
{
    return kind == LaterKind::upper || kind == LaterKind::lower || kind == LaterKind::modifier
        || kind == LaterKind::other;
}
// Lower case of Unicode 16's and 17's capitals; other characters as they are.
char32_t laterLowercase(char32_t code);

}  // namespace rankwright
