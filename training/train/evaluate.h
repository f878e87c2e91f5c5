// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Loss and perplexity on held-out rows, and how well labels are predicted.
#pragma once

#include "training/nn/model.h"

#include <functional>
#include <map>

namespace rankwright {

struct Evaluation
{
    double rowMean = 0;        // mean of the rows' mean losses: "loss"
    double tokenMean = 0;      // mean over all targets; exp of it is the perplexity
    int64_t rows = 0;          // rows with at least one target
    int64_t tokens = 0;        // targets
    std::map<std::string, double> metrics;   // by id
    // Of rows with labels, in the order of those that have one: the class or number predicted, and the row's own.
    std::vector<double> predicted, truth;
    int64_t classes = 0;       // that the head knows; 1 for numbers
    int64_t answers = 0, cutAnswers = 0;   // generated beside it, and those that the limit of their length ended
};

// Rows are taken in file order, a few thousand tokens at a time. `go` is asked between batches with the rows done; false ends with
// Error{stopped}. `metrics`: ids of cards; those of labels are measured where the rows have
// labels of that kind (classes, or numbers), the others left out.
Evaluation evaluate(const Model& model, const std::vector<Sample>& samples,
    const std::function<bool(int64_t done, int64_t total)>& go = {}, const std::vector<std::string>& metrics = {});

}  // namespace rankwright
