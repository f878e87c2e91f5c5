// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// An arm of a comparison has a name: its method's id, with a number where a method has several arms ("pissa", "pissa 2"). What it
// changes of the shared configuration is kept beside it, a JSON value a key.
#pragma once

#include "training/api/catalog.h"

#include <nlohmann/json.hpp>

#include <QString>
#include <QStringList>

#include <map>

namespace rankwright {

using ArmOverrides = std::map<std::string, nlohmann::json>;   // arm -> {"learningRate": 1e-4, "slice": "minor"}

[[nodiscard]] std::string armMethod(const QString& arm);      // "pissa 2" -> "pissa"
[[nodiscard]] QString armTitle(const QString& arm);           // "PiSSA 2"
// The first free name for another arm of this method.
[[nodiscard]] QString newArm(const std::string& method, const QStringList& taken);
// What the arm changes, or an empty object.
[[nodiscard]] const nlohmann::json& changesOf(const QString& arm, const ArmOverrides& overrides);
// The configuration of one arm: the shared one with its method and what it changes. Throws Error where that makes no sense.
[[nodiscard]] RunConfig armConfig(const RunConfig& shared, const QString& arm, const ArmOverrides& overrides);
// As armConfig, but not checked beyond the types of the values: for what is shown beside a refusal.
[[nodiscard]] RunConfig armDraft(const RunConfig& shared, const QString& arm, const ArmOverrides& overrides);
// "minor" of {"slice": "minor"}, as an option of the command line or a field is written.
[[nodiscard]] QString valueText(const nlohmann::json& value);
// Names for lists and plots: the method, with what tells arms of one method apart ("pissa", "pissa slice=minor").
[[nodiscard]] QStringList armLabels(const QStringList& arms, const ArmOverrides& overrides);
// "--lr" -> "lr": how `--arm pissa:lr=1e-4` names a key; the JSON key where it has no option.
[[nodiscard]] std::string armKey(const std::string& key);

}  // namespace rankwright
