// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Answers of the MATH data set as strings: where they stand in a text and when two of them are the same, by the rules that
// Hendrycks and others published with the data (2021, arXiv 2103.03874).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rankwright {

// The content of the last \boxed{...} or \fbox{...}; `\boxed 7$` ends at the dollar sign. Nothing where there is none or its braces
// do not close.
std::optional<std::string> lastBoxed(std::string_view text);
// \boxed, otherwise what follows the last "The answer is: " up to a full stop at a line's end (how MetaMathQA's rows end).
std::optional<std::string> mathAnswer(std::string_view text);
// One form for answers that are written differently: no spaces, units, \left and \right; \frac{a}{b} for \dfrac, \frac ab and a/b;
// \sqrt{a}; 0.5 for .5 ... Nothing where the rules break off, which compares the texts as they are.
std::optional<std::string> normalMath(std::string text);
bool sameMath(const std::string& left, const std::string& right);

}  // namespace rankwright
