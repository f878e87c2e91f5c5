// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `spectrum`: singular values of every matching module of a model or a run, alone or beside another one's.
#include "app/commands/spectra.h"
#include "app/event_stream.h"
#include "app/text_table.h"
#include "storage/run_store.h"
#include "training/api/config_fields.h"
#include "training/api/paths.h"
#include "training/api/spectrum_measures.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>

namespace rankwright {

namespace {

constexpr int64_t kListed = 256;   // of large matrices, where neither --top nor --full asks for more

struct SpectrumAsk
{
    std::string model, run, other, top;
    bool full = false, csv = false;
    SpectrumOptions options;
    int64_t count = 0;             // --top as a number; 0: not given
};

void checkAsk(SpectrumAsk& ask, const Context& context)
{
    if (ask.run.empty())
        require(ask.model, "MODEL", "spectrum");
    else if (!ask.model.empty())
        throw refusal(Code::usage, "MODEL and --run", "both given", "one of them", "A run brings its model.");
    if (!ask.top.empty() && (ask.count = parseInteger(ask.top, "--top")) < 1)
        throw refusal(Code::usage, "--top", ask.top, "1 or more", "Leave it out, or say --full, for all values.");
    if (ask.full && !ask.top.empty())
        throw refusal(Code::usage, "--top and --full", "both given", "one of them", "Leave one of them out.");
    if (ask.csv && context.json)
        throw refusal(Code::usage, "--csv and --json", "both given", "one of them", "Leave one of them out.");
    if (ask.csv && !ask.other.empty())
        throw refusal(Code::usage, "--csv and --compare", "both given", "one of them", "Use --json with --compare.");
}

SpectrumJob jobFor(const SpectrumAsk& ask, const std::string& model, const std::string& run)
{
    SpectrumJob job = ask.options.job(model, run);
    if (ask.full)
        job.top = 0;
    else if (ask.count > kListed)
        job.top = ask.count;
    return job;
}

// A run where the store has one of this name, a model otherwise.
SpectrumJob otherJob(const SpectrumAsk& ask)
{
    if (ask.other != "default" && !std::filesystem::exists(ask.other)) {
        try {
            return jobFor(ask, {}, RunStore(dataDirectory()).run(ask.other).id);
        } catch (const Error& error) {
            if (error.code() != Code::missing)
                throw;
        }
    }
    return jobFor(ask, ask.other, {});
}

// How many values are shown of a list.
size_t shown(const ModuleSpectrum& module, int64_t count)
{
    return count > 0 ? std::min(size_t(count), module.values.size()) : module.values.size();
}

bool isWhole(const ModuleSpectrum& module)
{
    return int64_t(module.values.size()) == std::min(module.rows, module.cols);
}

std::string csvText(const std::vector<ModuleSpectrum>& modules, int64_t count)
{
    std::string text = "module,rows,cols,energy,stableRank,effectiveRank,index,value\n";
    for (const ModuleSpectrum& module : modules) {
        const std::string start = module.name + ',' + std::to_string(module.rows) + ',' + std::to_string(module.cols)
            + ',' + shortNumber(module.energy) + ',' + shortNumber(module.stableRank) + ','
            + (std::isnan(module.effectiveRank) ? std::string() : shortNumber(module.effectiveRank));
        for (size_t i = 0; i < shown(module, count); ++i)
            text += start + ',' + std::to_string(i + 1) + ',' + significantText(double(module.values[i]), 9) + '\n';
    }
    return text;
}

// The edge and what lies above it are of all values known, also where fewer are printed.
nlohmann::json jsonOf(const std::vector<ModuleSpectrum>& modules, int64_t count)
{
    nlohmann::json form = toJson(SpectrumReport{modules});
    for (size_t i = 0; i < modules.size(); ++i) {
        auto& values = form["modules"][i]["values"];
        values.erase(values.begin() + std::ptrdiff_t(shown(modules[i], count)), values.end());
    }
    return form;
}

std::string valuesText(const ModuleSpectrum& module, int64_t count)
{
    std::string text;
    for (size_t i = 0; i < shown(module, count); ++i)
        text += (i > 0 ? " " : "") + significantText(double(module.values[i]), 5);
    return text;
}

std::string tableText(const std::vector<ModuleSpectrum>& modules, int64_t count)
{
    using Align = TextTable::Align;
    std::vector<TextTable::Column> columns{{"MODULE"}, {"ROWS", Align::right}, {"COLUMNS", Align::right}, {"LARGEST", Align::right},
        {"SMALLEST", Align::right}, {"ENERGY", Align::right}, {"STABLE RANK", Align::right}, {"EFFECTIVE RANK", Align::right},
        {"NOISE EDGE", Align::right}, {"ABOVE", Align::right}};
    if (count > 0)
        columns.push_back({"THE LARGEST " + std::to_string(count)});
    TextTable table(columns);
    for (const ModuleSpectrum& module : modules) {
        const bool any = !module.values.empty();
        std::vector<std::string> cells{module.name, std::to_string(module.rows), std::to_string(module.cols),
            any ? numberText(double(module.values.front())) : "-",
            any && isWhole(module) ? numberText(double(module.values.back())) : "-", numberText(module.energy, 2),
            numberText(module.stableRank, 2), numberText(module.effectiveRank, 2), numberText(noiseEdge(module)),
            std::to_string(valuesAboveEdge(module))};
        if (count > 0)
            cells.push_back(valuesText(module, count));
        table.add(std::move(cells));
    }
    return table.text();
}

// One module on both sides.
struct Pair
{
    const ModuleSpectrum *first, *second;
    double difference = std::numeric_limits<double>::quiet_NaN();   // largest of |a - b| / max(a, b)
    size_t at = 0;                                                  // its position, from 1; 0: the shapes differ
};

// Values above 1e-6 of the largest: below that they are rounding.
Pair pairOf(const ModuleSpectrum& first, const ModuleSpectrum& second)
{
    Pair pair{.first = &first, .second = &second};
    if (first.rows != second.rows || first.cols != second.cols || first.values.empty() || second.values.empty())
        return pair;
    const double floor = 1e-6 * double(std::max(first.values.front(), second.values.front()));
    pair.difference = 0;
    for (size_t i = 0; i < std::min(first.values.size(), second.values.size()); ++i) {
        const double a = first.values[i], b = second.values[i], larger = std::max(a, b);
        if (!(larger > floor))
            break;
        const double difference = std::abs(a - b) / larger;
        if (pair.at == 0 || difference > pair.difference) {
            pair.difference = difference;
            pair.at = i + 1;
        }
    }
    return pair;
}

std::vector<Pair> pairsOf(const std::vector<ModuleSpectrum>& first, const std::vector<ModuleSpectrum>& second)
{
    std::vector<Pair> pairs;
    for (const ModuleSpectrum& one : first) {
        const auto found = std::ranges::find(second, one.name, &ModuleSpectrum::name);
        if (found != second.end())
            pairs.push_back(pairOf(one, *found));
    }
    if (pairs.empty())
        throw refusal(Code::mismatch, "--compare", "no module of the same name in both",
            "models of one family", "Compare models whose modules have the same names, see `rankwright-cli inspect`.");
    return pairs;
}

std::string tableText(const std::vector<Pair>& pairs)
{
    using Align = TextTable::Align;
    TextTable table({{"MODULE"}, {"ENERGY", Align::right}, {"OTHER", Align::right}, {"STABLE RANK", Align::right},
        {"OTHER", Align::right}, {"LARGEST DIFFERENCE", Align::right}, {"AT VALUE", Align::right}});
    for (const Pair& pair : pairs) {
        table.add({pair.first->name, numberText(pair.first->energy, 2), numberText(pair.second->energy, 2),
            numberText(pair.first->stableRank, 2), numberText(pair.second->stableRank, 2),
            std::isnan(pair.difference) ? "other shape" : significantText(100 * pair.difference, 3) + " %",
            pair.at > 0 ? std::to_string(pair.at) : "-"});
    }
    return table.text();
}

int comparison(Context& context, const SpectrumAsk& ask, const std::vector<ModuleSpectrum>& first)
{
    const std::vector<ModuleSpectrum> second = spectraOf(context, otherJob(ask));
    const std::vector<Pair> pairs = pairsOf(first, second);
    if (!context.json) {
        context.out.write(tableText(pairs));
        return 0;
    }
    nlohmann::json differences = nlohmann::json::array();
    for (const Pair& pair : pairs) {
        nlohmann::json difference = std::isnan(pair.difference) ? nlohmann::json() : nlohmann::json(pair.difference);
        differences.push_back({{"name", pair.first->name}, {"largestDifference", std::move(difference)}, {"at", pair.at}});
    }
    nlohmann::json form = jsonOf(first, ask.count);
    form["other"] = jsonOf(second, ask.count);
    form["differences"] = std::move(differences);
    context.out.write(jsonText(form, -1) + '\n');
    return 0;
}

int showSpectrum(Context& context, SpectrumAsk ask)
{
    checkAsk(ask, context);
    const std::vector<ModuleSpectrum> modules = spectraOf(context, jobFor(ask, ask.model, ask.run));
    if (!ask.other.empty())
        return comparison(context, ask, modules);
    if (ask.csv)
        context.out.write(csvText(modules, ask.count));
    else
        context.out.write(context.json ? jsonText(jsonOf(modules, ask.count), -1) + '\n' : tableText(modules, ask.count));
    return 0;
}

}  // namespace

void addSpectrum(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<SpectrumAsk>();
    CLI::App* app = program.add_subcommand("spectrum", "Singular values, energy, stable and effective rank per module");
    app->add_option("MODEL", ask->model, "Folder, .gguf file, org/name of the local cache, or default")->type_name("");
    app->add_option("--run", ask->run, "Instead of MODEL: the weights that a run has trained")->type_name("RUN");
    app->add_option("--compare", ask->other, "Beside those of another model, or of a run")->type_name("MODEL|RUN");
    ask->options.addTo(*app);
    app->add_option("--top", ask->top, "Print the K largest values")->type_name("K");
    app->add_flag("--full", ask->full,
        "All values, also of matrices whose shorter side is above 4096 (of those the default is the largest 256)");
    app->add_flag("--csv", ask->csv, "A line a value as CSV");
    commands.push_back({app, [ask](Context& context) { return showSpectrum(context, *ask); }});
}

}  // namespace rankwright
