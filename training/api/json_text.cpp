// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Text and numbers made safe for JSON.
#include "training/api/json_text.h"

#include <charconv>

namespace rankwright {

namespace {

// Length of the well-formed UTF-8 sequence at `at`, 0 where there is none (RFC 3629: no overlong forms, no surrogates,
// nothing above U+10FFFF).
size_t sequenceLength(std::string_view text, size_t at)
{
    const auto byte = [&](size_t i) { return i < text.size() ? uint8_t(text[i]) : uint8_t(0); };
    const auto continues = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
    const uint8_t first = byte(at);
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return continues(at + 1) ? 2 : 0;
    const uint8_t second = byte(at + 1);
    if (first >= 0xe0 && first <= 0xef) {
        const uint8_t least = first == 0xe0 ? 0xa0 : 0x80, most = first == 0xed ? 0x9f : 0xbf;
        return second >= least && second <= most && continues(at + 2) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const uint8_t least = first == 0xf0 ? 0x90 : 0x80, most = first == 0xf4 ? 0x8f : 0xbf;
        return second >= least && second <= most && continues(at + 2) && continues(at + 3) ? 4 : 0;
    }
    return 0;
}

}  // namespace

std::string jsonText(std::string_view text)
{
    std::string clean;
    clean.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        const size_t length = sequenceLength(text, at);
        if (length == 0)
            clean += "\xef\xbf\xbd";
        else
            clean.append(text, at, length);
        at += length == 0 ? 1 : length;
    }
    return clean;
}

nlohmann::json jsonFloat(float value)
{
    if (!std::isfinite(value))
        return nullptr;
    char buffer[64];
    const char* end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    double shortest = 0;
    std::from_chars(buffer, end, shortest);
    return shortest;
}

}  // namespace rankwright
