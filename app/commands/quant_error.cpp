// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `quant-error`: what a quantised base loses of each weight, and how much of it LoftQ, QPiSSA and their kin win back.
#include "app/commands.h"
#include "app/event_stream.h"
#include "app/progress_line.h"
#include "app/signals.h"
#include "app/text_table.h"
#include "training/api/catalog.h"
#include "training/api/engine.h"
#include "training/api/quant_error_sums.h"
#include "training/api/words.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>

namespace rankwright {

namespace {

struct QuantErrorAsk
{
    std::string model, modules = "*", methods = "loftq,qpissa", ranks = "16", rounds = "1", base = "nf4", dtype = "float32", calibrate,
                rows;
    bool csv = false;
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
    job.calibrate = !ask.calibrate.empty();
    if (!ask.rows.empty() && !job.calibrate)
        throw refusal(Code::usage, "--rows", ask.rows, "rows of --calibrate DATASET", "Say --calibrate default --rows " + ask.rows + ".");
    (void)parseRows(ask.rows, std::numeric_limits<int64_t>::max(), "--rows");
    job.calibration.model = ask.model;
    job.calibration.data = ask.calibrate;
    job.calibration.rows = ask.rows;
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

std::string roundsText(int64_t rounds)
{
    return rounds > 0 ? std::to_string(rounds) : "-";
}

// Nothing where the method helps: what stands out is where it does not.
std::string mark(QuantVerdict verdict)
{
    return verdict == QuantVerdict::helps ? "" : verdictText(verdict);
}

// A mean reduction with a word where the kind's nuclear norms together are not below plain quantisation's.
std::string reductionText(const QuantErrorSum& sum)
{
    const bool better = sum.error.nuclear < sum.plain.nuclear, worse = sum.error.nuclear > sum.plain.nuclear;
    return numberText(sum.meanReduction, 2) + (worse ? " worse" : better ? "" : " same");
}

// Four digits at least, none behind the point of large numbers.
std::string normText(double norm)
{
    return numberText(norm, norm >= 1000 ? 0 : norm >= 10 ? 2 : 4);
}

using Align = TextTable::Align;

// The whole model: a row for each method, rank and number of rounds below that of plain quantisation.
std::string wholeModel(const QuantErrorReport& report, const std::vector<QuantErrorSum>& totals)
{
    const bool output = totals.front().hasOutput();
    std::vector<TextTable::Column> columns{{"METHOD"}, {"RANK", Align::right}, {"ROUNDS", Align::right}, {"FROBENIUS", Align::right},
        {"NUCLEAR", Align::right}, {"SPECTRAL", Align::right}, {"NUCLEAR -%", Align::right}};
    if (output)
        columns.insert(columns.end(), {{"OUTPUT", Align::right}, {"OUTPUT -%", Align::right}});
    columns.push_back({"AGAINST QLORA"});
    TextTable table(columns);
    const auto row = [&](std::vector<std::string> cells, const ErrorNorms& norms, const std::string& less, const std::string& lessOutput,
                         const std::string& word) {
        cells.insert(cells.end(), {normText(norms.frobenius), normText(norms.nuclear), normText(norms.spectral), less});
        if (output)
            cells.insert(cells.end(), {normText(norms.output), lessOutput});
        cells.push_back(word);
        table.add(std::move(cells));
    };
    row({"qlora", "-", "-"}, totals.front().plain, "-", "-", "plain " + report.base);
    for (const QuantErrorSum& sum : totals)
        row({sum.method, std::to_string(sum.rank), roundsText(sum.rounds)}, sum.error, numberText(sum.reduction(), 2),
            output ? numberText(sum.outputReduction(), 2) : "", mark(sum.verdict()));
    return table.text();
}

// A row for each method, rank and number of rounds, a column for each kind of module.
std::string byKind(const QuantErrorReport& report, const std::vector<QuantErrorSum>& totals)
{
    const std::vector<QuantErrorSum> kinds = quantErrorSums(report.modules, true);
    std::vector<TextTable::Column> columns{{"METHOD"}, {"RANK", Align::right}, {"ROUNDS", Align::right}};
    for (const QuantErrorSum& sum : kinds) {
        if (std::ranges::none_of(columns, [&](const auto& column) { return column.title == sum.kind; }))
            columns.push_back({sum.kind, Align::right});
    }
    columns.push_back({"mean", Align::right});
    TextTable table(columns);
    for (const QuantErrorSum& total : totals) {
        std::vector<std::string> cells{total.method, std::to_string(total.rank), roundsText(total.rounds)};
        for (size_t i = 3; i + 1 < columns.size(); ++i) {
            const auto found = std::ranges::find_if(kinds, [&](const QuantErrorSum& sum) {
                return sum.method == total.method && sum.rank == total.rank && sum.rounds == total.rounds && sum.kind == columns[i].title;
            });
            cells.push_back(reductionText(*found));
        }
        cells.push_back(reductionText(total));
        table.add(cells);
    }
    return table.text();
}

// What rank and rounds buy one method: a row for each rank, a column for each number of rounds.
std::string curves(const std::vector<QuantErrorSum>& totals, const std::string& method, bool output)
{
    std::vector<int64_t> ranks, rounds;
    std::map<std::pair<int64_t, int64_t>, const QuantErrorSum*> cells;
    for (const QuantErrorSum& sum : totals) {
        if (sum.method != method)
            continue;
        cells[{sum.rank, sum.rounds}] = &sum;
        if (std::ranges::find(ranks, sum.rank) == ranks.end())
            ranks.push_back(sum.rank);
        if (std::ranges::find(rounds, sum.rounds) == rounds.end())
            rounds.push_back(sum.rounds);
    }
    if (cells.size() < 2)
        return {};
    std::vector<TextTable::Column> columns{{"RANK", Align::right}};
    for (const int64_t count : rounds)
        columns.push_back({count > 0 ? "T=" + std::to_string(count) : "-%", Align::right});
    TextTable table(columns);
    for (const int64_t rank : ranks) {
        std::vector<std::string> line{std::to_string(rank)};
        for (const int64_t count : rounds) {
            const QuantErrorSum& sum = *cells.at({rank, count});
            line.push_back(numberText(output ? sum.outputReduction() : sum.reduction(), 2));
        }
        table.add(line);
    }
    return table.text();
}

std::string nameOf(const QuantErrorSum& sum)
{
    std::string name = methodCard(sum.method).title + " (rank " + std::to_string(sum.rank);
    if (sum.rounds > 0)
        name += ", " + std::to_string(sum.rounds) + (sum.rounds == 1 ? " round" : " rounds");
    return name + ")";
}

// "QPiSSA (rank 16, 5 rounds) helps in 208 of 210 modules; it does not in: ..."
std::string summary(const QuantErrorSum& sum, const std::vector<std::string>& without, const std::string& measure)
{
    constexpr size_t kNamed = 12;
    std::string line = nameOf(sum) + " helps in " + std::to_string(sum.modules - int64_t(without.size())) + " of "
        + std::to_string(sum.modules) + " modules by the " + measure;
    if (without.empty())
        return line + ".\n";
    line += "; it does not in: ";
    for (size_t i = 0; i < std::min(without.size(), kNamed); ++i)
        line += (i > 0 ? ", " : "") + escaped(without[i]);
    if (without.size() > kNamed)
        line += " and " + std::to_string(without.size() - kNamed) + " more (--csv names all)";
    return line + ".\n";
}

std::string reportText(const QuantErrorReport& report)
{
    const std::vector<QuantErrorSum> totals = quantErrorSums(report.modules, false);
    const bool output = totals.front().hasOutput();
    std::string text = "Whole model on " + report.base + ": root of the summed squares (Frobenius" + (output ? ", output" : "")
        + "), sum (nuclear), largest (spectral); -%: less than plain " + report.base + ", which is QLoRA's\n" + wholeModel(report, totals)
        + "\nReduction of the nuclear norm, in per cent, mean over the modules of a kind (worse: than QLoRA)\n" + byKind(report, totals);
    std::vector<std::string> methods;
    for (const QuantErrorSum& sum : totals) {
        if (std::ranges::find(methods, sum.method) != methods.end())
            continue;
        methods.push_back(sum.method);
        for (const bool outputs : {false, true}) {
            const std::string table = outputs && !output ? "" : curves(totals, sum.method, outputs);
            if (!table.empty())
                text += "\n" + methodCard(sum.method).title + ": reduction of the whole model's "
                    + (outputs ? "output error" : "nuclear norm") + ", in per cent, by rank and rounds\n" + table;
        }
    }
    text += "\n";
    for (const QuantErrorSum& sum : totals) {
        text += summary(sum, sum.notNuclear, "nuclear norm");
        if (output)
            text += summary(sum, sum.notOutput, "output error");
    }
    return text;
}

std::string csvText(const QuantErrorReport& report)
{
    std::string text = "module,kind,method,rank,rounds,frobenius,nuclear,spectral,output,plainFrobenius,plainNuclear,plainSpectral,plainOutput,"
                       "reduction,verdict\n";
    const auto number = [](double value) { return significantText(value, 17); };
    const auto norms = [&](const ErrorNorms& n) {
        return number(n.frobenius) + ',' + number(n.nuclear) + ',' + number(n.spectral) + ',' + (n.output >= 0 ? number(n.output) : "") + ',';
    };
    for (const QuantError& one : report.modules)
        text += one.name + ',' + one.kind + ',' + one.method + ',' + std::to_string(one.rank) + ',' + std::to_string(one.rounds) + ','
            + norms(one.error) + norms(one.plain) + number(one.reduction()) + ",\"" + verdictText(verdictOf(one.error, one.plain)) + "\"\n";
    return text;
}

nlohmann::json jsonOf(const QuantErrorReport& report)
{
    nlohmann::json document = toJson(report);
    for (const bool kinds : {false, true}) {
        nlohmann::json sums = nlohmann::json::array();
        for (const QuantErrorSum& sum : quantErrorSums(report.modules, kinds))
            sums.push_back(toJson(sum));
        document[kinds ? "kinds" : "totals"] = std::move(sums);
    }
    return document;
}

int showQuantError(Context& context, const QuantErrorAsk& ask)
{
    if (ask.csv && context.json)
        throw refusal(Code::usage, "--csv and --json", "both given", "one of them", "Leave one of them out.");
    auto job = jobOf(ask);
    ProgressLine progress(ProgressLine::styleFor(context.quiet));
    Signals signals(context.quiet);
    const auto engine = loadEngine();
    const auto report = run(*engine, std::move(job), progress, signals.token());
    context.out.write(context.json ? jsonText(jsonOf(report), -1) + '\n' : ask.csv ? csvText(report) : reportText(report));
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
    app->add_option("--calibrate", ask->calibrate, "Also the error of the outputs on rows of this data set")->type_name("DATASET");
    app->add_option("--rows", ask->rows, "With --calibrate: rows A to B, B not included (:16 unless told)")->type_name("A:B");
    app->add_flag("--csv", ask->csv, "A line a module, method, rank and number of rounds as CSV");
    commands.push_back({app, [ask](Context& context) { return showQuantError(context, *ask); }});
}

}  // namespace rankwright
