// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The rank post-mortem: how many directions a run's update really uses, and what a smaller adapter would lose.
#pragma once

#include "training/train/session.h"

namespace rankwright {

// The update dW of each module's newest checkpoint, cut to its largest singular values for every rank and energy asked, with the
// evaluation loss of each. Throws Error{usage} for a rank or share that cannot be, Error{unsupported} where the run has no low-rank
// update (full fine-tuning).
ShrinkReport shrinkRun(const ShrinkJob& job, JobContext& context);

}  // namespace rankwright
