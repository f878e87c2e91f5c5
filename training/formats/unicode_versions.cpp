// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Facts of the Unicode Character Database, versions 15.1 to 17.0 (UnicodeData.txt).
#include "training/formats/unicode_versions.h"

#include <algorithm>

namespace rankwright {
namespace {

using K = LaterKind;
constexpr LaterRange kLater[] = {
    {0x897, 0x897, K::mark}, {0x1B4E, 0x1B4F, K::punctuation}, {0x1B7F, 0x1B7F, K::punctuation},
    {0x1C89, 0x1C89, K::upper}, {0x1C8A, 0x1C8A, K::lower}, {0x2427, 0x2429, K::symbol}, {0x2FFC, 0x2FFF, K::symbol},
    {0x31E4, 0x31E5, K::symbol}, {0x31EF, 0x31EF, K::symbol}, {0xA7CB, 0xA7CC, K::upper}, {0xA7CD, 0xA7CD, K::lower},
    {0xA7DA, 0xA7DA, K::upper}, {0xA7DB, 0xA7DB, K::lower}, {0xA7DC, 0xA7DC, K::upper}, {0x105C0, 0x105F3, K::other},
    {0x10D40, 0x10D49, K::digit}, {0x10D4A, 0x10D4D, K::other}, {0x10D4E, 0x10D4E, K::modifier},
    {0x10D4F, 0x10D4F, K::other}, {0x10D50, 0x10D65, K::upper}, {0x10D69, 0x10D6D, K::mark},
    {0x10D6E, 0x10D6E, K::punctuation}, {0x10D6F, 0x10D6F, K::modifier}, {0x10D70, 0x10D85, K::lower},
    {0x10D8E, 0x10D8F, K::symbol}, {0x10EC2, 0x10EC4, K::other}, {0x10EFC, 0x10EFC, K::mark},
    {0x11380, 0x11389, K::other}, {0x1138B, 0x1138B, K::other}, {0x1138E, 0x1138E, K::other},
    {0x11390, 0x113B5, K::other}, {0x113B7, 0x113B7, K::other}, {0x113B8, 0x113C0, K::mark},
    {0x113C2, 0x113C2, K::mark}, {0x113C5, 0x113C5, K::mark}, {0x113C7, 0x113CA, K::mark},
    {0x113CC, 0x113D0, K::mark}, {0x113D1, 0x113D1, K::other}, {0x113D2, 0x113D2, K::mark},
    {0x113D3, 0x113D3, K::other}, {0x113D4, 0x113D5, K::punctuation}, {0x113D7, 0x113D8, K::punctuation},
    {0x113E1, 0x113E2, K::mark}, {0x116D0, 0x116E3, K::digit}, {0x11BC0, 0x11BE0, K::other},
    {0x11BE1, 0x11BE1, K::punctuation}, {0x11BF0, 0x11BF9, K::digit}, {0x11F5A, 0x11F5A, K::mark},
    {0x13460, 0x143FA, K::other}, {0x16100, 0x1611D, K::other}, {0x1611E, 0x1612F, K::mark},
    {0x16130, 0x16139, K::digit}, {0x16D40, 0x16D42, K::modifier}, {0x16D43, 0x16D6A, K::other},
    {0x16D6B, 0x16D6C, K::modifier}, {0x16D6D, 0x16D6F, K::punctuation}, {0x16D70, 0x16D79, K::digit},
    {0x18CFF, 0x18CFF, K::other}, {0x1CC00, 0x1CCEF, K::symbol}, {0x1CCF0, 0x1CCF9, K::digit},
    {0x1CD00, 0x1CEB3, K::symbol}, {0x1E5D0, 0x1E5ED, K::other}, {0x1E5EE, 0x1E5EF, K::mark},
    {0x1E5F0, 0x1E5F0, K::other}, {0x1E5F1, 0x1E5FA, K::digit}, {0x1E5FF, 0x1E5FF, K::punctuation},
    {0x1F8B2, 0x1F8BB, K::symbol}, {0x1F8C0, 0x1F8C1, K::symbol}, {0x1FA89, 0x1FA89, K::symbol},
    {0x1FA8F, 0x1FA8F, K::symbol}, {0x1FABE, 0x1FABE, K::symbol}, {0x1FAC6, 0x1FAC6, K::symbol},
    {0x1FADC, 0x1FADC, K::symbol}, {0x1FADF, 0x1FADF, K::symbol}, {0x1FAE9, 0x1FAE9, K::symbol},
    {0x1FBCB, 0x1FBEF, K::symbol}, {0x2EBF0, 0x2EE5D, K::other},
};

}  // namespace

std::span<const LaterRange> laterRanges() { return kLater; }

LaterKind kindOfLater(char32_t code)
{
    const auto* range = std::ranges::upper_bound(kLater, code, {}, &LaterRange::first);
    if (range == std::begin(kLater))
        return LaterKind::none;
    --range;
    return code <= range->last ? range->kind : LaterKind::none;
}

char32_t laterLowercase(char32_t code)
{
    switch (code) {
    case 0x1C89:
    case 0xA7CC:
    case 0xA7CE:
    case 0xA7D2:
    case 0xA7D4:
    case 0xA7DA:
        return code + 1;
    case 0xA7CB:
        return 0x264;
    case 0xA7DC:
        return 0x19B;
    default:
        break;
    }
    if (code >= 0x10D50 && code <= 0x10D65)  // Garay
        return code + 0x20;
    if (code >= 0x16EA0 && code <= 0x16EB8)  // Beria Erfe
        return code + 0x1B;
    return code;
}

}  // namespace rankwright
