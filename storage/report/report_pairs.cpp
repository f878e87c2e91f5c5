// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// U-curves over learning rates, and the paired results with what they can and cannot decide.
#include "storage/report/report_parts.h"
#include "training/api/number_text.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace rankwright {

namespace {

constexpr double kDecides = 0.05;

// One value alone says nothing of its spread.
Interval intervalOf(const std::vector<double>& values)
{
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    return values.size() > 1 ? bootstrapInterval(values) : Interval{none, none};
}

RatePoint pointOf(const std::vector<ReportCell>& cells, const std::string& arm, double rate)
{
    RatePoint point{.rate = rate};
    for (const ReportCell& cell : cells) {
        if (cell.arm != arm || cell.rate != rate)
            continue;
        point.diverged += cell.diverged() ? 1 : 0;
        if (cell.state == RunState::finished && std::isfinite(cell.value)) {
            point.values.push_back(cell.value);
            point.seeds.push_back(cell.seed);
        }
    }
    point.value = mean(point.values);
    const Interval interval = intervalOf(point.values);
    point.low = interval.low;
    point.high = interval.high;
    return point;
}

using Candidates = std::vector<size_t>;   // indices of points

// What all of them have finished.
std::set<int64_t> sharedSeeds(const std::vector<RatePoint>& points, const Candidates& candidates)
{
    std::map<int64_t, size_t> counts;
    for (const size_t i : candidates) {
        for (const int64_t seed : points[i].seeds)
            ++counts[seed];
    }
    std::set<int64_t> shared;
    for (const auto& [seed, count] : counts) {
        if (count == candidates.size())
            shared.insert(seed);
    }
    return shared;
}

double meanOver(const RatePoint& point, const std::set<int64_t>& seeds)
{
    std::vector<double> values;
    for (size_t i = 0; i < point.seeds.size(); ++i) {
        if (seeds.contains(point.seeds[i]))
            values.push_back(point.values[i]);
    }
    return mean(values);
}

// Of the rates without a diverged seed (the mean over the survivors would favour a rate that throws its worst seeds away), over the
// seeds that they share: one seed may be easier than another. Where they share none, of those with the most.
std::optional<size_t> bestOf(const std::vector<RatePoint>& points)
{
    Candidates candidates;
    size_t most = 0;
    for (size_t i = 0; i < points.size(); ++i) {
        if (points[i].diverged > 0 || points[i].values.empty())
            continue;
        candidates.push_back(i);
        most = std::max(most, points[i].seeds.size());
    }
    auto seeds = sharedSeeds(points, candidates);
    if (seeds.empty()) {
        std::erase_if(candidates, [&](size_t i) { return points[i].seeds.size() < most; });
        seeds = sharedSeeds(points, candidates);
    }
    if (seeds.empty())
        return std::nullopt;
    return *std::ranges::min_element(candidates, {}, [&](size_t i) { return meanOver(points[i], seeds); });
}

const ReportCell* cellOf(const ComparisonReport& report, const std::string& arm, double rate, int64_t seed)
{
    const auto found = std::ranges::find_if(
        report.cells, [&](const ReportCell& cell) { return cell.arm == arm && cell.rate == rate && cell.seed == seed; });
    return found == report.cells.end() ? nullptr : &*found;
}

bool counts(const ReportCell& cell) { return cell.state == RunState::finished && std::isfinite(cell.value); }

// The fewest pairs whose test can decide: 2 / 2^n <= 0.05.
int64_t fewestSeeds()
{
    int64_t seeds = 1;
    while (leastSignFlipP(seeds) > kDecides)
        ++seeds;
    return seeds;
}

enum class Rates { one, own, swept };   // one for all arms; one for each; several for some

// "At their best rates (0.0004, 0.0002), pissa is better than lora by 0.12 (95 % interval 0.08 to 0.15)"
std::string findingText(const PairedResult& result, Rates rates, const std::string& adverb)
{
    std::string text;
    if (rates != Rates::one && result.question == PairedResult::Question::bestRate)
        text = std::string("At their ") + (rates == Rates::own ? "own" : "best") + " rates (" + rateWord(result.rate) + ", "
            + rateWord(result.baselineRate) + ") ";
    else if (rates != Rates::one)
        text = "At " + rateWord(result.rate) + " ";
    if (result.mean == 0)
        return text + result.arm + " and " + result.baseline + " are equal" + (adverb.empty() ? "" : " " + adverb);
    const bool better = result.mean < 0;
    const double low = better ? -result.interval.high : result.interval.low;
    const double high = better ? -result.interval.low : result.interval.high;
    text += result.arm + " is " + (adverb.empty() ? "" : adverb + " ") + (better ? "better" : "worse") + " than " + result.baseline + " by "
        + significantText(std::abs(result.mean), 3);
    if (result.seeds.size() > 1)
        text += " (95 % interval " + significantText(low, 3) + " to " + significantText(high, 3) + ")";
    return text;
}

// For results that do not decide: an interval without 0 seems to.
std::string intervalText(const PairedResult& result)
{
    if (result.seeds.size() < 2 || (result.interval.low <= 0 && result.interval.high >= 0))
        return {};
    return int64_t(result.seeds.size()) < kFewSeeds ? " The interval leaves out 0, but with so few seeds it is too narrow."
                                                    : " The interval leaves out 0; the exact test does not bear it out.";
}

std::string verdictOf(const PairedResult& result, Rates rates)
{
    const auto seeds = int64_t(result.seeds.size());
    const auto more = (divergedText(result).empty() ? "" : " " + divergedText(result) + ", not counted.") + intervalText(result);
    if (result.leastP > kDecides)
        return (seeds == 1 ? "One seed cannot decide: " : std::to_string(seeds) + " seeds cannot decide: even if all agree, ")
            + "the sign-flip test gives p = " + significantText(result.leastP, 2) + "; " + std::to_string(fewestSeeds())
            + " seeds are the fewest that can reach 0.05. " + findingText(result, rates, "so far") + "." + more;
    const std::string p = "p = " + significantText(result.p, 2);
    if (result.decides)
        return findingText(result, rates, {}) + ", " + p + " with " + std::to_string(seeds) + " seeds.";
    if (result.p <= kDecides)   // of the survivors, which are not a fair draw
        return "Not decided: " + divergedText(result) + " and are not counted. Of the other " + std::to_string(seeds) + " seeds: "
            + findingText(result, rates, "on average") + ", " + p + ".";
    return "No difference shown with " + std::to_string(seeds) + " seeds: " + p + ". " + findingText(result, rates, "on average") + "." + more;
}

}  // namespace

