// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Patterns of tokenizer files are written for Oniguruma; PCRE2 runs them here.
#pragma once

#include <string>
#include <string_view>

namespace rankwright {

// What PCRE2 would read differently and is not translated: set operations and nested sets in a class, \h as a
// hexadecimal digit, the verbs of PCRE, and a repetition of "{1,3}" whose beginning is not known. Empty where there is nothing of the kind.
std::string otherDialect(std::string_view pattern);
// The pattern with \s, \w, \d and \p{..} spelled out where PCRE2's tables are older or their meaning is another, and
// with Ruby's "{1,3}+", "{,3}" and (?m) in PCRE2's words.
std::string patternForPcre(std::string_view pattern);

}  // namespace rankwright
