// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A configuration as a JSON file, and as the command line that repeats a comparison.
#pragma once

#include "ui/models/comparison_plan.h"

#include <QString>

namespace rankwright {

// Throws Error: missing, io, limit (above 16 MiB), format (not JSON, deeper than 64, a key twice) or config.
RunConfig readConfigFile(const QString& file);
void writeConfigFile(const RunConfig& config, const QString& file);   // through QSaveFile; throws Error{io}
// "rankwright-cli train ..." for one run, "rankwright-cli compare ... --sweep 5 --arm lora --arm pissa:lr=1e-4" for several.
QString comparisonCommand(
    const RunConfig& config, const QStringList& arms, const ArmOverrides& overrides, const ComparisonPlan& plan);

}  // namespace rankwright
