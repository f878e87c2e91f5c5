// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What a careful reader would ask about a comparison, said before they have to.
#include "storage/report/report_parts.h"
#include "training/api/number_text.h"
#include "training/api/words.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

namespace rankwright {

namespace {

constexpr size_t kMostNamed = 8;   // runs or pairs, one by one

using Warnings = std::vector<std::string>;

std::string counted(size_t count, const std::string& thing) { return std::to_string(count) + " " + thing + (count == 1 ? "" : "s"); }

void addSeeds(Warnings& warnings, const ComparisonReport& report)
{
    const auto seeds = int64_t(report.comparison.seeds.size());
    if (report.comparison.arms.size() < 2)
        return;
    if (leastSignFlipP(seeds) > 0.05)
        warnings.push_back((seeds == 1 ? std::string("With one seed no test can tell a difference from chance: ")
                                       : "With " + std::to_string(seeds) + " seeds no test can reach p = 0.05 (the least is "
                                           + significantText(leastSignFlipP(seeds), 2) + "): ")
            + "take 6 seeds or more to decide.");
    // Share of percentile bootstrap intervals that hold the mean of normal differences: of 2 0.49, 3 0.66, 4 0.80, 5 0.85, 6 0.87,
    // 8 0.88, 10 0.90, 15 0.92 (1,500 samples each).
    if (seeds > 1 && seeds < kFewSeeds)
        warnings.push_back("Intervals over so few seeds are too narrow: a 95 % interval holds the true mean about "
            + std::string(seeds == 2 ? "10" : seeds == 3 ? "13" : seeds == 4 ? "16" : seeds < 8 ? "17" : "18") + " times in 20, not 19.");
}

std::string nameOf(const ReportCell& cell)
{
    return "Run " + cell.run + " (" + cell.arm + ", " + rateWord(cell.rate) + ", seed " + std::to_string(cell.seed) + ")";
}

// Finished runs that still do not count.
void addLost(Warnings& warnings, const ComparisonReport& report)
{
    Warnings lost;
    for (const ReportCell& cell : report.cells) {
        if (cell.notFinite)
            lost.push_back(nameOf(cell) + " finished, but the loss it is judged by is not finite: it counts as diverged.");
        else if (cell.state == RunState::finished && !std::isfinite(cell.value))
            lost.push_back(nameOf(cell) + (report.judge == Judge::trainingLoss ? " finished without a training loss"
                                                  : cell.keepsBest ? " finished without an evaluation" : " has no evaluation of its last step")
                + ": it does not count in the results.");
    }
    for (size_t i = 0; i < std::min(lost.size(), kMostNamed); ++i)
        warnings.push_back(lost[i]);
    if (lost.size() > kMostNamed)
        warnings.push_back(std::to_string(lost.size() - kMostNamed) + " more runs have no finite loss to be judged by.");
}

void addEnds(Warnings& warnings, const ComparisonReport& report)
{
    std::set<int64_t> ends;
    for (const ReportCell& cell : report.cells) {
        if (cell.state == RunState::finished)
            ends.insert(cell.step);
    }
    if (ends.size() > 1)
        warnings.push_back("The finished runs ended at different steps (" + std::to_string(*ends.begin()) + " to " + std::to_string(*ends.rbegin())
            + "): they did not train on equally many rows.");
}

void addStates(Warnings& warnings, const ComparisonReport& report)
{
    std::map<RunState, size_t> states;
    for (const ReportCell& cell : report.cells)
        ++states[cell.state];
    std::vector<std::string> open;
    size_t unfinished = 0;
    for (const auto& [state, count] : states) {
        if (state == RunState::finished || state == RunState::diverged)
            continue;
        unfinished += count;
        open.push_back(std::to_string(count) + " " + stateText(state));
    }
    if (unfinished > 0)
        warnings.push_back(std::to_string(unfinished) + " of " + counted(report.cells.size(), "run") + " have not finished ("
            + joined(open) + "): they do not count in the results.");
    if (report.comparison.sweep.rates.empty() && report.comparison.sweep.points < 1)
        return;
    const size_t planned = report.comparison.arms.size() * report.comparison.seeds.size()
        * (report.comparison.sweep.rates.empty() ? size_t(report.comparison.sweep.points) : report.comparison.sweep.rates.size());
    if (report.cells.size() < planned)
        warnings.push_back(std::to_string(planned - report.cells.size()) + " of " + counted(planned, "planned run")
            + " are not there (removed, or never created).");
}

void addRateWarnings(Warnings& warnings, const ComparisonReport& report)
{
    std::set<size_t> tried;
    for (const RateCurve& curve : report.rates) {
        tried.insert(curve.points.size());
        for (const RatePoint& point : curve.points) {
            if (point.diverged > 0)
                warnings.push_back(curve.arm + " at " + rateWord(point.rate) + ": " + counted(size_t(point.diverged), "run")
                    + " diverged. A rate at which a seed diverges cannot be an arm's best.");
        }
        if (curve.bestAtEdge)
            warnings.push_back("The best rate of " + curve.arm + ", " + rateWord(curve.points[*curve.best].rate) + ", is the "
                + (*curve.best == 0 ? "smallest" : "largest") + " tried: " + (*curve.best == 0 ? "a smaller" : "a larger")
                + " one may be better still.");
    }
    if (tried.empty() || *tried.rbegin() < 2)
        return;
    std::string text = "The rate is chosen on the rows and seeds that it is then judged by: the arm with the flatter curve or more rates"
                       " looks better than it is, and p and the interval do not know of the choice (";
    if (tried.size() == 1) {
        text += "all tried " + std::to_string(*tried.begin());
    } else {
        std::vector<std::string> counts;
        for (const RateCurve& curve : report.rates)
            counts.push_back(curve.arm + " tried " + std::to_string(curve.points.size()));
        text += joined(counts);
    }
    warnings.push_back(text + ").");
}

void addTests(Warnings& warnings, const ComparisonReport& report)
{
    const auto decided = std::ranges::count_if(report.results, &PairedResult::decides);
    std::set<std::tuple<std::string, double, double>> tests;   // best with best may be the same rate
    for (const PairedResult& result : report.results)
        tests.emplace(result.arm, result.rate, result.baselineRate);
    if (decided > 0 && tests.size() > 1)
        warnings.push_back(std::to_string(tests.size()) + " tests are shown and their p is not corrected for that: where nothing"
            " differs, one in 20 falls below 0.05.");
}

void addPairs(Warnings& warnings, const ComparisonReport& report)
{
    if (report.comparison.arms.empty())
        return;
    Warnings broken;
    const std::string& baseline = report.comparison.arms.front().label;
    for (const ReportCell& cell : report.cells) {
        if (cell.arm == baseline || cell.state != RunState::finished)
            continue;
        // Only what would have been compared: the same rate, or both at their best.
        const bool isBest = bestRate(report, cell.arm) == cell.rate;
        const auto other = std::ranges::find_if(report.cells, [&](const ReportCell& candidate) {
            return candidate.arm == baseline && candidate.seed == cell.seed && candidate.state == RunState::finished
                && (candidate.rate == cell.rate || (isBest && bestRate(report, baseline) == candidate.rate))
                && !pairBreak(cell, candidate).empty();
        });
        if (other != report.cells.end())
            broken.push_back("Broken pair: run " + cell.run + " (" + cell.arm + ", " + rateWord(cell.rate) + ", seed " + std::to_string(cell.seed)
                + ") and run " + other->run + " (" + baseline + ", " + rateWord(other->rate) + ") differ in "
                + pairBreak(cell, *other) + ": not compared.");
    }
    for (size_t i = 0; i < std::min(broken.size(), kMostNamed); ++i)
        warnings.push_back(broken[i]);
    if (broken.size() > kMostNamed)
        warnings.push_back("Broken pairs: " + std::to_string(broken.size() - kMostNamed) + " more.");
}

// The keys among these in which the arms differ.
template <class... Members>
std::vector<std::string> differing(const ComparisonReport& report, const std::pair<const char*, Members RunConfig::*>&... keys)
{
    std::vector<std::string> found;
    const auto compare = [&](const char* name, auto member) {
        if (std::ranges::any_of(report.comparison.arms,
                [&](const Arm& arm) { return arm.config.*member != report.comparison.arms.front().config.*member; }))
            found.emplace_back(name);
    };
    (compare(keys.first, keys.second), ...);
    return found;
}

std::vector<std::string> differingRows(const ComparisonReport& report)
{
    return differing(report, std::pair("steps", &RunConfig::steps), std::pair("batch", &RunConfig::batch),
        std::pair("accumulate", &RunConfig::accumulate), std::pair("epochs", &RunConfig::epochs));
}

void addConfigurations(Warnings& warnings, const ComparisonReport& report, const std::vector<ReportRun>& runs)
{
    if (const auto keys = differingRows(report); !keys.empty())
        warnings.push_back("The arms differ in " + joined(keys) + ": they do not see the same rows at the same step.");
    if (const auto keys = differing(report, std::pair("dropout", &RunConfig::dropout)); !keys.empty())
        warnings.push_back("The arms differ in dropout: a difference may come of that.");
    if (const auto keys = differing(report, std::pair("keep", &RunConfig::keep), std::pair("patience", &RunConfig::patience),
            std::pair("leastGain", &RunConfig::leastGain), std::pair("evalEvery", &RunConfig::evalEvery));
        !keys.empty())
        warnings.push_back("The arms differ in " + joined(keys) + ": they are not stopped and judged alike.");
    for (const Arm& arm : report.comparison.arms) {
        if (arm.config.evalData != "default" && arm.config.evalData == arm.config.data) {
            warnings.push_back("The evaluation rows come from the file that is trained on: the loss says how well rows are remembered, not how"
                               " well the model does on others, unless --rows and --eval-rows keep them apart.");
            break;
        }
    }
    std::set<std::string> versions;
    for (const ReportRun& run : runs) {
        if (run.cell.state == RunState::finished && !run.versions.empty())
            versions.insert(run.versions);
    }
    if (versions.size() > 1)
        warnings.push_back("The runs were trained by different versions: " + joined({versions.begin(), versions.end()}, "; ") + ".");
}

}  // namespace

bool sharesRows(const ComparisonReport& report)
{
    std::map<int64_t, const ReportCell*> firsts;
    for (const ReportCell& cell : report.cells) {
        if (cell.state == RunState::finished && !pairBreak(cell, *firsts.try_emplace(cell.seed, &cell).first->second).empty())
            return false;
    }
    return differingRows(report).empty() && differing(report, std::pair("dropout", &RunConfig::dropout)).empty();
}

void addWarnings(ComparisonReport& report, const std::vector<ReportRun>& runs)
{
    Warnings& warnings = report.warnings;
    addSeeds(warnings, report);
    addStates(warnings, report);
    addLost(warnings, report);
    addEnds(warnings, report);
    addPairs(warnings, report);
    addRateWarnings(warnings, report);
    if (report.judge == Judge::trainingLoss)
        warnings.emplace_back("An arm has no evaluation rows, or no finished run was evaluated: all are judged by the training loss, which"
                              " says nothing about rows that were not trained on.");
    addTests(warnings, report);
    addConfigurations(warnings, report, runs);
}

}  // namespace rankwright
