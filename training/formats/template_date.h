// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The day that chat templates are told it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rankwright {

// 26 July 2024 is the day that Llama 3's templates name where no clock is given.
struct TemplateDate
{
    int year = 2024, month = 7, day = 26, hour = 0, minute = 0, second = 0;
};

// "2024-07-26" or "2024-07-26T15:04:05"; nothing for any other text and for days that do not exist.
std::optional<TemplateDate> parseTemplateDate(std::string_view text);
// Python's strftime in the C locale, without time zones: %a %A %b %B %c %d %e %F %H %I %j %m %M %p %S %T %x %X %y %Y %% and the
// forms without padding (%-d). Nothing where `format` has another.
std::optional<std::string> formattedDate(const TemplateDate& date, std::string_view format);

}  // namespace rankwright
