// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Everything the window shows of one comparison: its report, the single runs behind each arm's best rate, and what proves or breaks
// each run.
#pragma once

#include "storage/report/comparison_report.h"
#include "ui/models/curve_store.h"

#include <QColor>

namespace rankwright {

// Proofs of one run. Texts are empty where nothing is known yet.
struct RunProof
{
    StepZero stepZero;                    // tokens 0: not measured
    std::optional<ExportProof> exported;  // the newest
    QString brokenPair;                   // how it differs from the runs that it should be paired with
};

struct ComparisonData
{
    ComparisonReport report;
    std::vector<RunProof> proofs;         // beside report.cells
    // Of the runs at their arm's best rate, by run and series ("loss", "evalLoss").
    std::map<std::string, std::map<std::string, std::vector<CurvePoint>>> singles;
    // The same, smoothed as the report smooths before it takes the mean, so that the mean runs among its runs.
    std::map<std::string, std::map<std::string, std::vector<CurvePoint>>> smoothedSingles;
};

// Reads the store; off the window's thread.
[[nodiscard]] ComparisonData comparisonData(RunStore& store, const std::string& comparison);

// The rate an arm is shown at: its best one, or the first of its curves while none has ended; 0 where there is neither.
[[nodiscard]] double shownRate(const ComparisonReport& report, const std::string& arm);
// Steps that the report's curve of this arm and rate is smoothed over, for its single runs; 1 where there is no such curve.
[[nodiscard]] size_t bandWindow(const ComparisonReport& report, const std::string& arm, double rate, const std::string& series);
// Steps, tokens and seconds of each arm at its best rate to `target`, means over its seeds; NaN where not all get there.
[[nodiscard]] std::vector<ReachRow> reachOf(const ComparisonData& data, double target);
// What of a run with `cell`'s order, data or model differs from the other runs of its seed, or of its start from those of its arm.
[[nodiscard]] QString brokenPair(const std::vector<ReportCell>& cells, const ReportCell& cell);

// An arm keeps its method's colour; arms of one method, and the rates of an arm, differ in dash.
struct ArmLook { QColor color; Qt::PenStyle style = Qt::SolidLine; };
[[nodiscard]] ArmLook armLook(const ComparisonReport& report, const std::string& arm, double rate = 0);
[[nodiscard]] QString rateText(double rate);           // "2e-4"
[[nodiscard]] QString signedText(double difference);   // "+0.0123"; NaN as "—"

}  // namespace rankwright
