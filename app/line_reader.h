// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Lines of standard input, whose waiting a signal can end.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

namespace rankwright {

class LineReader
{
public:
    explicit LineReader(int descriptor);
    // The next line without its end; nothing at the end of the input or after a stop. Throws Error{limit} for a line above 1 MiB,
    // Error{io} where reading fails.
    std::optional<std::string> next(std::stop_token stop);
    [[nodiscard]] bool isTerminal() const { return m_terminal; }

private:
    bool fill(const std::stop_token& stop);   // false: the end
    int m_descriptor;
    bool m_terminal;
    std::string m_buffer;
};

}  // namespace rankwright
