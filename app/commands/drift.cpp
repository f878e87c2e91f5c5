// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `drift`: how far a run has moved each weight, in the singular directions of the original one.
#include "app/commands.h"
#include "app/event_stream.h"
#include "app/progress_line.h"
#include "app/signals.h"
#include "app/text_table.h"
#include "storage/run_store.h"
#include "training/api/config.h"
#include "training/api/engine.h"
#include "training/api/paths.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <memory>

namespace rankwright {

namespace {

struct DriftAsk
{
    std::string run, top, cosine;
    bool csv = false, during = false;
};

std::string csvLine(const ModuleDrift& module)
{
    const auto cell = [](double value) { return std::isfinite(value) ? significantText(value, 9) : std::string(); };
    return module.name + ',' + std::to_string(module.rank) + ',' + cell(module.update) + ',' + cell(module.inside) + ','
        + cell(module.angleMean) + ',' + cell(module.angleLargest) + ',' + cell(module.effectiveRank) + ','
        + std::to_string(module.intruders) + '\n';
}

std::string csvText(const DriftReport& report)
{
    std::string text = "module,rank,update,inside,angleMean,angleLargest,effectiveRank,intruders\n";
    for (const ModuleDrift& module : report.modules)
        text += csvLine(module);
    return text;
}

std::string kindOf(const std::string& module)
{
    return module.substr(module.rfind('.') + 1);
}

// Means over modules, without those where a value does not exist; intruders are summed.
struct Means
{
    std::string kind;
    int64_t modules = 0, intruders = 0;
    struct Mean
    {
        double sum = 0;
        int64_t count = 0;
        void add(double value)
        {
            if (std::isnan(value))
                return;
            sum += value;
            ++count;
        }
        [[nodiscard]] double value() const { return count > 0 ? sum / double(count) : std::nan(""); }
    };
    Mean update, inside, angle, effectiveRank;
    void add(const ModuleDrift& drift)
    {
        ++modules;
        intruders += drift.intruders;
        update.add(drift.update);
        inside.add(drift.inside);
        angle.add(drift.angleMean);
        effectiveRank.add(drift.effectiveRank);
    }
};

// One line a kind, in the order of the model, and one for all.
std::vector<Means> meansOf(const std::vector<ModuleDrift>& modules)
{
    std::vector<Means> kinds;
    Means all{.kind = "all"};
    for (const ModuleDrift& drift : modules) {
        const std::string kind = kindOf(drift.name);
        auto found = std::ranges::find(kinds, kind, &Means::kind);
        if (found == kinds.end())
            found = kinds.insert(found, Means{.kind = kind});
        found->add(drift);
        all.add(drift);
    }
    kinds.push_back(all);
    return kinds;
}

std::string tableText(const DriftReport& report)
{
    using Align = TextTable::Align;
    TextTable table({{"MODULE"}, {"RANK", Align::right}, {"UPDATE %", Align::right}, {"INSIDE %", Align::right},
        {"ANGLE", Align::right}, {"LARGEST", Align::right}, {"EFFECTIVE RANK", Align::right}, {"INTRUDERS", Align::right}});
    for (const ModuleDrift& drift : report.modules)
        table.add({drift.name, std::to_string(drift.rank), significantText(100 * drift.update, 3), numberText(100 * drift.inside, 2),
            numberText(drift.angleMean, 1), numberText(drift.angleLargest, 1), numberText(drift.effectiveRank, 2),
            std::to_string(drift.intruders)});
    TextTable summary({{"MEAN OF"}, {"MODULES", Align::right}, {"UPDATE %", Align::right}, {"INSIDE %", Align::right},
        {"ANGLE", Align::right}, {"EFFECTIVE RANK", Align::right}, {"INTRUDERS IN ALL", Align::right}});
    for (const Means& means : meansOf(report.modules))
        summary.add({means.kind, std::to_string(means.modules), significantText(100 * means.update.value(), 3),
            numberText(100 * means.inside.value(), 2), numberText(means.angle.value(), 1),
            numberText(means.effectiveRank.value(), 2), std::to_string(means.intruders)});
    return table.text() + '\n' + summary.text();
}

// What was measured while the run went on: a line a step, means over all modules. Never loads the engine.
int showDuring(Context& context, const DriftAsk& ask)
{
    RunStore store(dataDirectory());
    const auto events = store.drift(store.run(ask.run).id);
    if (context.json) {
        nlohmann::json list = nlohmann::json::array();
        for (const DriftEvent& event : events)
            list.push_back(toJson(Event(event)));
        context.out.write(jsonText({{"during", std::move(list)}}) + '\n');
        return 0;
    }
    using Align = TextTable::Align;
    TextTable table({{"STEP", Align::right}, {"UPDATE %", Align::right}, {"INSIDE %", Align::right}, {"ANGLE", Align::right},
        {"EFFECTIVE RANK", Align::right}, {"INTRUDERS IN ALL", Align::right}});
    std::string lines = "step,module,rank,update,inside,angleMean,angleLargest,effectiveRank,intruders\n";
    for (const DriftEvent& event : events) {
        const Means all = meansOf(event.modules).back();
        table.add({std::to_string(event.step), significantText(100 * all.update.value(), 3), numberText(100 * all.inside.value(), 2),
            numberText(all.angle.value(), 1), numberText(all.effectiveRank.value(), 2), std::to_string(all.intruders)});
        for (const ModuleDrift& module : event.modules)
            lines += std::to_string(event.step) + ',' + csvLine(module);
    }
    if (events.empty())
        context.say("Nothing was measured during the run (--drift-every).");
    else
        context.out.write(ask.csv ? lines : table.text());
    return 0;
}

// Which steps were measured while the run went on.
std::string measuredText(const std::vector<DriftEvent>& events)
{
    if (events.empty())
        return "Nothing was measured during the run (--drift-every).";
    return std::to_string(events.size()) + " measurements were kept during the run, from step " + std::to_string(events.front().step)
        + " to step " + std::to_string(events.back().step) + " (--during).";
}

int showDrift(Context& context, const DriftAsk& ask)
{
    require(ask.run, "RUN", "drift");
    if (ask.csv && context.json)
        throw refusal(Code::usage, "--csv and --json", "both given", "one of them", "Leave one of them out.");
    if (ask.during)
        return showDuring(context, ask);
    DriftJob job;
    if (!ask.top.empty())
        job.intruderTop = parseInteger(ask.top, "--top");
    if (job.intruderTop < 1)
        throw refusal(Code::usage, "--top", ask.top, "1 or more", "Intruders are looked for among so many singular vectors.");
    if (!ask.cosine.empty())
        job.intruderCosine = parseNumber(ask.cosine, "--cosine");
    if (!(job.intruderCosine > 0 && job.intruderCosine <= 1))
        throw refusal(Code::usage, "--cosine", ask.cosine, "above 0 and at most 1", "0.5 is what is usual.");
    RunStore store(dataDirectory());
    const RunRow row = store.run(ask.run);
    job.folder = store.folderOf(row.id).string();
    ProgressLine progress(ProgressLine::styleFor(context.quiet));
    Signals signals(context.quiet);
    const auto engine = loadEngine();
    const DriftReport report = run(*engine, std::move(job), progress, signals.token());
    if (context.json || ask.csv) {
        context.out.write(context.json ? jsonText(toJson(report)) + '\n' : csvText(report));
        return 0;
    }
    context.say("At step " + std::to_string(report.step) + ", against the original weights W, dW = W_eff - W: UPDATE ||dW|| / ||W||;"
        " INSIDE, the share of dW within W's first RANK singular directions on both sides; ANGLE, mean and largest degrees between the"
        " spans of B and of those directions; INTRUDERS, of the first " + std::to_string(report.intruderTop)
        + " singular vectors of W_eff those with a cosine below " + numberText(report.intruderCosine, 2) + " to every one of W.");
    context.out.write(tableText(report));
    context.say(measuredText(store.drift(row.id)));
    return 0;
}

}  // namespace

void addDrift(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<DriftAsk>();
    CLI::App* app = program.add_subcommand("drift", "How far a run has moved each weight, in its singular directions");
    app->add_option("RUN", ask->run, "A run's id, the start of it, or its name")->type_name("");
    app->add_option("--top", ask->top, "Look for intruders among the first K singular vectors (10)")->type_name("K");
    app->add_option("--cosine", ask->cosine, "An intruder's cosine to every original vector is below this (0.5)")->type_name("C");
    app->add_flag("--during", ask->during, "What was measured while the run went on, a line a step, instead of measuring now");
    app->add_flag("--csv", ask->csv, "A line a module as CSV");
    commands.push_back({app, [ask](Context& context) { return showDrift(context, *ask); }});
}

}  // namespace rankwright
