// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Numbers, sizes and times as people read them. '.' is the decimal point in every locale.
#pragma once

#include <cstdint>
#include <string>

namespace rankwright {

std::string countText(int64_t value);  // 134,515,008
std::string bytesText(int64_t bytes);  // 93.8 MiB
std::string durationText(double seconds);  // 15 ms, 0.8 s, 42 s, 3 min 05 s, 1 h 05 min
std::string numberText(double value, int digits = 4);  // 1.8540; NaN as "-"
std::string significantText(double value, int digits = 4);  // 2.4e-07; NaN as "-"

}  // namespace rankwright
