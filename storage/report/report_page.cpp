// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "storage/report/report_page.h"

#include "storage/report/svg_chart.h"
#include "training/api/error.h"
#include "training/formats/atomic_file.h"

namespace rankwright {

namespace {

constexpr const char* kStyle = R"css(
:root { color-scheme: light dark; --ground: #ffffff; --ink: #1d1f22; --soft: #5f6670; --line: #d9dce0; --warn: #fff3d6; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #1b1d20; --ink: #e6e8ea; --soft: #a3a9b1; --line: #3a3e44; --warn: #43381c; }
  svg text { fill: #d6d9dc; }
  svg .grid { stroke: #33373c; }
  svg .axis { stroke: #8a9099; }
}
body { background: var(--ground); color: var(--ink); font: 14px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p.warning { background: var(--warn); border-left: 4px solid #d98c00; padding: .4rem .8rem; }
figure { margin: 1rem 0; overflow-x: auto; }
figure svg { max-width: 100%; height: auto; }
figcaption { color: var(--soft); font-size: .85rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .25rem .7rem .25rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--soft); font-weight: 600; }
td.n, th.n { text-align: right; }
)css";

void add(std::string& out, const ReportHeading& heading)
{
    const std::string tag = "h" + std::to_string(heading.level);
    out += "<" + tag + ">" + markupText(heading.text) + "</" + tag + ">\n";
}

void add(std::string& out, const ReportText& text)
{
    out += std::string("<p") + (text.warning ? " class=\"warning\"" : "") + ">" + markupText(text.text) + "</p>\n";
}

void add(std::string& out, const ReportTable& table)
{
    const auto row = [&](const std::vector<std::string>& cells, const std::string& tag) {
        out += "<tr>";
        for (size_t i = 0; i < cells.size(); ++i) {
            const bool numeric = i < table.numeric.size() && table.numeric[i];
            out += "<" + tag + (numeric ? " class=\"n\"" : "") + ">" + markupText(cells[i]) + "</" + tag + ">";
        }
        out += "</tr>\n";
    };
    out += "<div class=\"wide\"><table>\n<thead>";
    row(table.head, "th");
    out += "</thead>\n<tbody>\n";
    for (const auto& cells : table.rows)
        row(cells, "td");
    out += "</tbody></table></div>\n";
}

void add(std::string& out, const ReportChart& chart)
{
    out += "<figure>\n" + chart.svg + "<figcaption>" + markupText(chart.caption) + "</figcaption></figure>\n";
}

// JSON inside of a page: a "<" could end the element that holds it.
std::string embedded(const nlohmann::json& json)
{
    std::string safe;
    for (const char letter : json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))
        safe += letter == '<' ? std::string("\\u003c") : std::string(1, letter);
    return safe;
}

}  // namespace

std::string reportHtml(const ComparisonReport& report)
{
    const auto blocks = reportBlocks(report);
    std::string title = "Comparison";
    for (const ReportBlock& block : blocks) {
        if (const auto* heading = std::get_if<ReportHeading>(&block); heading != nullptr && heading->level == 1)
            title = heading->text;
    }
    std::string out = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>"
        + markupText(title) + "</title>\n<style>" + kStyle + "</style>\n</head>\n<body>\n";
    for (const ReportBlock& block : blocks)
        std::visit([&](const auto& part) { add(out, part); }, block);
    return out + "<script type=\"application/json\" id=\"report\">" + embedded(toJson(report)) + "</script>\n</body>\n</html>\n";
}

std::vector<std::string> writeReport(const ComparisonReport& report, const std::filesystem::path& folder)
{
    std::error_code problem;
    std::filesystem::create_directories(folder, problem);
    if (problem)
        throw Error(ErrorParts{.code = Code::exists,
            .file = folder,
            .place = "folder of the report",
            .found = problem.message(),
            .allowed = "a folder that can be written to",
            .advice = "Name another folder."});
    std::vector<std::string> files;
    const auto write = [&](const char* name, const std::string& text) {
        writeFileAtomically(folder / name, text);
        files.push_back((folder / name).string());
    };
    write("report.html", reportHtml(report));
    write("report.json", toJson(report).dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    write("runs.csv", cellsCsv(report));
    return files;
}

}  // namespace rankwright
