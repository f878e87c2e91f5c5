// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `shrink`: the rank post-mortem of a run. How many directions its update needs, and what a smaller adapter loses.
#include "app/commands.h"
#include "app/commands/output_claim.h"
#include "app/event_stream.h"
#include "app/progress_line.h"
#include "app/signals.h"
#include "app/text_table.h"
#include "storage/run_store.h"
#include "training/api/config.h"
#include "training/api/engine.h"
#include "training/api/paths.h"
#include "training/api/update_sentence.h"
#include "training/api/words.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace rankwright {

namespace {

struct ShrinkAsk
{
    std::string run, ranks, energies, out;
    bool noEval = false;
};

ShrinkJob jobOf(const ShrinkAsk& ask)
{
    require(ask.run, "RUN", "shrink");
    ShrinkJob job;
    for (const std::string& word : ask.ranks.empty() ? std::vector<std::string>() : split(ask.ranks)) {
        job.ranks.push_back(parseInteger(word, "--rank"));
        if (job.ranks.back() < 1)
            throw refusal(Code::usage, "--rank", word, "whole numbers from 1, separated by commas", "For example --rank 4,8.");
    }
    for (const std::string& word : ask.energies.empty() ? std::vector<std::string>() : split(ask.energies)) {
        job.energies.push_back(parseNumber(word, "--energy"));
        if (!(job.energies.back() > 0 && job.energies.back() <= 1))
            throw refusal(Code::usage, "--energy", word, "above 0 and at most 1, separated by commas", "For example --energy 0.9,0.99.");
    }
    job.evaluate = !ask.noEval;
    job.out = withoutLastSlashes(ask.out);
    if (!job.out.empty() && job.ranks.size() + job.energies.size() != 1)
        throw refusal(Code::usage, "--out", std::to_string(job.ranks.size() + job.energies.size()) + " ranks and energies beside it",
            "one, which is what is written", "For example --rank 4 --out DIR.");
    return job;
}

std::string cutName(const ShrinkPoint& point)
{
    return point.rank > 0 ? "rank " + std::to_string(point.rank) : "energy " + significantText(point.energyAsked, 6);
}

std::string tableText(const ShrinkReport& report)
{
    using Align = TextTable::Align;
    TextTable table({{"CUT TO"}, {"KEPT %", Align::right}, {"PARAMETERS", Align::right}, {"FILE", Align::right},
        {"LOSS", Align::right}, {"LOSS - FULL", Align::right}});
    table.add({"nothing", numberText(0, 2), "0", "-", numberText(report.lossBase), significantText(report.lossBase - report.lossFull, 3)});
    for (const ShrinkPoint& point : report.points)
        table.add({cutName(point), numberText(100 * point.energy, 2), countText(point.parameters), bytesText(point.bytes), numberText(point.loss),
            significantText(point.loss - report.lossFull, 3)});
    table.add({"the whole update", numberText(100, 2), "", "", numberText(report.lossFull), significantText(0, 3)});
    return table.text();
}

int showShrink(Context& context, const ShrinkAsk& ask)
{
    ShrinkJob job = jobOf(ask);
    RunStore store(dataDirectory());
    const RunRow row = store.run(ask.run);
    job.folder = store.folderOf(row.id).string();
    if (job.evaluate && store.config(row.id).evalData.empty())
        context.say("The run has no evaluation data (--eval-data): no losses are measured.");
    ProgressLine progress(ProgressLine::styleFor(context.quiet));
    Signals signals(context.quiet);
    const auto engine = loadEngine();
    const ShrinkReport report = run(*engine, std::move(job), progress, signals.token());
    if (context.json) {
        context.out.write(jsonText(toJson(report)) + '\n');
        return 0;
    }
    context.out.write(tableText(report) + '\n' + updateSentence(energyByRank(report.modules)) + '\n'
        + (report.adapter.empty() ? "" : "Written: " + escaped(report.adapter) + " (" + cutName(report.points.front()) + ")\n"));
    return 0;
}

}  // namespace

void addShrink(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<ShrinkAsk>();
    CLI::App* app = program.add_subcommand("shrink", "What a run's adapter would lose at smaller ranks");
    app->add_option("RUN", ask->run, "A run's id, the start of it, or its name")->type_name("");
    app->add_option("--rank", ask->ranks, "Ranks to cut to, separated by commas; without any, 1, 2, 4, ...")->type_name("R");
    app->add_option("--energy", ask->energies, "Shares of each module's squared norm to keep, separated by commas")->type_name("E");
    app->add_option("--out", ask->out, "Writes the smallest asked for as an adapter: a new or empty folder")->type_name("DIR");
    app->add_flag("--no-eval", ask->noEval, "Measures no losses");
    commands.push_back({app, [ask](Context& context) { return showShrink(context, *ask); }});
}

}  // namespace rankwright
