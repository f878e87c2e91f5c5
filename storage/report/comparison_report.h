// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What a comparison shows: cells, curves with bands, U-curves over learning rates, paired differences with their tests, and plain
// words about what so few seeds can decide. Computed from the store; the window, `report` and the HTML page show this one struct.
#pragma once

#include "storage/runs/comparison.h"
#include "training/api/statistics.h"

#include <functional>
#include <map>
#include <optional>

namespace rankwright {

// What the comparison is judged by: the evaluation loss at a run's last step (of a run that keeps its best parameters: its lowest); the
// mean training loss over the last tenth of the steps only where an arm has no evaluation data or no finished run was evaluated.
enum class Judge { evalLoss, trainingLoss };

struct ReportCell                // one run
{
    std::string run, arm, method;
    double rate = 0;
    int64_t seed = 0;
    RunState state = RunState::queued;
    double value = 0;            // the judge's; NaN where the run has none, or none that is finite
    double evalBefore = 0, seconds = 0;   // NaN where unknown
    int64_t step = 0, tokens = 0;
    std::string initHash, orderHash, dataHash, modelHash, evalHash;   // runs that should be paired but are not differ in order, data or model
    int64_t peakBytes = 0;
    bool keepsBest = false;      // its adapter has the parameters of its lowest evaluation loss
    bool notFinite = false;      // finished, but what it is judged by is not a number: counts as diverged
    std::map<std::string, double> metrics = {};   // of its last evaluation, by id
    bool diverged() const { return state == RunState::diverged || notFinite; }
};

struct BandPoint { int64_t step = 0; double tokens = 0, seconds = 0, middle = 0, low = 0, high = 0; int64_t runs = 0; };
// Mean over seeds with the pointwise bootstrap interval (95 %); steps that every seed has, thinned evenly above 2,000 (of more than
// six seeds above 500). Of finished runs;
// where there are none of those that have begun, else of diverged ones. low and high are NaN with one run. "loss": trailing means over
// `window` steps, a tenth of the planned ones and the same of every run; of differences, the mean of what was subtracted step by step.
struct BandCurve { std::string arm, series; double rate = 0; std::vector<BandPoint> points; int64_t window = 1; };   // series: "loss", "evalLoss"
struct DifferenceCurve { std::string arm, baseline, series; double rate = 0, baselineRate = 0; std::vector<BandPoint> points; int64_t window = 1; };

// values and seeds: of the runs that finished. low and high are NaN below two of them.
struct RatePoint
{
    double rate = 0, value = 0, low = 0, high = 0;
    std::vector<double> values;
    int64_t diverged = 0;                 // runs; above 0 the value is the survivors' mean, which flatters the rate
    std::vector<int64_t> seeds = {};
};
struct RateCurve                 // the U-curve of an arm
{
    std::string arm, method;
    std::vector<RatePoint> points;        // ascending rate; value NaN where no run ended
    std::optional<size_t> best;           // of the lowest mean over the seeds that all rates without a diverged one have
    bool bestAtEdge = false;              // the best rate is the smallest or largest tried: the sweep may be too narrow
};

struct PairedResult
{
    enum class Question { sameRate, bestRate };
    Question question = Question::bestRate;
    std::string arm, baseline;
    double rate = 0, baselineRate = 0;
    std::vector<int64_t> seeds;           // that both have
    std::vector<double> differences;      // arm - baseline, a seed each; below 0: the arm is better
    double mean = 0, deviation = 0;
    Interval interval;                    // bootstrap, 95 %; NaN with one seed
    double p = 0, leastP = 0;             // exact sign-flip test, and the smallest p so many seeds can give
    bool decides = false;                 // p <= 0.05, and no seed is missing because it diverged
    std::string verdict;                  // one plain sentence
    int64_t divergedArm = 0, divergedBaseline = 0;   // seeds that are not counted because that side diverged
};

// What an arm at its best rate needs to reach a loss; NaN where not every seed gets there: the mean over those that do would flatter the
// arm that loses its slowest seeds. The report's: the baseline's final loss with
// the same seed (target: their mean), of the evaluation where there are several after the first step, of training otherwise.
struct ReachRow
{
    std::string arm;
    double rate = 0, target = 0, steps = 0, tokens = 0, seconds = 0;
    int64_t reached = 0, runs = 0;
    std::string series = {};     // "loss" or "evalLoss"
};

struct ComparisonReport
{
    Comparison comparison;
    std::string model, data, versions, written;      // written: UTC
    Judge judge = Judge::evalLoss;
    std::vector<ReportCell> cells;
    std::vector<BandCurve> curves;                   // each arm at its best rate, and at every other
    std::vector<DifferenceCurve> differences;        // best with best
    std::vector<RateCurve> rates;
    std::vector<PairedResult> results;               // best with best first
    std::vector<ReachRow> reach;                     // the baseline's final loss as target
    std::vector<std::string> warnings;               // too few seeds, unfinished runs, edges of sweeps, pairs that are none
};

// Throws Error{missing} where there is no such comparison. Reads curves run by run.
ComparisonReport reportOf(RunStore& store, const std::string& comparison);
nlohmann::json toJson(const ComparisonReport& report);   // with all points: the data of the exported report
// "last evaluation loss": what the runs are judged by, in words.
std::string judgeText(const ComparisonReport& report);
// Whether any arm was tried at several rates; else "best" is an arm's only one.
bool isSwept(const ComparisonReport& report);
// "1 seed of pissa diverged"; empty where none did.
std::string divergedText(const PairedResult& result);
// runs x (arm, rate, seed, state, judge's value, ...) as CSV, formula cells defused.
std::string cellsCsv(const ComparisonReport& report);

}  // namespace rankwright
