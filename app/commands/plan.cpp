// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `plan`: a rank for every module from its singular values.
#include "app/commands.h"
#include "app/commands/output_claim.h"
#include "app/event_stream.h"
#include "app/text_table.h"
#include "training/api/config.h"
#include "training/api/rank_plan.h"
#include "training/formats/atomic_file.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace rankwright {

namespace {

struct PlanAsk
{
    std::string model, modules = "*", rank, energy, budget, out;
};

PlanRequest requestOf(const PlanAsk& ask)
{
    if (int(!ask.rank.empty()) + int(!ask.energy.empty()) + int(!ask.budget.empty()) != 1)
        throw refusal(Code::usage, "--rank, --energy, --budget", "none or several given", "exactly one of them",
            "See rankwright-cli plan --help.");
    PlanRequest request;
    if (!ask.rank.empty()) {
        request.rank = parseInteger(ask.rank, "--rank");
        if (request.rank < 1)
            throw refusal(Code::usage, "--rank", ask.rank, "1 or more", "Give a rank.");
    } else if (!ask.energy.empty()) {
        request.energy = parseNumber(ask.energy, "--energy");
        if (!(request.energy > 0 && request.energy <= 1))
            throw refusal(Code::usage, "--energy", ask.energy, "above 0, at most 1", "For example --energy 0.5.");
    } else {
        request.budget = parseInteger(ask.budget, "--budget");
        if (request.budget < 1)
            throw refusal(Code::usage, "--budget", ask.budget, "1 or more", "Give a number of trainable parameters.");
    }
    return request;
}

int showPlan(Context& context, const PlanAsk& ask)
{
    require(ask.model, "MODEL", "plan");
    const PlanRequest request = requestOf(ask);
    if (!ask.out.empty())
        refuseExisting(ask.out);
    const RankPlan plan = planRanks(spectraOf(context, ask.model, ask.modules), request);
    if (!ask.out.empty()) {
        writeFileAtomically(ask.out, jsonText(toJson(plan)) + '\n');
        context.say("Written: " + escaped(ask.out) + ". Use it with rankwright-cli train ... --plan FILE.");
    }
    if (context.json) {
        context.out.write(jsonText(toJson(plan)) + '\n');
        return 0;
    }
    using Align = TextTable::Align;
    TextTable table({{"MODULE"}, {"ROWS", Align::right}, {"COLUMNS", Align::right}, {"RANK", Align::right},
        {"ENERGY", Align::right}, {"PARAMETERS", Align::right}});
    for (const PlannedModule& module : plan.modules)
        table.add({module.name, std::to_string(module.rows), std::to_string(module.cols), std::to_string(module.rank),
            numberText(100 * module.energy, 1) + " %", countText(module.parameters)});
    table.add({"all", "", "", "", numberText(100 * plan.energy, 1) + " %", countText(plan.parameters)});
    context.out.write(table.text() + "\nMemory of the adapter in training: " + bytesText(plan.adapterBytes) + '\n');
    return 0;
}

}  // namespace

void addPlan(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<PlanAsk>();
    CLI::App* app = program.add_subcommand("plan", "A rank per module by rank, energy or number of parameters");
    app->add_option("MODEL", ask->model, "Folder, .gguf file, org/name of the local cache, or default")->type_name("");
    app->add_option("--rank", ask->rank, "The same rank everywhere")->type_name("R");
    app->add_option("--energy", ask->energy, "The smallest ranks that hold this share of each module's energy")
        ->type_name("E");
    app->add_option("--budget", ask->budget, "Trainable parameters to spend where they hold most energy")
        ->type_name("N");
    app->add_option("--modules", ask->modules, "Which modules: patterns with * and ?, separated by commas")
        ->type_name("GLOB");
    app->add_option("--out", ask->out, "Write the plan as JSON, for train --plan")->type_name("FILE");
    commands.push_back({app, [ask](Context& context) { return showPlan(context, *ask); }});
}

}  // namespace rankwright
