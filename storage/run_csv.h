// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// CSV that a spreadsheet opens without running anything: RFC 4180 quoting, and cells that look like a formula get an
// apostrophe in front (OWASP ASVS 1.2.10).
#pragma once

#include "storage/run_store.h"

namespace rankwright {

// One cell. Starts with = + - @ TAB CR or NUL and is not a plain number such as -1.5: an apostrophe goes in front.
[[nodiscard]] std::string csvCell(std::string_view text);
[[nodiscard]] std::string csvNumber(double value);  // shortest that reads back the same; NaN for what is not finite
// step,tokens,seconds, a column a curve, run: a row for every step that any curve has.
[[nodiscard]] std::string runCsv(const std::string& run,
    const std::vector<std::pair<std::string, std::vector<CurvePoint>>>& curves);

}  // namespace rankwright
