// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/report_export.h"

#include "storage/report/report_page.h"
#include "ui/report_pdf.h"

namespace rankwright {

std::vector<std::string> exportReport(const ComparisonReport& report, const std::filesystem::path& folder)
{
    auto files = writeReport(report, folder);
    const auto pdf = folder / "report.pdf";
    writeReportPdf(reportBlocks(report), pdf);
    files.push_back(pdf.string());
    return files;
}

}  // namespace rankwright
