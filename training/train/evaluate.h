// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Loss and perplexity on held-out rows.
#pragma once

#include "training/nn/decoder.h"

#include <functional>

namespace rankwright {

struct Evaluation
{
    double rowMean = 0;        // mean of the rows' mean losses: "loss"
    double tokenMean = 0;      // mean over all targets; exp of it is the perplexity
    int64_t rows = 0;          // rows with at least one target
    int64_t tokens = 0;        // targets
};

// Rows are taken in file order, a few thousand tokens at a time. `go` is asked between batches with the rows done; false ends with
// Error{stopped}.
Evaluation evaluate(const Decoder& model, const std::vector<Sample>& samples,
    const std::function<bool(int64_t done, int64_t total)>& go = {});

}  // namespace rankwright
