// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "app/text_table.h"

#include "training/api/error.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace rankwright {

namespace {

bool startsCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0u) != 0x80u; }

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

TextTable::TextTable(std::vector<Column> columns)
    : m_columns(std::move(columns))
{
}

void TextTable::add(std::vector<std::string> cells)
{
    cells.resize(m_columns.size());
    for (std::string& cell : cells)
        cell = escaped(cell);
    m_rows.push_back(std::move(cells));
}

std::string TextTable::text() const
{
    std::vector<size_t> widths;
    for (size_t i = 0; i < m_columns.size(); ++i) {
        size_t width = displayWidth(escaped(m_columns[i].title));
        for (const auto& row : m_rows)
            width = std::max(width, displayWidth(row[i]));
        widths.push_back(width);
    }
    std::string out;
    const auto line = [&](const auto& cellAt) {
        std::string text;
        for (size_t i = 0; i < m_columns.size(); ++i) {
            const std::string cell = cellAt(i);
            const std::string space(widths[i] - displayWidth(cell), ' ');
            text += i == 0 ? "" : "  ";
            text += m_columns[i].align == Align::right ? space + cell : cell + space;
        }
        text.erase(text.find_last_not_of(' ') + 1);
        out += text + '\n';
    };
    line([&](size_t i) { return escaped(m_columns[i].title); });
    for (const auto& row : m_rows)
        line([&](size_t i) { return row[i]; });
    return out;
}

size_t displayWidth(std::string_view text) { return size_t(std::count_if(text.begin(), text.end(), startsCharacter)); }

std::string cutTo(std::string_view text, size_t most)
{
    if (displayWidth(text) <= most)
        return std::string(text);
    const std::string_view dots = std::string_view("...").substr(0, std::min<size_t>(3, most));
    size_t characters = 0, bytes = 0;
    for (; bytes < text.size(); ++bytes) {
        if (startsCharacter(text[bytes]) && ++characters > most - dots.size())
            break;
    }
    return std::string(text.substr(0, bytes)) + std::string(dots);
}

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
