// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/models/drift_history.h"

#include <QCoreApplication>
#include <QRegularExpression>

#include <algorithm>
#include <cmath>

namespace rankwright {

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("DriftHistory", text);
}

}  // namespace

QString driftTitle(DriftMeasure measure)
{
    switch (measure) {
    case DriftMeasure::update: return tr("Size of the update");
    case DriftMeasure::inside: return tr("Inside the first directions");
    case DriftMeasure::angleMean: return tr("Mean angle to them");
    case DriftMeasure::angleLargest: return tr("Largest angle to them");
    case DriftMeasure::effectiveRank: return tr("Effective rank of the update");
    case DriftMeasure::intruders: break;
    }
    return tr("Intruder dimensions");
}

QString driftMeaning(DriftMeasure measure)
{
    switch (measure) {
    case DriftMeasure::update: return tr("The update's Frobenius norm as a share of the original weight's.");
    case DriftMeasure::inside:
        return tr("Share of the update's energy between the first r left and right singular directions of the original weight, r "
                  "the module's rank.");
    case DriftMeasure::angleMean:
        return tr("Mean principal angle between what B spans and the first r left singular directions of the original weight.");
    case DriftMeasure::angleLargest:
        return tr("Largest principal angle between what B spans and the first r left singular directions of the original weight.");
    case DriftMeasure::effectiveRank:
        return tr("How many directions the update really uses: the exponential of the entropy of its singular values.");
    case DriftMeasure::intruders: break;
    }
    return tr("First singular directions of the trained weight that are far from every one of the original weight's.");
}

QString driftUnit(DriftMeasure measure)
{
    switch (measure) {
    case DriftMeasure::update:
    case DriftMeasure::inside: return QStringLiteral("%");
    case DriftMeasure::angleMean:
    case DriftMeasure::angleLargest: return QStringLiteral("°");
    default: return {};
    }
}

double driftValue(const ModuleDrift& drift, DriftMeasure measure)
{
    switch (measure) {
    case DriftMeasure::update: return 100 * drift.update;
    case DriftMeasure::inside: return 100 * drift.inside;
    case DriftMeasure::angleMean: return drift.angleMean;
    case DriftMeasure::angleLargest: return drift.angleLargest;
    case DriftMeasure::effectiveRank: return drift.effectiveRank;
    case DriftMeasure::intruders: break;
    }
    return double(drift.intruders);
}

void DriftHistory::set(std::vector<DriftEvent> events)
{
    m_events = std::move(events);
}

void DriftHistory::add(const DriftEvent& event)
{
    while (!m_events.empty() && m_events.back().step >= event.step)
        m_events.pop_back();
    m_events.push_back(event);
}

double DriftHistory::largest(DriftMeasure measure, double least) const
{
    for (const DriftEvent& event : m_events)
        for (const ModuleDrift& drift : event.modules)
            if (const double value = driftValue(drift, measure); std::isfinite(value))
                least = std::max(least, value);
    return least;
}

std::vector<ModuleInfo> modulesOf(const std::vector<ModuleDrift>& drifts)
{
    static const QRegularExpression layer(QStringLiteral("\\.(\\d+)\\."));
    std::vector<ModuleInfo> modules;
    for (const ModuleDrift& drift : drifts) {
        const auto name = QString::fromStdString(drift.name);
        const auto found = layer.match(name);
        modules.push_back({.name = drift.name, .layer = found.hasMatch() ? found.captured(1).toLongLong() : -1,
            .kind = name.section('.', -1).toStdString()});
    }
    return modules;
}

}  // namespace rankwright
