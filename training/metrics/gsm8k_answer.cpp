// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The two patterns of GSM8K as scanners: what they match is what a regular expression engine finds from left to right.
#include "training/metrics/gsm8k_answer.h"

#include <algorithm>

namespace rankwright {

namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isNumeral(char c) { return isDigit(c) || c == '.' || c == ','; }

size_t endOf(std::string_view text, size_t at, bool (*belongs)(char))
{
    while (at < text.size() && belongs(text[at]))
        ++at;
    return at;
}

// The end of the match that begins at `at`, or `at` where none does.
size_t flexibleEnd(std::string_view text, size_t at)
{
    const size_t begin = at + (text[at] == '-' ? 1 : 0);
    const size_t money = endOf(text, begin, [](char c) { return isNumeral(c) || c == '$'; });
    if (money >= begin + 2)
        return money;
    const size_t digits = endOf(text, begin, isDigit);
    return digits > begin ? digits : at;
}

}  // namespace

std::string_view untilStop(std::string_view generated)
{
    for (const std::string_view stop : {"Question:", "</s>", "<|im_end|>"})
        generated = generated.substr(0, generated.find(stop));
    return generated;
}

std::optional<std::string_view> strictAnswer(std::string_view generated)
{
    constexpr std::string_view kMark = "#### ";
    for (size_t at = generated.find(kMark); at != std::string_view::npos; at = generated.find(kMark, at + 1)) {
        const size_t begin = at + kMark.size();
        const size_t first = begin + (begin < generated.size() && generated[begin] == '-' ? 1 : 0);
        const size_t end = endOf(generated, first, isNumeral);
        if (end > first)
            return generated.substr(begin, end - begin);
    }
    return std::nullopt;
}

std::optional<std::string_view> flexibleAnswer(std::string_view generated)
{
    std::optional<std::string_view> last;
    for (size_t at = 0; at < generated.size();) {
        const size_t end = flexibleEnd(generated, at);
        if (end > at)
            last = generated.substr(at, end - at);
        at = std::max(end, at + 1);
    }
    return last;
}

std::string comparedForm(std::string_view text)
{
    std::string form;
    for (const char c : text) {
        if (c != ',' && c != '$')
            form += c >= 'A' && c <= 'Z' ? char(c | 0x20) : c;
    }
    if (const size_t mark = form.rfind("#### "); mark != std::string::npos)
        form.erase(0, mark + 5);
    if (form.ends_with('.'))
        form.pop_back();
    else if (form.ends_with(".\n"))
        form.erase(form.size() - 2, 1);
    return form;
}

}  // namespace rankwright
