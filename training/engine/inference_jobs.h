// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Jobs that run a model without training it: evaluate, logits, generate, verify.
#pragma once

#include "training/train/session.h"

namespace rankwright {

EvalResult evaluateModel(const EvalJob& job, JobContext& context);
LogitsResult writeLogits(const LogitsJob& job, JobContext& context);
GenerateResult generate(const GenerateJob& job, JobContext& context);
// Reads every byte, dequantises every tensor, counts non-finite values, opens tokenizer and template.
VerifyResult verifyModel(const VerifyJob& job, JobContext& context);

}  // namespace rankwright
