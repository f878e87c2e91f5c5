// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The line that a method has on every page and in every report.
#pragma once

#include <cstdint>
#include <string_view>

namespace rankwright {

struct MethodLine
{
    uint32_t hue = 0;   // 0xffRRGGBB, on a light ground
    int dash = 0;       // how many dash patterns further its first curve begins where it shares the hue: solid, dashes, dots, dash-dot
};
// In any case of letters. A method of a stored run that this program does not have: the same line each time.
MethodLine methodLine(std::string_view method);

}  // namespace rankwright
