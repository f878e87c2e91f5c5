// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `plan`: a rank for every module from its singular values.
#include "app/commands/output_claim.h"
#include "app/commands/spectra.h"
#include "app/event_stream.h"
#include "app/text_table.h"
#include "training/api/config.h"
#include "training/api/rank_plan.h"
#include "training/formats/atomic_file.h"

#include <CLI/CLI.hpp>

#include <memory>
#include <utility>

namespace rankwright {

namespace {

struct PlanAsk
{
    std::string model, rank, energy, budget, memory, format, out;
    SpectrumOptions options;
};

// "500MB", "1.5GiB" or a number of bytes.
int64_t parseSize(const std::string& text, const std::string& option)
{
    static const std::vector<std::pair<std::string, double>> units{{"kib", 0x1p10}, {"mib", 0x1p20}, {"gib", 0x1p30}, {"kb", 1e3},
        {"mb", 1e6}, {"gb", 1e9}, {"k", 1e3}, {"m", 1e6}, {"g", 1e9}, {"b", 1}};
    std::string number;
    for (const char letter : text)
        number += letter >= 'A' && letter <= 'Z' ? char(letter + 32) : letter;
    double factor = 1;
    for (const auto& [unit, bytes] : units) {
        if (number.size() > unit.size() && number.ends_with(unit)) {
            number.resize(number.size() - unit.size());
            factor = bytes;
            break;
        }
    }
    while (number.size() > 1 && number.back() == ' ')
        number.pop_back();
    const bool plain = number.find_first_not_of("0123456789.") == std::string::npos;
    const double size = plain && !number.empty() ? parseNumber(number, option) * factor : 0;
    if (!(size >= 1 && size < 1e18))
        throw refusal(Code::usage, option, text, "a size such as 500MB, 1.5GiB or a number of bytes", "For example --memory 500MB.");
    return int64_t(size);
}

PlanRequest requestOf(const PlanAsk& ask)
{
    if (int(!ask.rank.empty()) + int(!ask.energy.empty()) + int(!ask.budget.empty()) + int(!ask.memory.empty()) != 1)
        throw refusal(Code::usage, "--rank, --energy, --budget, --memory", "none or several given", "exactly one of them",
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
    } else if (!ask.memory.empty()) {
        request.memory = parseSize(ask.memory, "--memory");
    } else {
        request.budget = parseInteger(ask.budget, "--budget");
        if (request.budget < 1)
            throw refusal(Code::usage, "--budget", ask.budget, "1 or more", "Give a number of trainable parameters.");
    }
    return request;
}

std::string tableText(const RankPlan& plan)
{
    using Align = TextTable::Align;
    TextTable table({{"MODULE"}, {"ROWS", Align::right}, {"COLUMNS", Align::right}, {"RANK", Align::right},
        {"ENERGY", Align::right}, {"PARAMETERS", Align::right}});
    for (const PlannedModule& module : plan.modules)
        table.add({module.name, std::to_string(module.rows), std::to_string(module.cols), std::to_string(module.rank),
            numberText(100 * module.energy, 1) + " %", countText(module.parameters)});
    table.add({"all", "", "", "", numberText(100 * plan.energy, 1) + " %", countText(plan.parameters)});
    return table.text();
}

std::string summaryText(const RankPlan& plan, const PlanRequest& request, bool weighted)
{
    std::string text = "\nTrainable parameters: " + countText(plan.parameters) + "\nEnergy held: " + numberText(100 * plan.energy, 2) + " %"
        + (weighted ? ", of the weights weighted by their inputs" : "")
        + "\nMemory of the adapter in training: " + bytesText(plan.adapterBytes) + "\nFile of the exported adapter: "
        + bytesText(plan.fileBytes) + '\n';
    if (request.budget > 0 || request.memory > 0) {
        text += plan.gap > 0 ? "Other ranks within the budget hold at most " + significantText(100 * plan.gap, 2) + " % of the energy more.\n"
                             : "No other ranks within the budget hold more.\n";
    }
    return text;
}

int showPlan(Context& context, const PlanAsk& ask)
{
    require(ask.model, "MODEL", "plan");
    const PlanRequest request = requestOf(ask);
    const bool peft = ask.format == "peft";
    if (!ask.format.empty() && !peft && ask.format != "plan")
        throw refusal(Code::usage, "--format", ask.format, "plan, peft", "Choose one of them.");
    if (!ask.out.empty())
        refuseExisting(ask.out);
    const RankPlan plan = planRanks(spectraOf(context, ask.options.job(ask.model)), request);
    const std::string form = jsonText(peft ? peftPatterns(plan) : toJson(plan)) + '\n';
    if (!ask.out.empty()) {
        writeFileAtomically(ask.out, form);
        context.say("Written: " + escaped(ask.out)
            + (peft ? ": r, lora_alpha, rank_pattern, alpha_pattern and target_modules of PEFT's LoraConfig."
                    : ". Use it with rankwright-cli train ... --plan FILE."));
    }
    const bool asJson = context.json || (peft && ask.out.empty());
    context.out.write(asJson ? form : tableText(plan) + summaryText(plan, request, ask.options.weighted()));
    return 0;
}

}  // namespace

void addPlan(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<PlanAsk>();
    CLI::App* app = program.add_subcommand("plan", "A rank per module by rank, energy, number of parameters or memory");
    app->add_option("MODEL", ask->model, "Folder, .gguf file, org/name of the local cache, or default")->type_name("");
    app->add_option("--rank", ask->rank, "The same rank everywhere")->type_name("R");
    app->add_option("--energy", ask->energy, "The smallest ranks that hold this share of each module's energy")
        ->type_name("E");
    app->add_option("--budget", ask->budget, "Trainable parameters to spend where they hold most energy")
        ->type_name("N");
    app->add_option("--memory", ask->memory, "The same by memory of the adapter in training: 16 bytes a parameter")
        ->type_name("500MB|2GiB");
    ask->options.addTo(*app);
    app->add_option("--format", ask->format, "plan: for train --plan; peft: the keys of PEFT's LoraConfig, as JSON")
        ->type_name("plan|peft");
    app->add_option("--out", ask->out, "Write it to a new file as JSON")->type_name("FILE");
    commands.push_back({app, [ask](Context& context) { return showPlan(context, *ask); }});
}

}  // namespace rankwright
