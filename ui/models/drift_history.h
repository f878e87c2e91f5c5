// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How far a run's modules have gone from their original weights, over its steps: what the drift view draws.
#pragma once

#include "training/api/reports.h"

#include <QString>

namespace rankwright {

enum class DriftMeasure { update, inside, angleMean, angleLargest, effectiveRank, intruders };
constexpr int kDriftMeasures = 6;
[[nodiscard]] QString driftTitle(DriftMeasure measure);      // "Size of the update"
[[nodiscard]] QString driftMeaning(DriftMeasure measure);    // a sentence
[[nodiscard]] QString driftUnit(DriftMeasure measure);
[[nodiscard]] double driftValue(const ModuleDrift& drift, DriftMeasure measure);

class DriftHistory
{
public:
    void set(std::vector<DriftEvent> events);                 // of the store, in order of step
    void add(const DriftEvent& event);                        // a live one; steps from its own on are replaced (a resumed run)
    [[nodiscard]] const std::vector<DriftEvent>& events() const { return m_events; }
    [[nodiscard]] bool isEmpty() const { return m_events.empty(); }
    // The largest finite value of a measure over all steps and modules, for one scale over time; at least `least`.
    [[nodiscard]] double largest(DriftMeasure measure, double least) const;

private:
    std::vector<DriftEvent> m_events;
};

// The modules as the heat map's grid wants them: layer and kind of "model.layers.3.mlp.up_proj" are 3 and "up_proj".
[[nodiscard]] std::vector<ModuleInfo> modulesOf(const std::vector<ModuleDrift>& drifts);

}  // namespace rankwright
