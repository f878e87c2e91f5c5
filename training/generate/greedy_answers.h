// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Greedy answers to many prompts, some of them at a time: each has a cache of its own, and the weights are read once for all that are
// being written. Where one ends, the next prompt takes its place.
#pragma once

#include "training/generate/generator.h"

#include <functional>

namespace rankwright {

struct GreedyAnswer
{
    std::vector<int32_t> ids;
    bool cut = false;        // the limit of its length ended it, or the end of the model's context
};

// At most `maxTokens` tokens each. `each` gets them in the order of the prompts; `written` is called after each token with the number of
// answers that have ended and may throw. Every prompt must be as checkPrompt() wants it.
void greedyAnswers(const Model& model, const Tokenizer& tokenizer, const std::vector<std::vector<int32_t>>& prompts, int64_t maxTokens,
    const std::function<void(size_t prompt, const GreedyAnswer&)>& each, const std::function<void(int64_t ended)>& written);

}  // namespace rankwright
