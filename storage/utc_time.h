// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The time of day as it is stored: UTC, ISO 8601, milliseconds.
#pragma once

#include <string>

namespace rankwright {

std::string utcNow();  // "2026-11-22T02:10:35.123Z"

}  // namespace rankwright
