// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Text from a model, token by token.
#pragma once

#include "training/train/session.h"

namespace rankwright {

// Greedy at temperature 0, else sampled from softmax(logits / temperature) with numbers that follow from the seed and the token's
// number in the answer alone. Streams TextEvents of whole characters. Ends at an end-of-text token, after maxTokens, or at a stop ("cancelled").
GenerateResult generateText(const Model& model, const ModelText& text, const GenerateJob& job, JobContext& context);

}  // namespace rankwright
