// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `report`: what a comparison shows, on the terminal or as a folder of files. Never loads the engine.
#include "app/commands.h"
#include "app/event_stream.h"
#include "app/text_table.h"
#include "storage/report/report_page.h"
#include "training/api/paths.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace rankwright {

namespace {

struct ReportAsk
{
    std::string comparison, out;
};

std::string blockText(const ReportHeading& heading) { return (heading.level == 1 ? "" : "\n") + escaped(heading.text) + '\n'; }

std::string blockText(const ReportText& text) { return (text.warning ? "warning: " : "") + escaped(text.text) + '\n'; }

std::string blockText(const ReportTable& table)
{
    std::vector<TextTable::Column> columns;
    for (size_t i = 0; i < table.head.size(); ++i)
        columns.push_back({table.head[i], table.numeric[i] ? TextTable::Align::right : TextTable::Align::left});
    TextTable shown(columns);
    for (const auto& row : table.rows)
        shown.add(row);
    return '\n' + shown.text();
}

std::string blockText(const ReportChart&) { return {}; }   // --out has the pictures

// Without headings that only charts follow.
std::string terminalText(const std::vector<ReportBlock>& blocks)
{
    std::string text, heading;
    for (const ReportBlock& block : blocks) {
        const std::string part = std::visit([](const auto& one) { return blockText(one); }, block);
        if (std::holds_alternative<ReportHeading>(block)) {
            heading = part;
        } else if (!part.empty()) {
            text += heading + part;
            heading.clear();
        }
    }
    return text;
}

int report(Context& context, const ReportAsk& ask)
{
    require(ask.comparison, "COMPARISON", "report");
    RunStore store(dataDirectory());
    const ComparisonReport found = reportOf(store, ask.comparison);
    if (!ask.out.empty()) {
        for (const std::string& file : writeReport(found, ask.out))
            context.say("Written: " + escaped(file));
    }
    if (context.json) {
        context.out.write(jsonText(toJson(found)) + '\n');
    } else if (ask.out.empty()) {
        context.out.write(terminalText(reportBlocks(found)));
    }
    return 0;
}

}  // namespace

void addReport(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<ReportAsk>();
    CLI::App* app = program.add_subcommand("report", "What a comparison shows: rates, paired differences, how sure they are");
    app->add_option("COMPARISON", ask->comparison, "The id of a comparison, the start of it, or its name")->type_name("");
    app->add_option("--out", ask->out, "Write report.html, report.json and runs.csv into this folder")->type_name("DIR");
    commands.push_back({app, [ask](Context& context) { return report(context, *ask); }});
}

}  // namespace rankwright
