// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Several runs, one after another or, in an interleaved comparison, a step of each in turn: begun by `compare`, gone on with by
// `resume`, and all that wait by `queue`.
#pragma once

#include "app/commands/training.h"

#include <string>
#include <vector>

namespace rankwright {

struct ComparisonQueue
{
    std::string comparison;            // id; empty: runs of any kind
    std::vector<std::string> runs;     // ids, in the order of training
    std::vector<double> ends{};        // seconds from now at which each run is stopped where it still trains; empty: never
    bool force = false;                // failed ones again; also where the data file has changed
    bool events = false;               // standard output carries events
    bool stopsOnError = false;         // a run that fails ends the queue
};

// Trains what is left: queued runs from their start, stopped and interrupted ones from their newest checkpoint. Finished
// and diverged runs stay as they are. Then one table, or JSON, over all of them. Returns the exit status. Throws
// Error{locked} where another process trains the same comparison, or the queue.
int trainQueue(Context& context, Training& training, const ComparisonQueue& queue);

}  // namespace rankwright
