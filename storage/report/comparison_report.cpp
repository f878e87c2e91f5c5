// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The report put together, and its two forms for other programs.
#include "storage/report/report_parts.h"
#include "storage/run_csv.h"
#include "storage/utc_time.h"
#include "training/api/error.h"
#include "training/api/json_text.h"

#include <algorithm>
#include <set>

namespace rankwright {

namespace {

using nlohmann::json;

const char* judgeName(Judge judge) { return judge == Judge::evalLoss ? "evalLoss" : "trainingLoss"; }

json numbers(const std::vector<double>& values)
{
    json list = json::array();
    for (const double value : values)
        list.push_back(jsonNumber(value));
    return list;
}

template <class Items>
json listOf(const Items& items, const auto& form)
{
    json list = json::array();
    for (const auto& item : items)
        list.push_back(form(item));
    return list;
}

json cellForm(const ReportCell& cell)
{
    json metrics = json::object();
    for (const auto& [id, value] : cell.metrics)
        metrics[id] = jsonNumber(value);
    return {{"run", cell.run}, {"arm", jsonText(cell.arm)}, {"method", cell.method}, {"rate", jsonNumber(cell.rate)}, {"seed", cell.seed},
        {"state", stateText(cell.state)}, {"value", jsonNumber(cell.value)}, {"evalBefore", jsonNumber(cell.evalBefore)},
        {"seconds", jsonNumber(cell.seconds)}, {"step", cell.step}, {"tokens", cell.tokens}, {"peakBytes", cell.peakBytes},
        {"initHash", jsonText(cell.initHash)}, {"orderHash", jsonText(cell.orderHash)}, {"dataHash", jsonText(cell.dataHash)},
        {"modelHash", jsonText(cell.modelHash)}, {"evalHash", jsonText(cell.evalHash)}, {"keepsBest", cell.keepsBest},
        {"notFinite", cell.notFinite}, {"metrics", std::move(metrics)}};
}

json bandForm(const BandPoint& point)
{
    return {{"step", point.step}, {"tokens", jsonNumber(point.tokens)}, {"seconds", jsonNumber(point.seconds)},
        {"middle", jsonNumber(point.middle)}, {"low", jsonNumber(point.low)}, {"high", jsonNumber(point.high)}, {"runs", point.runs}};
}

json curveForm(const BandCurve& curve)
{
    return {{"arm", jsonText(curve.arm)}, {"series", curve.series}, {"rate", jsonNumber(curve.rate)}, {"window", curve.window},
        {"points", listOf(curve.points, bandForm)}};
}

json differenceForm(const DifferenceCurve& curve)
{
    return {{"arm", jsonText(curve.arm)}, {"baseline", jsonText(curve.baseline)}, {"series", curve.series}, {"rate", jsonNumber(curve.rate)},
        {"baselineRate", jsonNumber(curve.baselineRate)}, {"window", curve.window}, {"points", listOf(curve.points, bandForm)}};
}

json rateForm(const RateCurve& curve)
{
    const auto point = [](const RatePoint& one) -> json {
        return {{"rate", jsonNumber(one.rate)}, {"value", jsonNumber(one.value)}, {"low", jsonNumber(one.low)}, {"high", jsonNumber(one.high)},
            {"values", numbers(one.values)}, {"seeds", one.seeds}, {"diverged", one.diverged}};
    };
    return {{"arm", jsonText(curve.arm)}, {"method", curve.method}, {"points", listOf(curve.points, point)},
        {"best", curve.best ? jsonNumber(curve.points[*curve.best].rate) : json()}, {"bestAtEdge", curve.bestAtEdge}};
}

json resultForm(const PairedResult& result)
{
    return {{"question", result.question == PairedResult::Question::bestRate ? "bestRate" : "sameRate"}, {"arm", jsonText(result.arm)},
        {"baseline", jsonText(result.baseline)}, {"rate", jsonNumber(result.rate)}, {"baselineRate", jsonNumber(result.baselineRate)},
        {"seeds", result.seeds}, {"differences", numbers(result.differences)}, {"mean", jsonNumber(result.mean)},
        {"deviation", jsonNumber(result.deviation)}, {"low", jsonNumber(result.interval.low)}, {"high", jsonNumber(result.interval.high)},
        {"p", jsonNumber(result.p)}, {"leastP", jsonNumber(result.leastP)}, {"decides", result.decides}, {"verdict", jsonText(result.verdict)},
        {"divergedArm", result.divergedArm}, {"divergedBaseline", result.divergedBaseline}};
}

json reachForm(const ReachRow& row)
{
    return {{"arm", jsonText(row.arm)}, {"rate", jsonNumber(row.rate)}, {"series", row.series}, {"target", jsonNumber(row.target)},
        {"steps", jsonNumber(row.steps)}, {"tokens", jsonNumber(row.tokens)}, {"seconds", jsonNumber(row.seconds)},
        {"reached", row.reached}, {"runs", row.runs}};
}

// As it was stored; else as its runs say.
Comparison storedOrByRuns(RunStore& store, const std::string& id, std::vector<std::string>& warnings)
{
    try {
        return readComparison(store.dataDirectory(), id);
    } catch (const Error& error) {
        if (error.code() != Code::missing && error.code() != Code::format)
            throw;
        if (error.code() == Code::format)
            warnings.push_back(std::string("The comparison's file cannot be read; arms, seeds and baseline are taken from its runs. ") + error.what());
        return comparisonByRuns(store, id);
    }
}

}  // namespace

ComparisonReport reportOf(RunStore& store, const std::string& comparison)
{
    const auto ids = comparisonRuns(store, comparison);
    ComparisonReport report;
    report.comparison = storedOrByRuns(store, ids.empty() ? comparison : store.run(ids.front()).comparison, report.warnings);
    std::vector<ReportRun> runs = reportRuns(store, report.comparison);
    report.judge = judgeOf(runs);
    for (ReportRun& run : runs) {
        run.cell.value = judged(run, report.judge);
        run.cell.notFinite = isNotFinite(run, report.judge);
        report.cells.push_back(run.cell);
        if (report.versions.empty())
            report.versions = run.versions;
    }
    report.model = report.comparison.arms.front().config.model;
    report.data = report.comparison.arms.front().config.data;
    report.written = utcNow();
    addRates(report);
    addCurves(report, runs);
    addResults(report);
    addWarnings(report, runs);
    return report;
}

std::string judgeText(const ComparisonReport& report)
{
    if (report.judge == Judge::trainingLoss)
        return "mean training loss of the last tenth of the steps";
    return std::ranges::any_of(report.cells, &ReportCell::keepsBest) ? "evaluation loss of the kept parameters" : "last evaluation loss";
}

json toJson(const ComparisonReport& report)
{
    json warnings = json::array();
    for (const std::string& warning : report.warnings)
        warnings.push_back(jsonText(warning));
    return {{"comparison", toJson(report.comparison)}, {"model", jsonText(report.model)}, {"data", jsonText(report.data)},
        {"versions", jsonText(report.versions)}, {"written", report.written}, {"judge", judgeName(report.judge)},
        {"cells", listOf(report.cells, cellForm)}, {"curves", listOf(report.curves, curveForm)},
        {"differences", listOf(report.differences, differenceForm)}, {"rates", listOf(report.rates, rateForm)},
        {"results", listOf(report.results, resultForm)}, {"reach", listOf(report.reach, reachForm)}, {"warnings", std::move(warnings)}};
}

std::string cellsCsv(const ComparisonReport& report)
{
    std::string text = "run,arm,method,rate,seed,state," + std::string(judgeName(report.judge))
        + ",evalBefore,steps,tokens,seconds,peakBytes,initHash,orderHash,dataHash,modelHash,evalHash";
    std::set<std::string> metrics;
    for (const ReportCell& cell : report.cells) {
        for (const auto& [id, value] : cell.metrics)
            metrics.insert(id);
    }
    for (const std::string& id : metrics)
        text += "," + csvCell(std::string(kMetricPrefix) + id);
    text += "\r\n";
    for (const ReportCell& cell : report.cells) {
        for (const std::string& one : {csvCell(cell.run), csvCell(cell.arm), csvCell(cell.method), csvNumber(cell.rate),
                 std::to_string(cell.seed), stateText(cell.state), csvNumber(cell.value), csvNumber(cell.evalBefore),
                 std::to_string(cell.step), std::to_string(cell.tokens), csvNumber(cell.seconds), std::to_string(cell.peakBytes),
                 csvCell(cell.initHash), csvCell(cell.orderHash), csvCell(cell.dataHash),
                 csvCell(cell.modelHash)})
            text += one + ",";
        text += csvCell(cell.evalHash);
        for (const std::string& id : metrics) {
            const auto found = cell.metrics.find(id);
            text += "," + (found == cell.metrics.end() ? std::string() : csvNumber(found->second));
        }
        text += "\r\n";
    }
    return text;
}

}  // namespace rankwright
