// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Exports of a trained run: written, read back through the path a user of the file takes, and compared with the live model.
#pragma once

#include "training/train/session.h"

namespace rankwright {

ExportResult exportRun(const ExportJob& job, JobContext& context);

}  // namespace rankwright
