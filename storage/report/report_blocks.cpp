// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What stands in a report, in the order in which a reader asks: what was compared, what came out, how sure that is, the curves, and
// everything needed to do it again.
#include "storage/report/report_page.h"

#include "storage/report/report_parts.h"
#include "storage/report/svg_chart.h"
#include "training/api/catalog.h"
#include "training/api/config_fields.h"
#include "training/api/method_line.h"
#include "training/api/number_text.h"
#include "training/api/words.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace rankwright {

namespace {

using Blocks = std::vector<ReportBlock>;

// "0.1 to 0.2", "-" where there is none.
std::string intervalText(double low, double high, const auto& text)
{
    return std::isfinite(low) && std::isfinite(high) ? text(low) + " to " + text(high) : "-";
}

// The line of each arm: its method's, the next dash where a method has several arms.
std::map<std::string, MethodLine> armLines(const ComparisonReport& report)
{
    std::map<std::string, MethodLine> lines;
    std::map<std::string, int> ofMethod;
    for (const Arm& arm : report.comparison.arms) {
        MethodLine line = methodLine(arm.config.method);
        line.dash += ofMethod[arm.config.method]++;
        lines[arm.label] = line;
    }
    return lines;
}

template <class Curve>
ChartSeries seriesOf(const Curve& curve, const MethodLine& line, std::string label)
{
    ChartSeries series{.label = std::move(label), .hue = line.hue, .dash = line.dash};
    for (const BandPoint& point : curve.points)
        series.points.push_back({double(point.step), point.middle, point.low, point.high});
    return series;
}

void addChart(Blocks& blocks, const Chart& chart, std::string caption)
{
    blocks.emplace_back(ReportChart{chartSvg(chart), std::move(caption), chart.width, chart.height});
}

void addSummary(Blocks& blocks, const ComparisonReport& report)
{
    const Comparison& comparison = report.comparison;
    blocks.emplace_back(ReportHeading{titleOf(comparison), 1});
    blocks.emplace_back(ReportText{"Comparison " + comparison.id + ", made " + comparison.created + "."});
    std::vector<std::string> arms;
    std::set<double> rates;
    for (const Arm& arm : comparison.arms)
        arms.push_back(arm.label);
    for (const ReportCell& cell : report.cells)
        rates.insert(cell.rate);
    blocks.emplace_back(ReportText{std::to_string(comparison.arms.size()) + " arms (" + joined(arms) + "), "
        + std::to_string(comparison.seeds.size()) + (comparison.seeds.size() == 1 ? " seed, " : " seeds, ")
        + std::to_string(rates.size()) + (rates.size() == 1 ? " learning rate: " : " learning rates: ") + std::to_string(report.cells.size())
        + " runs of " + report.model + " on " + report.data + ". "
        + (sharesRows(report) ? "All runs of a seed see the same rows in the same order with the same dropout; judged" : "Judged") + " by the "
        + judgeText(report) + ", lower is better. The baseline is "
        + (arms.empty() ? std::string("missing") : arms.front()) + "."});
    for (const std::string& warning : report.warnings)
        blocks.emplace_back(ReportText{warning, true});
}

std::string differencesText(const PairedResult& result)
{
    std::string text;
    for (size_t i = 0; i < result.differences.size(); ++i)
        text += (i == 0 ? "" : ", ") + significantText(result.differences[i], 3);
    return text;
}

std::string questionText(const ComparisonReport& report, const PairedResult& result)
{
    if (result.question == PairedResult::Question::sameRate)
        return "same rate";
    return isSwept(report) ? "best with best" : result.rate == result.baselineRate ? "same rate" : "own rates";
}

void addResults(Blocks& blocks, const ComparisonReport& report)
{
    blocks.emplace_back(ReportHeading{"What came out", 2});
    if (report.results.empty()) {
        blocks.emplace_back(ReportText{"No two arms have finished with the same seed yet."});
        return;
    }
    for (const PairedResult& result : report.results) {
        if (result.question == PairedResult::Question::bestRate)
            blocks.emplace_back(ReportText{result.verdict});
    }
    ReportTable table{{"Question", "Arm", "Rate", "Baseline", "Rate", "Differences, a seed each", "Mean", "95 % interval", "p", "Least p"},
        {}, {false, false, true, false, true, false, true, true, true, true}};
    const bool diverged = std::ranges::any_of(report.results, [](const PairedResult& result) { return !divergedText(result).empty(); });
    if (diverged) {
        table.head.emplace_back("Not counted");
        table.numeric.push_back(false);
    }
    const auto number = [](double value) { return significantText(value, 3); };
    for (const PairedResult& result : report.results) {
        table.rows.push_back({questionText(report, result), result.arm, rateWord(result.rate), result.baseline, rateWord(result.baselineRate),
            differencesText(result), number(result.mean), intervalText(result.interval.low, result.interval.high, number), number(result.p),
            number(result.leastP)});
        if (diverged)
            table.rows.back().push_back(divergedText(result));
    }
    blocks.emplace_back(std::move(table));
    blocks.emplace_back(ReportText{"A difference is the arm's loss less the baseline's with the same seed: below 0 the arm is better. The"
        " interval is the percentile bootstrap of the mean over seeds; p is the exact two-sided sign-flip test, and the least p is what"
        " it would be if every seed agreed."
        + std::string(isSwept(report) ? " Best with best compares each arm at the rate that served it best; same rate asks the question that a"
                                        " single learning rate for all would have answered."
                                      : "")});
}

std::string rateNote(const RateCurve& curve, size_t i)
{
    const RatePoint& point = curve.points[i];
    std::string note = curve.best == i ? (curve.bestAtEdge ? "best, at the edge of the sweep" : "best") : "";
    if (point.diverged > 0)
        note += (note.empty() ? "" : "; ") + std::to_string(point.diverged) + " diverged";
    return note;
}

ReportTable ratesTable(const ComparisonReport& report)
{
    ReportTable table{{"Arm", "Rate", "Mean loss", "95 % interval", "Seeds", ""}, {}, {false, true, true, true, true, false}};
    for (const RateCurve& curve : report.rates) {
        for (size_t i = 0; i < curve.points.size(); ++i) {
            const RatePoint& point = curve.points[i];
            table.rows.push_back({curve.arm, rateWord(point.rate), numberText(point.value),
                intervalText(point.low, point.high, [](double value) { return numberText(value); }), std::to_string(point.values.size()), rateNote(curve, i)});
        }
    }
    return table;
}

void addRates(Blocks& blocks, const ComparisonReport& report)
{
    const auto lines = armLines(report);
    std::set<double> rates;
    Chart chart{.title = "Loss against learning rate", .xTitle = "learning rate", .yTitle = "loss", .series = {}, .logX = true};
    for (const RateCurve& curve : report.rates) {
        if (curve.points.size() < 2)
            continue;
        const auto line = lines.find(curve.arm);
        const MethodLine style = line == lines.end() ? methodLine(curve.method) : line->second;
        ChartSeries means{.label = curve.arm, .hue = style.hue, .dash = style.dash, .points = {}, .markers = true, .bars = true};
        ChartSeries survivors{.label = {}, .hue = style.hue, .points = {}, .line = false, .markers = true, .hollow = true};
        ChartSeries seeds{.label = {}, .hue = style.hue, .points = {}, .line = false, .markers = true, .opacity = 0.35};
        for (const RatePoint& point : curve.points) {
            rates.insert(point.rate);
            if (point.diverged > 0) {   // no mean like the others: it has lost its worst seeds
                chart.xMarks.push_back(point.rate);
                survivors.points.push_back({point.rate, point.value, std::nan(""), std::nan("")});
                means.points.push_back({point.rate, std::nan(""), std::nan(""), std::nan("")});
            } else {
                means.points.push_back({point.rate, point.value, point.low, point.high});
            }
            for (const double value : point.values)
                seeds.points.push_back({point.rate, value, std::nan(""), std::nan("")});
        }
        chart.series.push_back(std::move(seeds));
        chart.series.push_back(std::move(means));
        chart.series.push_back(std::move(survivors));
    }
    if (chart.series.empty())
        return;
    if (rates.size() <= 7)
        chart.xTicks.assign(rates.begin(), rates.end());
    blocks.emplace_back(ReportHeading{"Learning rates", 2});
    addChart(blocks, chart, "The " + judgeText(report) + " at each learning rate: faint points are single seeds, solid ones their means with"
        " 95 % intervals." + (chart.xMarks.empty() ? "" : " Where a seed diverged there is a red mark on the axis and the line ends; a hollow point"
        " is the mean of the seeds that did not, which is too good."));
    blocks.emplace_back(ratesTable(report));
}

void addCurves(Blocks& blocks, const ComparisonReport& report)
{
    const auto lines = armLines(report);
    blocks.emplace_back(ReportHeading{"Curves", 2});
    for (const auto& [series, title] : {std::pair("evalLoss", "Evaluation loss"), std::pair("loss", "Training loss, smoothed")}) {
        Chart chart{.title = title, .xTitle = "step", .yTitle = "loss"};
        for (const BandCurve& curve : report.curves) {
            const auto best = bestRate(report, curve.arm);
            if (curve.series != series || curve.rate != best || curve.points.empty())
                continue;
            chart.series.push_back(seriesOf(curve, lines.at(curve.arm), curve.arm + ", lr " + rateWord(curve.rate)));
        }
        if (!chart.series.empty())
            addChart(blocks, chart, std::string(title) + " of each arm at its " + (isSwept(report) ? "best" : "own") + " learning rate: mean over seeds"
                + (report.comparison.seeds.size() > 1 ? ", band: 95 % bootstrap interval." : "."));
    }
    for (const auto& [series, title] : {std::pair("evalLoss", "Difference in evaluation loss"), std::pair("loss", "Difference in training loss")}) {
        Chart chart{.title = title, .xTitle = "step", .yTitle = "arm less baseline", .series = {}, .zeroLine = true};
        for (const DifferenceCurve& curve : report.differences) {
            if (curve.series == series && !curve.points.empty())
                chart.series.push_back(seriesOf(curve, lines.at(curve.arm), curve.arm + " less " + curve.baseline));
        }
        if (!chart.series.empty())
            addChart(blocks, chart, std::string(title) + ", paired by seed, each arm at its " + (isSwept(report) ? "best" : "own")
                + " rate; below the line the arm is better.");
    }
}

void addReach(Blocks& blocks, const ComparisonReport& report)
{
    if (report.reach.empty())
        return;
    blocks.emplace_back(ReportHeading{"What it takes to get there", 2});
    ReportTable table{{"Arm", "Rate", "Loss to reach", "Seeds that do", "Steps", "Tokens", "Training time"}, {},
        {false, true, true, true, true, true, true}};
    for (const ReachRow& row : report.reach) {
        const bool all = std::isfinite(row.steps);
        table.rows.push_back({row.arm, rateWord(row.rate), numberText(row.target), std::to_string(row.reached) + " of " + std::to_string(row.runs),
            all ? numberText(row.steps, 0) : row.reached > 0 ? "not reached by all" : "not reached",
            all ? countText(std::llround(row.tokens)) : "-", all ? durationText(row.seconds) : "-"});
    }
    blocks.emplace_back(std::move(table));
    blocks.emplace_back(ReportText{"The loss to reach is the baseline's at its end with the same seed; means over seeds, where all of them reach it."});
}

void addRuns(Blocks& blocks, const ComparisonReport& report)
{
    blocks.emplace_back(ReportHeading{"Every run", 2});
    ReportTable table{{"Run", "Arm", "Rate", "Seed", "State", "Steps", "Before", "Loss", "Time"}, {},
        {false, false, true, true, false, true, true, true, true}};
    for (const ReportCell& cell : report.cells) {
        table.rows.push_back({cell.run, cell.arm, rateWord(cell.rate), std::to_string(cell.seed), stateText(cell.state),
            std::to_string(cell.step), numberText(cell.evalBefore), numberText(cell.value), durationText(cell.seconds)});
    }
    blocks.emplace_back(std::move(table));
}

// The settings that all arms share, then what each has of its own.
void addConfiguration(Blocks& blocks, const ComparisonReport& report)
{
    const auto& arms = report.comparison.arms;
    if (arms.empty())
        return;
    blocks.emplace_back(ReportHeading{"Configuration", 2});
    ReportTable table{{"Setting"}, {}, {false}};
    std::vector<nlohmann::json> forms;
    for (const Arm& arm : arms) {
        table.head.push_back(arm.label);
        table.numeric.push_back(false);
        forms.push_back(toJson(arm.config));
    }
    const nlohmann::json defaults = toJson(RunConfig());
    for (const Field& field : configFields()) {
        if (field.key == "name" || field.key == "seed" || !std::ranges::any_of(forms, [&](const auto& form) { return form.contains(field.key); }))
            continue;
        std::vector<std::string> row{field.label};
        bool worthIt = false;
        for (const auto& form : forms) {
            const nlohmann::json value = form.value(field.key, nlohmann::json());
            worthIt = worthIt || value != defaults.value(field.key, nlohmann::json()) || value != forms.front().value(field.key, nlohmann::json());
            row.push_back(value.is_string() ? value.get<std::string>() : value.is_null() ? std::string("-") : value.dump());
        }
        if (worthIt)
            table.rows.push_back(std::move(row));
    }
    blocks.emplace_back(std::move(table));
    std::set<std::string> data, models;
    for (const ReportCell& cell : report.cells) {
        data.insert(cell.dataHash);
        models.insert(cell.modelHash);
    }
    std::vector<std::string> words;
    for (const auto& [what, hashes] : {std::pair("data", data), std::pair("model", models)}) {
        for (const std::string& hash : hashes) {
            if (!hash.empty())
                words.push_back(std::string(what) + " SHA-256 " + hash);
        }
    }
    blocks.emplace_back(ReportText{"Only what differs from the defaults or between arms is listed; learning rates of a sweep are those of the runs above. "
        + joined(words) + (words.empty() ? "" : ". ") + (report.versions.empty() ? "" : "Made with " + report.versions + ". ") + "Written "
        + report.written + "."});
}

}  // namespace

std::vector<ReportBlock> reportBlocks(const ComparisonReport& report)
{
    Blocks blocks;
    addSummary(blocks, report);
    addResults(blocks, report);
    addRates(blocks, report);
    addCurves(blocks, report);
    addReach(blocks, report);
    addRuns(blocks, report);
    addConfiguration(blocks, report);
    return blocks;
}

}  // namespace rankwright
