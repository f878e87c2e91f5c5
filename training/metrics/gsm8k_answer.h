// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What lm-evaluation-harness (task gsm8k, version 3) makes of an answer to a word problem: the rules, not its code.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rankwright {

// Generation ends before the first of "Question:", "</s>", "<|im_end|>": the harness's stop texts.
std::string_view untilStop(std::string_view generated);
// The first match of  #### (-?[0-9.,]+)
std::optional<std::string_view> strictAnswer(std::string_view generated);
// The last match of  -?[$0-9.,]{2,}  or, where that does not match,  -?[0-9]+
std::optional<std::string_view> flexibleAnswer(std::string_view generated);
// Without commas, dollar signs, all up to the last "#### ", and one full stop at the end, in this order; lower case.
std::string comparedForm(std::string_view text);

}  // namespace rankwright
