// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `eval`: loss, perplexity and metrics of a model, an adapter or a run on a data set.
#pragma once

#include "training/train/session.h"

namespace rankwright {

// Of a run, the model is at the checkpoint that it keeps; what job.data leaves at its default is as the run was trained, and where
// job.data.data is empty the rows are the run's own evaluation rows.
EvalResult evaluateModel(const EvalJob& job, JobContext& context);

}  // namespace rankwright
