// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A comparison's report as a document of few kinds of blocks, which a page of HTML and a PDF are made from alike. Charts are SVG.
#pragma once

#include "storage/report/comparison_report.h"

#include <variant>

namespace rankwright {

struct ReportHeading { std::string text; int level = 1; };   // 1..3
struct ReportText { std::string text; bool warning = false; };
struct ReportTable { std::vector<std::string> head; std::vector<std::vector<std::string>> rows; std::vector<bool> numeric; };   // numeric: a column is right-aligned
struct ReportChart { std::string svg, caption; double width = 0, height = 0; };   // px; a whole SVG document without scripts or links
using ReportBlock = std::variant<ReportHeading, ReportText, ReportTable, ReportChart>;

std::vector<ReportBlock> reportBlocks(const ComparisonReport& report);
// One self-contained page: no scripts, nothing fetched; readable in light and dark; the report's JSON inside as data for other programs.
std::string reportHtml(const ComparisonReport& report);
// FOLDER/report.html, report.json, runs.csv; all or nothing of each file. Throws Error{exists, io}.
std::vector<std::string> writeReport(const ComparisonReport& report, const std::filesystem::path& folder);

}  // namespace rankwright
