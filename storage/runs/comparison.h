// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A comparison as one object: arms x learning rates x seeds on the same rows in the same order. It is a file,
// comparisons/ID.json in the data directory; its runs name it, their arm and their rate in run.json.
#pragma once

#include "storage/run_store.h"

#include <optional>
#include <string_view>

namespace rankwright {

// One arm of a comparison: a label and what differs from the shared configuration.
struct Arm
{
    std::string label;         // "pissa" or "pissa rank=32"
    RunConfig config;
    bool operator==(const Arm&) const = default;
};

// Learning rates of an arm.
struct RateSweep
{
    std::vector<double> rates;   // these for every arm; empty: `points` around each arm's own rate
    int64_t points = 5;          // odd, so that the arm's own rate is the middle one; 1: the own rate alone
    double factor = 2;           // between neighbours
    bool operator==(const RateSweep&) const = default;
};
// The rates of an arm whose own rate is `own`, ascending. Throws Error{usage} for rates, points or factors that cannot be.
std::vector<double> ratesOf(const RateSweep& sweep, double own);

// One run after another; the arms of one seed and rate position step by step in turn; or several runs at once on one copy of the base.
enum class Schedule { queued, interleaved, together };
std::string scheduleText(Schedule schedule);                      // "queued", "interleaved", "together"
std::optional<Schedule> scheduleFromText(std::string_view text);  // nothing: none of them

struct Comparison
{
    std::string id;                 // empty: not stored yet
    std::string name, created;      // created: UTC, ISO 8601
    std::vector<Arm> arms;          // the first is the baseline
    std::vector<int64_t> seeds{0};
    RateSweep sweep;
    Schedule schedule = Schedule::queued;
    bool operator==(const Comparison&) const = default;
};
// The name, or the arms' labels: "lora, pissa". Not escaped.
std::string titleOf(const Comparison& comparison);

// "lora,pissa" -> arms of `base`; "pissa:lr=1e-4,slice=minor" (keys are JSON keys or option names without dashes).
// base.options may be of any methods: each arm takes those that its method has. Throws Error{usage} naming the nearest
// method or key, Error{config} where an arm makes no sense or no arm has an option of base.
std::vector<Arm> parseArms(const RunConfig& base, const std::vector<std::string>& arms);

// The runs, in the order of training: seed by seed, and within a seed rate by rate from the arms' own rates outwards, so that a
// comparison that is stopped half-way has whole pairs. Names: "LABEL", with " lr 4e-05" and " seed 1" where there are several.
struct PlannedRun { RunConfig config; std::string arm; };
std::vector<PlannedRun> plannedRuns(const Comparison& comparison);

// Of a comparison whose runs are trained together: which arms are not and why, a sentence each ("DoRA trains ... in turn: ...").
std::vector<std::string> armsInTurn(const Comparison& comparison);

// Checks every run, stores the comparison and its runs (queued) and returns it with its id. Throws Error; nothing is left behind then.
Comparison createComparison(RunStore& store, Comparison comparison);
Comparison readComparison(const std::filesystem::path& dataDirectory, const std::string& id);   // throws Error{missing, format}
// The name without " lr 4e-05" and " seed 1": what the runs of an arm have in common. For runs without an arm in run.json.
std::string labelOf(const RunConfig& config);
// comparisons/ID.json. Where the file has the same form without id and date, it is a comparison to be made: `compare` takes it.
nlohmann::json toJson(const Comparison& comparison);
Comparison comparisonFromJson(const nlohmann::json& document, const std::filesystem::path& file = {});   // throws Error{config}
// What a comparison without a file (of an earlier version, or whose runs came alone) must have been, by its runs. Throws Error{missing}
// where no run names it.
Comparison comparisonByRuns(RunStore& store, const std::string& id);
// Gives a stored comparison another name; an empty one leaves it to be called by its arms. Throws Error{missing, config}.
void renameComparison(const std::filesystem::path& dataDirectory, const std::string& id, const std::string& name);
// Removes the file of a comparison; RunStore::remove() asks for it when the last run has gone.
void forgetComparison(const std::filesystem::path& dataDirectory, const std::string& id);
// Stored comparisons, newest first; files that cannot be read are left out.
std::vector<Comparison> storedComparisons(const std::filesystem::path& dataDirectory);

// The runs of the comparison with this id, in the order they were created; or with this start of an id or this name, where no run is
// meant by it. Empty where there is none. Throws Error{usage} where several begin so.
std::vector<std::string> comparisonRuns(RunStore& store, const std::string& comparison);

}  // namespace rankwright
