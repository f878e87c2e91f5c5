// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The steps from stored runs to a report. For storage/report only.
#pragma once

#include "storage/curves.h"
#include "storage/report/comparison_report.h"

namespace rankwright {

struct ReportRun
{
    ReportCell cell;
    RunConfig config;
    std::string versions;                          // of the engine that trained it
    int64_t steps = 0;                             // planned
    std::vector<CurvePoint> loss, evaluations;     // as recorded
};

// report_runs.cpp: the runs as the store has them; cells have no value yet.
std::vector<ReportRun> reportRuns(RunStore& store, const Comparison& comparison);
Judge judgeOf(const std::vector<ReportRun>& runs);
double judged(const ReportRun& run, Judge judge);  // NaN where there is none
bool isNotFinite(const ReportRun& run, Judge judge);   // finished and judged, but not by a number

// The runs of an arm at a rate that its curves show, one a seed.
using Seeds = std::vector<const ReportRun*>;
Seeds shownRuns(const std::vector<ReportRun>& runs, const std::string& arm, double rate);
// How two runs with the same seed differ in what a pair must share ("the order of rows"); empty where they are one. Of runs of earlier
// versions the evaluation rows are not known: they pair.
std::string pairBreak(const ReportCell& arm, const ReportCell& baseline);

// report_curves.cpp: bands, differences, what it takes to reach a loss.
void addCurves(ComparisonReport& report, const std::vector<ReportRun>& runs);
// report_pairs.cpp: U-curves and paired results; addRates() before anything that asks for an arm's best rate.
void addRates(ComparisonReport& report);
void addResults(ComparisonReport& report);
// Whether the runs of a seed all saw the same rows in the same order with the same dropout.
bool sharesRows(const ComparisonReport& report);
// report_warnings.cpp
void addWarnings(ComparisonReport& report, const std::vector<ReportRun>& runs);

const RateCurve* rateCurve(const ComparisonReport& report, const std::string& arm);
std::optional<double> bestRate(const ComparisonReport& report, const std::string& arm);
constexpr int64_t kFewSeeds = 15;                  // below so many pairs percentile intervals are clearly too narrow
std::string rateWord(double rate);                 // "0.0002"

}  // namespace rankwright
