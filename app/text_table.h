// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A table of text for people. Cells are escaped: they may hold text from outside.
#pragma once

#include "training/api/number_text.h"

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

}  // namespace rankwright
