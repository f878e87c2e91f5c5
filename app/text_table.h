// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A table of text for people, and numbers as people read them. Cells are escaped: they may hold text from outside.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rankwright {

class TextTable
{
public:
    enum class Align { left, right };
    struct Column
    {
        std::string title;
        Align align = Align::left;
    };
    explicit TextTable(std::vector<Column> columns);
    // As many cells as there are columns; missing ones are empty.
    void add(std::vector<std::string> cells);
    // Two spaces between columns, the titles first, every line ended, no spaces at the end of lines.
    [[nodiscard]] std::string text() const;

private:
    std::vector<Column> m_columns;
    std::vector<std::vector<std::string>> m_rows;
};

// Characters that `text` takes on a terminal, counted as code points (wide characters as one).
size_t displayWidth(std::string_view text);
// The first `most` code points, with "..." in the place of the last three where something was cut.
std::string cutTo(std::string_view text, size_t most);

std::string countText(int64_t value);  // 134,515,008
std::string bytesText(int64_t bytes);  // 93.8 MiB
std::string durationText(double seconds);  // 15 ms, 0.8 s, 42 s, 3 min 05 s, 1 h 05 min
std::string numberText(double value, int digits = 4);  // 1.8540; NaN as "-"
std::string significantText(double value, int digits = 4);  // 2.4e-07; NaN as "-"

}  // namespace rankwright