std::string divergedText(const PairedResult& result)
{
    std::string text;
    for (const auto& [count, arm] : {std::pair(result.divergedArm, &result.arm), std::pair(result.divergedBaseline, &result.baseline)}) {
        if (count > 0)
            text += (text.empty() ? "" : " and ") + std::to_string(count) + (count == 1 ? " seed of " : " seeds of ") + *arm;
    }
    return text.empty() ? text : text + " diverged";
}

bool isSwept(const ComparisonReport& report)
{
    return std::ranges::any_of(report.rates, [](const RateCurve& curve) { return curve.points.size() > 1; });
}

std::string rateWord(double rate) { return significantText(rate, 3); }

const RateCurve* rateCurve(const ComparisonReport& report, const std::string& arm)
{
    const auto found = std::ranges::find(report.rates, arm, &RateCurve::arm);
    return found == report.rates.end() ? nullptr : &*found;
}

std::optional<double> bestRate(const ComparisonReport& report, const std::string& arm)
{
    const RateCurve* curve = rateCurve(report, arm);
    return curve != nullptr && curve->best ? std::optional(curve->points[*curve->best].rate) : std::nullopt;
}

void addRates(ComparisonReport& report)
{
    for (const Arm& arm : report.comparison.arms) {
        RateCurve curve{.arm = arm.label, .method = arm.config.method};
        std::set<double> rates;
        for (const ReportCell& cell : report.cells) {
            if (cell.arm == arm.label)
                rates.insert(cell.rate);
        }
        for (const double rate : rates)
            curve.points.push_back(pointOf(report.cells, arm.label, rate));
        curve.best = bestOf(curve.points);
        curve.bestAtEdge = curve.best && curve.points.size() > 1 && (*curve.best == 0 || *curve.best + 1 == curve.points.size());
        report.rates.push_back(std::move(curve));
    }
}

namespace {

void addResult(ComparisonReport& report, PairedResult result, Rates rates)
{
    for (const int64_t seed : report.comparison.seeds) {
        const ReportCell* arm = cellOf(report, result.arm, result.rate, seed);
        const ReportCell* baseline = cellOf(report, result.baseline, result.baselineRate, seed);
        if (arm == nullptr || baseline == nullptr)
            continue;
        result.divergedArm += arm->diverged() ? 1 : 0;
        result.divergedBaseline += baseline->diverged() ? 1 : 0;
        if (!counts(*arm) || !counts(*baseline) || !pairBreak(*arm, *baseline).empty())
            continue;
        result.seeds.push_back(seed);
        result.differences.push_back(arm->value - baseline->value);
    }
    if (result.seeds.empty())
        return;
    result.mean = mean(result.differences);
    result.deviation = standardDeviation(result.differences);
    result.interval = intervalOf(result.differences);
    result.p = signFlipP(result.differences);
    result.leastP = leastSignFlipP(int64_t(result.seeds.size()));
    result.decides = result.p <= kDecides && divergedText(result).empty();
    result.verdict = verdictOf(result, rates);
    report.results.push_back(std::move(result));
}

}  // namespace

void addResults(ComparisonReport& report)
{
    if (report.rates.empty())
        return;
    const RateCurve& baseline = report.rates.front();
    const bool differ = std::ranges::any_of(
        report.rates, [&](const RateCurve& curve) { return bestRate(report, curve.arm) != bestRate(report, baseline.arm); });
    const Rates rates = isSwept(report) ? Rates::swept : differ ? Rates::own : Rates::one;
    for (size_t i = 1; i < report.rates.size(); ++i) {
        const auto best = bestRate(report, report.rates[i].arm), other = bestRate(report, baseline.arm);
        if (best && other)
            addResult(report,
                {.question = PairedResult::Question::bestRate, .arm = report.rates[i].arm, .baseline = baseline.arm, .rate = *best,
                    .baselineRate = *other},
                rates);
    }
    if (rates == Rates::one)
        return;   // the same question
    for (size_t i = 1; i < report.rates.size(); ++i) {
        for (const RatePoint& point : report.rates[i].points)
            addResult(report,
                {.question = PairedResult::Question::sameRate, .arm = report.rates[i].arm, .baseline = baseline.arm, .rate = point.rate,
                    .baselineRate = point.rate},
                rates);
    }
}

}  // namespace rankwright
