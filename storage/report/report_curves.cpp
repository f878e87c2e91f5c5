// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Curves over seeds: means with bands, paired differences, and what an arm needs to reach the baseline's final loss.
#include "storage/report/report_parts.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace rankwright {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kMostPoints = 2000, kFewerPoints = 500;   // fewer where the bootstrap has to draw
const char* const kSeries[] = {"evalLoss", "loss"};

const std::vector<CurvePoint>& seriesOf(const ReportRun& run, const std::string& series)
{
    return series == "loss" ? run.loss : run.evaluations;
}

// Steps of the mean for all curves that meet in one: a tenth of the planned ones, not of those taken, or runs that are still training
// or stopped early would differ from the others by their smoothing alone.
int64_t windowOf(const Seeds& runs, const std::string& series)
{
    int64_t window = 1;
    for (const ReportRun* run : runs)
        window = std::max(window, series == "loss" ? run->steps / 10 : 1);
    return window;
}

// One point a step of what several curves have there.
struct Together { int64_t step = 0; std::vector<CurvePoint> points; };

// At most so many of them, evenly, the last one among them.
std::vector<Together> thinned(std::vector<Together> points, size_t most)
{
    if (points.size() <= most)
        return points;
    std::vector<Together> kept;
    for (size_t i = 0; i < most; ++i)
        kept.push_back(points[i * (points.size() - 1) / (most - 1)]);
    return kept;
}

// Steps where every curve has a finite value.
std::vector<Together> commonSteps(const std::vector<std::vector<CurvePoint>>& curves)
{
    std::map<int64_t, std::vector<CurvePoint>> steps;
    for (const auto& curve : curves) {
        for (const CurvePoint& point : curve) {
            if (std::isfinite(point.value))
                steps[point.step].push_back(point);
        }
    }
    std::vector<Together> common;
    for (auto& [step, points] : steps) {
        if (points.size() == curves.size())
            common.push_back({step, std::move(points)});
    }
    return thinned(std::move(common), curves.size() > 6 ? kFewerPoints : kMostPoints);
}

std::vector<double> valuesOf(const Together& together)
{
    std::vector<double> values;
    for (const CurvePoint& point : together.points)
        values.push_back(point.value);
    return values;
}

std::vector<BandPoint> bandOf(const std::vector<std::vector<CurvePoint>>& curves)
{
    std::vector<BandPoint> points;
    std::vector<std::vector<double>> samples;
    for (const Together& together : commonSteps(curves)) {
        BandPoint point{.step = together.step, .runs = int64_t(together.points.size())};
        for (const CurvePoint& one : together.points) {
            point.tokens += double(one.tokens) / double(together.points.size());
            point.seconds += one.seconds / double(together.points.size());
        }
        samples.push_back(valuesOf(together));
        point.middle = mean(samples.back());
        points.push_back(point);
    }
    const auto intervals = bootstrapIntervals(samples);
    for (size_t i = 0; i < points.size(); ++i) {
        points[i].low = points[i].runs > 1 ? intervals[i].low : kNone;
        points[i].high = points[i].runs > 1 ? intervals[i].high : kNone;
    }
    return points;
}

void addBands(ComparisonReport& report, const std::vector<ReportRun>& runs)
{
    for (const RateCurve& rates : report.rates) {
        for (const RatePoint& point : rates.points) {
            for (const char* series : kSeries) {
                const Seeds seeds = shownRuns(runs, rates.arm, point.rate);
                const int64_t window = windowOf(seeds, series);
                std::vector<std::vector<CurvePoint>> curves;
                for (const ReportRun* run : seeds)
                    curves.push_back(smoothed(seriesOf(*run, series), size_t(window)));
                BandCurve band{.arm = rates.arm, .series = series, .rate = point.rate, .points = bandOf(curves), .window = window};
                if (!band.points.empty())
                    report.curves.push_back(std::move(band));
            }
        }
    }
}

struct Pair { const ReportRun* arm; const ReportRun* baseline; };

std::vector<Pair> pairsOf(const Seeds& arm, const Seeds& baseline)
{
    std::vector<Pair> pairs;
    for (const ReportRun* one : arm) {
        for (const ReportRun* other : baseline) {
            if (one->cell.seed == other->cell.seed && pairBreak(one->cell, other->cell).empty())
                pairs.push_back({one, other});
        }
    }
    return pairs;
}

