// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "app/text_table.h"

#include "training/api/error.h"

#include <algorithm>

namespace rankwright {

namespace {

bool startsCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0u) != 0x80u; }

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

}  // namespace rankwright
