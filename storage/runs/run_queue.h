// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The order in which queued runs are trained, and whether the queue goes on after an error: queue.json in the data directory, so that
// the window, the command line and the next start see the same. Runs in state "queued" that the file does not name come last, oldest first.
#pragma once

#include "storage/run_store.h"

namespace rankwright {

class RunQueue
{
public:
    explicit RunQueue(std::filesystem::path dataDirectory);
    // Queued runs, first to train first. Runs of one interleaved comparison that wait together stay together.
    [[nodiscard]] std::vector<RunRow> waiting(RunStore& store) const;
    // Waiting runs, to this place among the others, in the order given here. 0: next; beyond the end: last. Nothing is moved where one of
    // them does not wait: throws Error{usage} then.
    void move(RunStore& store, const std::vector<std::string>& runs, int64_t position) const;
    // A queued run's configuration before it starts: checked as at its creation. Throws Error{locked} where it has started meanwhile.
    void edit(RunStore& store, const std::string& run, const RunConfig& config) const;
    // A copy of any run, queued last.
    std::string duplicate(RunStore& store, const std::string& run, const std::string& name) const;
    [[nodiscard]] bool continuesOnError() const;                                  // true where nothing was said
    void setContinuesOnError(bool on) const;

private:
    std::filesystem::path m_dataDirectory;
};

// Runs in the order of training -> what is trained at once. A group stands where its first run does. Every other run is alone: also one
// whose comparison's file is gone or damaged.
// Of an interleaved comparison, a step of each in turn (storage/runs/interleave.h): the arms with the same seed and the same place among
// their learning rates, each arm once, whether they begin or go on from a checkpoint. A run whose rate was edited has no place.
// Of a comparison whose runs are trained together: those that can hold one copy of the base (training/api/shared_base.h), whatever their
// seeds and rates, as many as a batch has rows and no more than eight, but at least all arms of one seed and rate.
struct TrainingGroup
{
    std::vector<RunRow> runs;
    bool together = false;        // on one copy of the base; else a step of each in turn
};
std::vector<TrainingGroup> trainingGroups(const std::filesystem::path& dataDirectory, const std::vector<RunRow>& rows);
struct Comparison;
// Which runs of a comparison that is yet to be made are trained together: indices of plannedRuns(). A run alone is a group of one.
std::vector<std::vector<size_t>> plannedTogether(const Comparison& comparison);

}  // namespace rankwright
