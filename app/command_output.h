// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Standard output for machines: every byte is checked, so that a full disk is an error and a closed pipe is not.
#pragma once

#include <string>
#include <string_view>

namespace rankwright {

class Output
{
public:
    explicit Output(int descriptor = 1);
    // Writes all of it at once. Throws Error{io} where it cannot be written (a full disk). After the reader has gone
    // away (`| head -1`) everything is dropped in silence: a training must not die of it.
    void write(std::string_view text);
    [[nodiscard]] bool isClosed() const { return m_closed; }
    [[nodiscard]] bool isTerminal() const { return m_terminal; }

private:
    int m_descriptor;
    bool m_closed = false;
    bool m_terminal;
};

// Standard error for people. What cannot be written there is lost.
void writeToPeople(std::string_view text);

// Text of several lines for a terminal: escaped, except for line ends and tabs. Unchanged where `terminal` is false.
std::string shownText(std::string_view text, bool terminal);

}  // namespace rankwright
