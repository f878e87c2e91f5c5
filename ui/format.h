// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Numbers, sizes and durations for people; std::string <-> QString. Locale-free: '.' is the decimal point everywhere.
#pragma once

#include <QString>

#include <cstdint>
#include <string>

namespace rankwright::format {

[[nodiscard]] inline QString text(const std::string& value) { return QString::fromStdString(value); }
[[nodiscard]] inline std::string plain(const QString& value) { return value.toStdString(); }
// Text from outside for a label: control, zero-width and bidi characters escaped, cut to `most` characters with an ellipsis.
[[nodiscard]] QString shown(const std::string& outside, int most = 200);
// The same for text of several lines, whole: line breaks and tabs stay.
[[nodiscard]] QString lines(const std::string& outside);
[[nodiscard]] QString count(int64_t value);             // 134,515,008
[[nodiscard]] QString shortCount(int64_t value);        // 134.5 M
[[nodiscard]] QString bytes(int64_t value);             // 93.8 MiB
[[nodiscard]] QString duration(double seconds);         // 1 h 05 min, 42 s, 0.8 s
[[nodiscard]] QString when(const std::string& utc);       // "2026-11-23T08:15:00Z" as 2026-11-23 09:15 of this place; else as it is
[[nodiscard]] QString number(double value, int digits = 4);     // 1.8540; NaN as "—"
[[nodiscard]] QString scientific(double value);         // 2.4e-07

}  // namespace rankwright::format
