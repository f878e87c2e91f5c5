// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A comparison's report as files: report.html, report.json, runs.csv and report.pdf. For the window and for `--report`.
#pragma once

#include "storage/report/comparison_report.h"

namespace rankwright {

// Creates the folder; returns the files. From any thread once a QGuiApplication is there. Throws Error{exists, io}.
std::vector<std::string> exportReport(const ComparisonReport& report, const std::filesystem::path& folder);

}  // namespace rankwright
