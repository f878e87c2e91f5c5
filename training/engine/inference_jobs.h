// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Jobs that run a model without training it: logits, generate, verify; `eval` is in eval_job.h.
#pragma once

#include "training/train/session.h"

namespace rankwright {

LogitsResult writeLogits(const LogitsJob& job, JobContext& context);
GenerateResult generate(const GenerateJob& job, JobContext& context);
// Reads every byte, dequantises every tensor, counts non-finite values, opens tokenizer and template.
VerifyResult verifyModel(const VerifyJob& job, JobContext& context);

}  // namespace rankwright
