// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Stored runs as a report needs them: what each is judged by, which may be paired, which have curves worth showing.
#include "storage/report/report_parts.h"
#include "training/api/json_text.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankwright {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

std::string textIn(const nlohmann::json& document, const char* key)
{
    const auto found = document.find(key);
    return found != document.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void addProvenance(ReportRun& run, const nlohmann::json& document)
{
    const auto provenance = document.find("provenance");
    if (provenance == document.end() || !provenance->is_object())
        return;
    run.cell.initHash = textIn(*provenance, "initHash");
    run.cell.orderHash = textIn(*provenance, "orderHash");
    run.cell.dataHash = textIn(*provenance, "dataHash");
    run.cell.modelHash = textIn(*provenance, "modelHash");
    run.cell.evalHash = textIn(*provenance, "evalHash");
    run.versions = textIn(*provenance, "engine");
}

ReportRun runOf(RunStore& store, const std::string& id)
{
    const RunRow row = store.run(id);
    ReportRun run;
    run.config = store.config(id);
    run.cell = {.run = id,
        .arm = row.arm.empty() ? labelOf(run.config) : row.arm,
        .method = run.config.method,
        .rate = run.config.learningRate,
        .seed = run.config.seed,
        .state = row.state,
        .value = kNone,
        .evalBefore = kNone,
        .seconds = row.step > 0 ? row.seconds : kNone,
        .step = row.step,
        .tokens = row.tokens,
        .peakBytes = row.peakBytes,
        .keepsBest = run.config.keep == "best"};
    run.cell.metrics = store.metrics(id);
    addProvenance(run, store.document(id));
    run.loss = store.curve(id, "loss");
    run.evaluations = store.curve(id, "evalLoss");
    run.steps = row.steps > 0 ? row.steps : int64_t(run.loss.size());
    if (!run.evaluations.empty() && run.evaluations.front().step == 0)
        run.cell.evalBefore = run.evaluations.front().value;
    return run;
}

// After its first step.
bool wasEvaluated(const ReportRun& run) { return !run.evaluations.empty() && run.evaluations.back().step > 0; }

// Of the parameters that the run's adapter has: the trainer keeps those of the lowest finite evaluation, the one before the first step
// among them, or the last.
double evaluation(const ReportRun& run)
{
    if (!wasEvaluated(run))
        return kNone;
    if (!run.cell.keepsBest)
        return run.evaluations.back().step == run.cell.step ? run.evaluations.back().value : kNone;
    double lowest = kNone;
    for (const CurvePoint& point : run.evaluations) {
        if (std::isfinite(point.value) && !(point.value >= lowest))
            lowest = point.value;
    }
    return lowest;
}

}  // namespace

std::vector<ReportRun> reportRuns(RunStore& store, const Comparison& comparison)
{
    std::vector<ReportRun> runs;
    for (const std::string& id : comparisonRuns(store, comparison.id))
        runs.push_back(runOf(store, id));
    return runs;
}

// By how the runs were set up, never by how they came out: a run whose loss is lost must not change what the others are judged by.
Judge judgeOf(const std::vector<ReportRun>& runs)
{
    bool finished = false, evaluated = false;
    for (const ReportRun& run : runs) {
        if (run.config.evalData.empty() && run.config.validation <= 0)
            return Judge::trainingLoss;
        if (run.cell.state != RunState::finished)
            continue;
        finished = true;
        evaluated = evaluated || wasEvaluated(run);
    }
    return evaluated || !finished ? Judge::evalLoss : Judge::trainingLoss;
}

double judged(const ReportRun& run, Judge judge)
{
    const double value = judge == Judge::evalLoss ? evaluation(run) : finalLoss(run.loss);
    return std::isfinite(value) ? value : kNone;
}

bool isNotFinite(const ReportRun& run, Judge judge)
{
    if (run.cell.state != RunState::finished || std::isfinite(judged(run, judge)))
        return false;
    if (judge == Judge::trainingLoss)
        return !run.loss.empty();
    return wasEvaluated(run) && (run.cell.keepsBest || run.evaluations.back().step == run.cell.step);
}

Seeds shownRuns(const std::vector<ReportRun>& runs, const std::string& arm, double rate)
{
    const auto kindOf = [](const ReportCell& cell) {
        if (cell.diverged() || cell.state == RunState::failed)
            return 2;
        return cell.state == RunState::finished ? 0 : 1;
    };
    for (int kind = 0; kind < 3; ++kind) {
        Seeds seeds;
        for (const ReportRun& run : runs) {
            if (run.cell.arm == arm && run.cell.rate == rate && kindOf(run.cell) == kind && !run.loss.empty())
                seeds.push_back(&run);
        }
        if (!seeds.empty())
            return seeds;
    }
    return {};
}

std::string pairBreak(const ReportCell& arm, const ReportCell& baseline)
{
    std::string found;
    const auto differ = [&](const std::string& left, const std::string& right, const char* what) {
        if (left != right)
            found += (found.empty() ? "" : " and ") + std::string(what);
    };
    differ(arm.orderHash, baseline.orderHash, "the order of rows");
    differ(arm.dataHash, baseline.dataHash, "the data");
    differ(arm.modelHash, baseline.modelHash, "the model");
    if (!arm.evalHash.empty() && !baseline.evalHash.empty())
        differ(arm.evalHash, baseline.evalHash, "the evaluation rows");
    return found;
}

}  // namespace rankwright
