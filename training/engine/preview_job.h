// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the Data page shows: columns, rendered samples with their trained tokens, lengths, how many rows are cut.
#pragma once

#include "training/train/session.h"

namespace rankwright {

DataPreview previewData(const PreviewJob& job, JobContext& context);

}  // namespace rankwright
