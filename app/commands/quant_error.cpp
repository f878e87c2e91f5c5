// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `quant-error`: what a quantised base loses of each weight, and how much of it LoftQ, QPiSSA and their kin win back.
#include "app/commands.h"
#include "app/progress_line.h"
#include "app/signals.h"
#include "app/text_table.h"
#include "training/api/catalog.h"
#include "training/api/engine.h"
#include "training/api/words.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <memory>

namespace rankwright {

namespace {

struct QuantErrorAsk
{
    std::string model, modules = "*", methods = "loftq,qpissa", ranks = "16", rounds = "1", base = "nf4", dtype = "float32";
};

// "16,64" as words, each only once: the same twice would cost its decompositions twice and merge two rows of the table.
std::vector<std::string> words(const std::string& text, const std::string& option)
{
    std::vector<std::string> found = split(text);
    if (const std::string* twice = repeatedWord(found))
        throw refusal(Code::usage, option, *twice + " twice", "each only once", "Leave one of them out.");
    return found;
}

std::vector<int64_t> counts(const std::string& text, const std::string& option)
{
    std::vector<int64_t> found;
    for (const std::string& word : words(text, option)) {
        const int64_t count = parseInteger(word, option);
        if (count < 1)
            throw refusal(Code::usage, option, word, "whole numbers from 1, separated by commas", "For example " + option + " 16,64.");
        if (std::ranges::find(found, count) != found.end())   // "16,016"
            throw refusal(Code::usage, option, word + " twice", "each only once", "Leave one of them out.");
        found.push_back(count);
    }
    return found;
}

QuantErrorJob jobOf(const QuantErrorAsk& ask)
{
    require(ask.model, "MODEL", "quant-error");
    QuantErrorJob job;
    job.model = ask.model;
    job.modules = ask.modules;
    job.methods = words(ask.methods, "--methods");
    job.ranks = counts(ask.ranks, "--rank");
    job.rounds = counts(ask.rounds, "--iters");
    job.base = ask.base;
    job.dtype = ask.dtype;
    // Plain quantisation is what QLoRA starts from and what everything is compared with.
    std::erase(job.methods, "qlora");
    if (job.methods.empty())
        throw refusal(Code::usage, "--methods", ask.methods, "methods beside it, as loftq,qpissa",
            "The error of qlora is plain quantisation's, which everything is compared with: name a method to compare.");
    for (const std::string& method : job.methods)
        (void)methodCard(method);
    std::vector<std::string> formats;
    for (const BaseFormat& format : baseFormats()) {
        if (format.id != "none")
            formats.push_back(format.id);
    }
    if (std::ranges::find(formats, job.base) == formats.end())
        throw refusal(Code::usage, "--base", ask.base, joined(formats), "Choose one of these.");
    if (job.dtype != "float32" && job.dtype != "bfloat16")
        throw refusal(Code::usage, "--dtype", ask.dtype, "float32, bfloat16", "Choose one of these.");
    return job;
}

// A row for each method, rank and number of rounds: the mean reduction of each kind of module.
std::string tableText(const QuantErrorReport& report)
{
    using Align = TextTable::Align;
    std::vector<std::string> kinds;
    std::vector<std::tuple<std::string, int64_t, int64_t>> rows;
    std::map<std::pair<size_t, std::string>, std::pair<double, int64_t>> sums;
    for (const QuantError& error : report.modules) {
        const std::tuple row{error.method, error.rank, error.rounds};
        const auto found = std::ranges::find(rows, row);
        const auto index = size_t(found - rows.begin());
        if (found == rows.end())
            rows.push_back(row);
        if (std::ranges::find(kinds, error.kind) == kinds.end())
            kinds.push_back(error.kind);
        for (const std::string& kind : {error.kind, std::string("mean")}) {
            auto& [sum, count] = sums[{index, kind}];
            sum += error.reduction();
            ++count;
        }
    }
    kinds.emplace_back("mean");
    std::vector<TextTable::Column> columns{{"METHOD"}, {"RANK", Align::right}, {"ROUNDS", Align::right}};
    for (const std::string& kind : kinds)
        columns.push_back({kind, Align::right});
    TextTable table(columns);
    for (size_t i = 0; i < rows.size(); ++i) {
        const auto& [method, rank, rounds] = rows[i];
        std::vector<std::string> cells{method, std::to_string(rank), rounds > 0 ? std::to_string(rounds) : "-"};
        for (const std::string& kind : kinds) {
            const auto& [sum, count] = sums[{i, kind}];
            cells.push_back(numberText(sum / double(count), 2));
        }
        table.add(cells);
    }
    return table.text();
}

int showQuantError(Context& context, const QuantErrorAsk& ask)
{
    auto job = jobOf(ask);
    ProgressLine progress(ProgressLine::styleFor(context.quiet));
    Signals signals(context.quiet);
    const auto engine = loadEngine();
    const auto report = run(*engine, std::move(job), progress, signals.token());
    context.say("Reduction of the nuclear norm of the error against plain " + report.base
        + " (which is QLoRA's), in per cent, mean over the modules of a kind:");
    context.out.write(context.json ? toJson(report).dump() + '\n' : tableText(report));
    return 0;
}

}  // namespace

void addQuantError(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<QuantErrorAsk>();
    CLI::App* app = program.add_subcommand("quant-error", "What a quantised base loses, and what LoftQ and QPiSSA win back");
    app->add_option("MODEL", ask->model, "Folder, .gguf file, org/name of the local cache, or default")->type_name("");
    app->add_option("--rank", ask->ranks, "Ranks, separated by commas")->type_name("R");
    app->add_option("--iters,--rounds", ask->rounds, "Rounds T of methods that have them, separated by commas")->type_name("T");
    app->add_option("--methods", ask->methods, "Methods, separated by commas")->type_name("M");
    app->add_option("--base", ask->base, "Format of the base: nf4, nf4-dq, int8, ...")->type_name("F");
    app->add_option("--dtype", ask->dtype, "The weights are rounded to this first: float32 or bfloat16")->type_name("D");
    app->add_option("--modules", ask->modules, "Which modules: patterns with * and ?, separated by commas")->type_name("GLOB");
    commands.push_back({app, [ask](Context& context) { return showQuantError(context, *ask); }});
}

}  // namespace rankwright