// arm - baseline at the steps that both have, which are those of the same batch of data; smoothed after that, so that what the batch has
// in common is gone step by step.
std::vector<CurvePoint> differenceOf(const Pair& pair, const std::string& series, int64_t window)
{
    std::map<int64_t, double> baseline;
    for (const CurvePoint& point : seriesOf(*pair.baseline, series))
        baseline[point.step] = point.value;
    std::vector<CurvePoint> curve;
    for (CurvePoint point : seriesOf(*pair.arm, series)) {
        const auto other = baseline.find(point.step);
        if (other == baseline.end())
            continue;
        point.value -= other->second;
        curve.push_back(point);
    }
    return smoothed(std::move(curve), size_t(window));
}

// An arm's runs at its best rate; while none has ended, at the first rate that has curves.
struct Best { double rate = 0; Seeds runs; };

Best bestRuns(const ComparisonReport& report, const std::vector<ReportRun>& runs, const std::string& arm)
{
    if (const auto best = bestRate(report, arm))
        return {*best, shownRuns(runs, arm, *best)};
    for (const ReportRun& run : runs) {   // in the order of training: the arm's own rate first
        if (run.cell.arm == arm && !run.loss.empty())
            return {run.cell.rate, shownRuns(runs, arm, run.cell.rate)};
    }
    return {};
}

void addDifferences(ComparisonReport& report, const std::vector<ReportRun>& runs)
{
    const std::string& baselineArm = report.comparison.arms.front().label;
    const Best baseline = bestRuns(report, runs, baselineArm);
    for (size_t i = 1; i < report.comparison.arms.size(); ++i) {
        const std::string& arm = report.comparison.arms[i].label;
        const Best own = bestRuns(report, runs, arm);
        for (const char* series : kSeries) {
            const int64_t window = std::max(windowOf(own.runs, series), windowOf(baseline.runs, series));
            std::vector<std::vector<CurvePoint>> curves;
            for (const Pair& pair : pairsOf(own.runs, baseline.runs))
                curves.push_back(differenceOf(pair, series, window));
            DifferenceCurve difference{.arm = arm,
                .baseline = baselineArm,
                .series = series,
                .rate = own.rate,
                .baselineRate = baseline.rate,
                .points = bandOf(curves),
                .window = window};
            if (!difference.points.empty())
                report.differences.push_back(std::move(difference));
        }
    }
}

// Evaluations before the first step say nothing about training.
bool hasSeveralEvaluations(const Seeds& runs)
{
    return !runs.empty() && std::ranges::all_of(runs, [](const ReportRun* run) {
        return std::ranges::count_if(run->evaluations, [](const CurvePoint& point) { return point.step > 0; }) > 2;
    });
}

ReachRow reachOf(const std::string& arm, const Best& own, const Best& baseline, const std::string& series)
{
    const bool evaluated = series == "evalLoss";
    ReachRow row{.arm = arm, .rate = own.rate, .series = series};
    std::vector<double> targets, steps, tokens, seconds;
    for (const Pair& pair : pairsOf(own.runs, baseline.runs)) {
        const double target = evaluated ? pair.baseline->cell.value : finalLoss(pair.baseline->loss);
        if (!std::isfinite(target))
            continue;
        const auto& curve = seriesOf(*pair.arm, series);
        ++row.runs;
        targets.push_back(target);
        // As many steps as the target is a mean over.
        const auto hit = reached(curve, target, evaluated ? 1 : lossWindow(pair.baseline->loss));
        if (!hit)
            continue;
        ++row.reached;
        steps.push_back(double(hit->step));
        tokens.push_back(double(hit->tokens));
        seconds.push_back(hit->seconds);
    }
    row.target = mean(targets);
    const bool all = row.reached == row.runs;
    row.steps = all ? mean(steps) : kNone;
    row.tokens = all ? mean(tokens) : kNone;
    row.seconds = all ? mean(seconds) : kNone;
    return row;
}

void addReach(ComparisonReport& report, const std::vector<ReportRun>& runs)
{
    const Best baseline = bestRuns(report, runs, report.comparison.arms.front().label);
    if (!bestRate(report, report.comparison.arms.front().label))
        return;   // its final loss is not known yet
    const char* series = report.judge == Judge::evalLoss && hasSeveralEvaluations(baseline.runs) ? "evalLoss" : "loss";
    for (const Arm& arm : report.comparison.arms)
        report.reach.push_back(reachOf(arm.label, bestRuns(report, runs, arm.label), baseline, series));
}

}  // namespace

void addCurves(ComparisonReport& report, const std::vector<ReportRun>& runs)
{
    addBands(report, runs);
    if (report.comparison.arms.empty())
        return;
    addDifferences(report, runs);
    addReach(report, runs);
}

}  // namespace rankwright
