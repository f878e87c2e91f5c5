// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The schema as a ladder: step i (from 0) brings a database from user_version i to i + 1. A step that has been released
// is never edited; a change of the schema is one string more.
#pragma once

#include "storage/database.h"

#include <span>

namespace rankwright {

// PRAGMA application_id of our databases: "Rkwt".
inline constexpr int64_t kApplicationId = 0x526b7774;

std::span<const std::string> schemaSteps();

// Refuses a damaged database, a database of another program and one of a newer version of this program (naming both
// versions); then takes the missing steps in one exclusive transaction, after a copy named FILE.version-N.bak.
// Processes that start at the same time wait for each other. The original is unchanged wherever this throws.
void bringUpToDate(Database& database, std::span<const std::string> steps = schemaSteps());
// The same checks for a reader, which changes nothing: false where steps are missing.
[[nodiscard]] bool isUpToDate(Database& database);

}  // namespace rankwright
