// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A report as a PDF on A4 with page numbers. Charts are drawn from their SVG, so they stay sharp at any size.
#pragma once

#include "storage/report/report_page.h"

namespace rankwright {

// Returns how many pages there are. All of the file or nothing of it; from any thread once a QGuiApplication is there. Throws Error{io}.
int writeReportPdf(const std::vector<ReportBlock>& blocks, const std::filesystem::path& file);

}  // namespace rankwright
