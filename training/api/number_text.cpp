// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/api/number_text.h"

#include <array>
#include <charconv>
#include <cmath>

namespace rankwright {

namespace {

std::string formatted(double value, std::chars_format format, int digits)
{
    if (std::isnan(value))
        return "-";
    if (std::isinf(value))
        return value < 0 ? "-inf" : "inf";
    std::array<char, 400> buffer{};  // the largest double has 309 digits before the point
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format, digits).ptr;
    return std::string(buffer.data(), end);
}

std::string twoDigits(int64_t value) { return (value < 10 ? "0" : "") + std::to_string(value); }

}  // namespace

std::string countText(int64_t value)
{
    std::string digits = std::to_string(value);
    const size_t first = value < 0 ? 1 : 0;
    for (size_t at = digits.size(); at > first + 3; at -= 3)
        digits.insert(at - 3, ",");
    return digits;
}

std::string bytesText(int64_t bytes)
{
    static constexpr std::array<const char*, 5> units{"bytes", "KiB", "MiB", "GiB", "TiB"};
    double value = double(bytes);
    size_t unit = 0;
    while (std::abs(value) >= 1024 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    return (unit == 0 ? std::to_string(bytes) : numberText(value, 1)) + ' ' + units[unit];
}

std::string durationText(double seconds)
{
    if (!std::isfinite(seconds) || seconds < 0)
        return "-";
    if (seconds > 0 && seconds < 0.1)
        return significantText(seconds * 1000, 2) + " ms";
    if (seconds < 10)
        return numberText(seconds, 1) + " s";
    if (seconds > 1e9)
        return "years";
    const auto whole = std::llround(seconds);
    if (whole < 60)
        return std::to_string(whole) + " s";
    if (whole < 3600)
        return std::to_string(whole / 60) + " min " + twoDigits(whole % 60) + " s";
    return std::to_string(whole / 3600) + " h " + twoDigits(whole % 3600 / 60) + " min";
}

std::string numberText(double value, int digits) { return formatted(value, std::chars_format::fixed, digits); }

std::string significantText(double value, int digits) { return formatted(value, std::chars_format::general, digits); }

}  // namespace rankwright
