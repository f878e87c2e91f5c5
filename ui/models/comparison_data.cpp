// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Pairing is checked by hashes: the same seed must mean the same rows in the same order on the same model.
#include "ui/models/comparison_data.h"

#include "ui/format.h"
#include "ui/models/reach.h"
#include "ui/theme.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>

namespace rankwright {

namespace {

QString say(const char* text)
{
    return QCoreApplication::translate("ComparisonData", text);
}

const RateCurve* ratesOfArm(const ComparisonReport& report, const std::string& arm)
{
    const auto found
        = std::find_if(report.rates.begin(), report.rates.end(), [&](const RateCurve& curve) { return curve.arm == arm; });
    return found == report.rates.end() ? nullptr : &*found;
}

}  // namespace

double shownRate(const ComparisonReport& report, const std::string& arm)
{
    const RateCurve* rates = ratesOfArm(report, arm);
    if (rates != nullptr && rates->best)
        return rates->points[*rates->best].rate;
    for (const BandCurve& curve : report.curves)
        if (curve.arm == arm)
            return curve.rate;
    return 0;
}

QString brokenPair(const std::vector<ReportCell>& cells, const ReportCell& cell)
{
    const auto differs = [&](std::string ReportCell::*hash, const auto& isPartner) {
        if ((cell.*hash).empty())
            return false;
        return std::any_of(cells.begin(), cells.end(), [&](const ReportCell& other) {
            return isPartner(other) && !(other.*hash).empty() && other.*hash != cell.*hash;
        });
    };
    const auto any = [](const ReportCell&) { return true; };
    const auto sameSeed = [&](const ReportCell& other) { return other.seed == cell.seed; };
    const auto sameStart = [&](const ReportCell& other) { return other.seed == cell.seed && other.arm == cell.arm; };
    QStringList parts;
    if (differs(&ReportCell::modelHash, any))
        parts << say("another model");
    if (differs(&ReportCell::dataHash, any))
        parts << say("other data");
    if (differs(&ReportCell::evalHash, any))
        parts << say("other evaluation rows");
    if (differs(&ReportCell::orderHash, sameSeed))
        parts << say("another order of rows");
    if (differs(&ReportCell::initHash, sameStart))
        parts << say("another start of the adapter");
    return parts.join(QStringLiteral(", "));
}

ComparisonData comparisonData(RunStore& store, const std::string& comparison)
{
    ComparisonData data;
    data.report = reportOf(store, comparison);
    for (const ReportCell& cell : data.report.cells) {
        RunProof proof;
        if (const auto started = startedOf(store.folderOf(cell.run)))
            proof.stepZero = started->stepZero;
        if (const auto exports = store.exports(cell.run); !exports.empty())
            proof.exported = exports.back();
        proof.brokenPair = brokenPair(data.report.cells, cell);
        data.proofs.push_back(std::move(proof));
        if (cell.rate == shownRate(data.report, cell.arm))
            for (const char* series : {"loss", "evalLoss"}) {
                const auto& single = data.singles[cell.run][series] = storedCurve(store, cell.run, series);
                data.smoothedSingles[cell.run][series] = smoothed(single, bandWindow(data.report, cell.arm, cell.rate, series));
            }
    }
    return data;
}

size_t bandWindow(const ComparisonReport& report, const std::string& arm, double rate, const std::string& series)
{
    for (const BandCurve& curve : report.curves)
        if (curve.arm == arm && curve.rate == rate && curve.series == series)
            return size_t(curve.window);
    return 1;
}

std::vector<ReachRow> reachOf(const ComparisonData& data, double target)
{
    // By the curve that the report itself goes by: evaluations are few, and there may be only the first and the last.
    const bool evaluated = !data.report.reach.empty() && data.report.reach.front().series == "evalLoss";
    std::vector<ReachRow> rows;
    for (const Arm& arm : data.report.comparison.arms) {
        ReachRow row{.arm = arm.label, .rate = shownRate(data.report, arm.label), .target = target, .series = evaluated ? "evalLoss" : "loss"};
        for (const ReportCell& cell : data.report.cells) {
            const auto single = data.singles.find(cell.run);
            if (cell.arm != arm.label || single == data.singles.end())
                continue;
            const auto& curve = single->second.at(evaluated ? "evalLoss" : "loss");
            ++row.runs;
            const auto hit = reached(curve, target, bandWindow(data.report, cell.arm, cell.rate, row.series));
            if (!hit)
                continue;
            ++row.reached;
            row.steps += double(hit->step);
            row.tokens += double(hit->tokens);
            row.seconds += hit->seconds;
        }
        for (double* sum : {&row.steps, &row.tokens, &row.seconds})
            *sum = row.reached > 0 && row.reached == row.runs ? *sum / double(row.reached) : std::numeric_limits<double>::quiet_NaN();
        rows.push_back(row);
    }
    return rows;
}

ArmLook armLook(const ComparisonReport& report, const std::string& arm, double rate)
{
    std::string method;
    int nth = 0;
    for (const Arm& candidate : report.comparison.arms)
        if (candidate.label == arm)
            method = candidate.config.method;
    for (const Arm& candidate : report.comparison.arms) {
        if (candidate.label == arm)
            break;
        nth += candidate.config.method == method ? 1 : 0;
    }
    if (const RateCurve* rates = ratesOfArm(report, arm); rates != nullptr && rate > 0 && rate != shownRate(report, arm)) {
        const auto at = std::find_if(
            rates->points.begin(), rates->points.end(), [&](const RatePoint& point) { return point.rate == rate; });
        nth += 1 + int(at - rates->points.begin());
    }
    const auto name = format::text(method);
    return {theme::methodColor(name), theme::methodStyle(name, nth)};
}

QString rateText(double rate)
{
    auto text = QString::number(rate, 'g', 3);
    return text.replace(QLatin1String("e-0"), QLatin1String("e-"));
}

QString signedText(double difference)
{
    const auto text = format::number(difference);
    return difference > 0 ? QLatin1Char('+') + text : text;
}

}  // namespace rankwright
