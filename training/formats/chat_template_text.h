// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Python's operations on text, over UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rankwright::jinja {

enum class Case { upper, lower };
std::string changedCase(std::string_view text, Case to);
std::string capitalised(std::string_view text);   // the first character upper, the rest lower
std::string titled(std::string_view text);        // str.title: upper after anything that is no letter
std::string titledWords(std::string_view text);   // Jinja's filter: upper after white space and -({[<
// str.split and str.rsplit; `separator` null: at runs of white space. `most` below 0: no limit.
std::vector<std::string_view> splitText(
    std::string_view text, const std::string* separator, int64_t most, bool fromRight);
std::vector<std::string_view> splitLines(std::string_view text);
// str.replace; `most` below 0: all. Returns false where the result would be longer than `limit` bytes.
bool replaceText(std::string& result, std::string_view text, std::string_view from, std::string_view to, int64_t most,
    size_t limit);
// Jinja's indent: lines after the first (all where `first`) get `prefix`, blank ones only where `blank`.
bool isPrintable(char32_t code);                  // str.isprintable: what repr() leaves as it is
std::string escapedForHtml(std::string_view text);  // & < > " ' as MarkupSafe writes them
std::string indented(const std::string& text, const std::string& prefix, bool first, bool blank);

}  // namespace rankwright::jinja
