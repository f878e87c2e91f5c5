// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Dates as Python's strftime writes them, without the C library's: that one answers in the language of the user.
#include "training/formats/template_date.h"

#include <array>
#include <charconv>
#include <chrono>

namespace rankwright {

namespace {

constexpr std::array<std::string_view, 7> kDays{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths{"January", "February", "March", "April", "May", "June", "July", "August",
    "September", "October", "November", "December"};

std::chrono::year_month_day calendarDay(const TemplateDate& date)
{
    return std::chrono::year(date.year) / date.month / date.day;
}

std::string padded(int number, size_t width, char fill = '0')
{
    std::string text = std::to_string(number);
    return text.size() < width ? std::string(width - text.size(), fill) + text : text;
}

bool takeNumber(std::string_view& text, size_t digits, int& number)
{
    if (text.size() < digits)
        return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
    if (error != std::errc() || end != text.data() + digits || text.front() == '-')
        return false;
    text.remove_prefix(digits);
    return true;
}

bool takeSign(std::string_view& text, char sign)
{
    if (!text.starts_with(sign))
        return false;
    text.remove_prefix(1);
    return true;
}

// What stands for several others.
std::string_view expanded(char letter)
{
    switch (letter) {
    case 'c': return "%a %b %e %H:%M:%S %Y";
    case 'D':
    case 'x': return "%m/%d/%y";
    case 'F': return "%Y-%m-%d";
    case 'R': return "%H:%M";
    case 'T':
    case 'X': return "%H:%M:%S";
    default: return {};
    }
}

std::optional<std::string> field(const TemplateDate& date, char letter, bool plain)
{
    const std::chrono::sys_days day = calendarDay(date);
    const unsigned weekday = std::chrono::weekday(day).c_encoding();
    const size_t two = plain ? 1 : 2;
    switch (letter) {
    case 'a': return std::string(kDays[weekday].substr(0, 3));
    case 'A': return std::string(kDays[weekday]);
    case 'b':
    case 'h': return std::string(kMonths[size_t(date.month - 1)].substr(0, 3));
    case 'B': return std::string(kMonths[size_t(date.month - 1)]);
    case 'd': return padded(date.day, two);
    case 'e': return padded(date.day, two, ' ');
    case 'H': return padded(date.hour, two);
    case 'I': return padded(date.hour % 12 == 0 ? 12 : date.hour % 12, two);
    case 'j': {
        const auto start = std::chrono::sys_days(std::chrono::year(date.year) / 1 / 1);
        return padded(int((day - start).count()) + 1, plain ? 1 : 3);
    }
    case 'm': return padded(date.month, two);
    case 'M': return padded(date.minute, two);
    case 'n': return "\n";
    case 'p': return date.hour < 12 ? "AM" : "PM";
    case 'S': return padded(date.second, two);
    case 't': return "\t";
    case 'u': return std::to_string(weekday == 0 ? 7 : weekday);
    case 'w': return std::to_string(weekday);
    case 'y': return padded(date.year % 100, two);
    case 'Y': return std::to_string(date.year);
    case '%': return "%";
    default: return std::nullopt;
    }
}

}  // namespace

std::optional<TemplateDate> parseTemplateDate(std::string_view text)
{
    TemplateDate date;
    if (!takeNumber(text, 4, date.year) || !takeSign(text, '-') || !takeNumber(text, 2, date.month) || !takeSign(text, '-')
        || !takeNumber(text, 2, date.day))
        return std::nullopt;
    if (!text.empty()) {
        const bool whole = (takeSign(text, 'T') || takeSign(text, ' ')) && takeNumber(text, 2, date.hour) && takeSign(text, ':')
            && takeNumber(text, 2, date.minute) && takeSign(text, ':') && takeNumber(text, 2, date.second) && text.empty();
        if (!whole)
            return std::nullopt;
    }
    const bool exists = date.year >= 1000 && calendarDay(date).ok() && date.hour < 24 && date.minute < 60 && date.second < 60;
    return exists ? std::optional(date) : std::nullopt;
}

std::optional<std::string> formattedDate(const TemplateDate& date, std::string_view format)
{
    std::string result;
    for (size_t at = 0; at < format.size(); ++at) {
        if (format[at] != '%') {
            result += format[at];
            continue;
        }
        const bool plain = at + 1 < format.size() && format[at + 1] == '-';
        at += plain ? 2 : 1;
        if (at >= format.size())
            return std::nullopt;
        const std::string_view several = expanded(format[at]);
        const auto part = several.empty() ? field(date, format[at], plain) : formattedDate(date, several);
        if (!part)
            return std::nullopt;
        result += *part;
    }
    return result;
}

}  // namespace rankwright
