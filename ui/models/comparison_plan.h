// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What a person says about a comparison beside its arms: seeds, learning rates, baseline, schedule; and the Comparison that follows.
#pragma once

#include "storage/runs/comparison.h"
#include "ui/models/arms.h"

#include <optional>

namespace rankwright {

struct ComparisonPlan
{
    std::vector<int64_t> seeds;        // empty: the shared configuration's one
    std::optional<RateSweep> sweep;    // none said: five rates where arms are compared, an arm's own rate where it is alone
    Schedule schedule = Schedule::queued;
    QString baseline;                  // an arm; empty or not ticked: the first arm
    bool operator==(const ComparisonPlan&) const = default;
};

// What the plan comes to for these arms.
[[nodiscard]] std::vector<int64_t> seedsOf(const ComparisonPlan& plan, const RunConfig& shared);
[[nodiscard]] RateSweep sweepOf(const ComparisonPlan& plan, const QStringList& arms);
[[nodiscard]] QString baselineOf(const ComparisonPlan& plan, const QStringList& arms);
// Arms take turns only where there are several; seeds and rates of a single one can be trained together.
[[nodiscard]] Schedule scheduleOf(const ComparisonPlan& plan, const QStringList& arms);
[[nodiscard]] int64_t ratesPerArm(const RateSweep& sweep);
// The whole comparison, its baseline first. Throws Error where an arm makes no sense, or none is ticked.
[[nodiscard]] Comparison comparisonOf(
    const ComparisonPlan& plan, const RunConfig& shared, const QStringList& arms, const ArmOverrides& overrides);

// "0, 1, 2" <-> numbers. Throw Error{config} with what is allowed: whole numbers from 0, each once; rates above 0, each once.
[[nodiscard]] std::vector<int64_t> seedsFromText(const QString& text);
[[nodiscard]] QString seedsText(const std::vector<int64_t>& seeds);
[[nodiscard]] std::vector<double> ratesFromText(const QString& text);
[[nodiscard]] QString ratesText(const std::vector<double>& rates);

}  // namespace rankwright
