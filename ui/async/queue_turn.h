// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Which runs a training session takes next from the stored queue.
#pragma once

#include "storage/run_store.h"

namespace rankwright {

// Asked for by name, and whether everything in the stored queue is.
struct QueueWishes
{
    std::vector<std::string> resumes;   // stopped runs to go on with, before all others
    std::vector<std::string> wanted;    // of the stored queue, which orders them
    bool all = false;                   // every waiting run is wanted
    [[nodiscard]] bool empty() const { return resumes.empty() && wanted.empty() && !all; }
};

struct QueueTurn
{
    std::vector<std::string> runs;      // to train now: one, or those of a comparison that belong together
    bool together = false;              // on one copy of the base; else a step of each in turn
    std::vector<std::string> waiting;   // what is wanted after them, in order
};

// The first group (trainingGroups) of the runs to be resumed and the waiting ones that are wanted. Nothing: no run. A run to be resumed that
// the store no longer has is a group of its own. Throws Error where the store or the queue's file cannot be read.
[[nodiscard]] QueueTurn nextTurn(const std::filesystem::path& dataDirectory, const QueueWishes& wishes);

}  // namespace rankwright
