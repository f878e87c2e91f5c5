// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// One run from its configuration to its adapter: the answer to TrainJob, and what else looks at a prepared model.
#pragma once

#include "training/train/session.h"

namespace rankwright {

// Writes start.safetensors, checkpoints/ and adapter/ (for the original base) into job.folder. Goes on from the newest checkpoint
// where job.resume is set.
TrainResult train(const TrainJob& job, JobContext& context);
// The differences at step 0 of this configuration, without training.
StepZero stepZero(const RunConfig& config, JobContext& context);

}  // namespace rankwright
