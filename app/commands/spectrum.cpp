// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `spectrum`: singular values of every matching module, kept in the run store's cache by the hash of the weights.
#include "app/commands.h"
#include "app/event_stream.h"
#include "app/progress_line.h"
#include "app/signals.h"
#include "app/text_table.h"
#include "storage/run_store.h"
#include "training/api/config_fields.h"
#include "training/api/engine.h"
#include "training/api/paths.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

namespace rankwright {

namespace {

// Stores what was not known, as soon as it is there: an interrupted decomposition is not lost.
class SpectrumKeeper : public Events
{
public:
    SpectrumKeeper(const Context& context, RunStore& store, const std::vector<ModuleSpectrum>& known)
        : m_context(context)
        , m_store(store)
    {
        for (const ModuleSpectrum& spectrum : known)
            m_known.insert(spectrum.hash);
    }
    void on(const Event& event) override
    {
        const auto* spectrum = std::get_if<ModuleSpectrum>(&event);
        const bool whole
            = spectrum != nullptr && int64_t(spectrum->values.size()) == std::min(spectrum->rows, spectrum->cols);
        if (whole && !spectrum->hash.empty() && m_known.insert(spectrum->hash).second)
            keep(*spectrum);
    }

private:
    // A store that is busy or full costs the cache, not the result. Said once.
    void keep(const ModuleSpectrum& spectrum)
    {
        try {
            m_store.storeSpectrum(spectrum);
        } catch (const std::exception& error) {
            if (!m_told)
                m_context.say(std::string("Not all spectra are kept: ") + error.what());
            m_told = true;
        }
    }

    const Context& m_context;
    RunStore& m_store;
    bool m_told = false;
    std::set<std::string> m_known;
};

// Without a place for the run store, spectra are computed all the same.
std::optional<RunStore> cacheIfThere(const Context& context)
{
    try {
        return std::optional<RunStore>(std::in_place, dataDirectory());
    } catch (const std::exception& error) {
        context.say(std::string("Spectra are not kept: ") + error.what());
        return std::nullopt;
    }
}

// A busy store answers with an error: then everything is computed again.
std::vector<ModuleSpectrum> knownSpectra(const Context& context, RunStore& store)
{
    try {
        return store.allSpectra();
    } catch (const std::exception& error) {
        context.say(std::string("Spectra that were kept are not used: ") + error.what());
        return {};
    }
}

struct SpectrumAsk
{
    std::string model, modules = "*", top;
    bool full = false, csv = false;
};

std::string csvText(const std::vector<ModuleSpectrum>& modules)
{
    std::string text = "module,rows,cols,energy,stableRank,effectiveRank,index,value\n";
    for (const ModuleSpectrum& module : modules) {
        const std::string start = module.name + ',' + std::to_string(module.rows) + ',' + std::to_string(module.cols)
            + ',' + shortNumber(module.energy) + ',' + shortNumber(module.stableRank) + ','
            + shortNumber(module.effectiveRank);
        for (size_t i = 0; i < module.values.size(); ++i)
            text += start + ',' + std::to_string(i + 1) + ',' + significantText(double(module.values[i]), 9) + '\n';
    }
    return text;
}

std::string tableText(const std::vector<ModuleSpectrum>& modules)
{
    using Align = TextTable::Align;
    TextTable table({{"MODULE"}, {"ROWS", Align::right}, {"COLUMNS", Align::right}, {"LARGEST", Align::right},
        {"SMALLEST", Align::right}, {"ENERGY", Align::right}, {"STABLE RANK", Align::right},
        {"EFFECTIVE RANK", Align::right}});
    for (const ModuleSpectrum& module : modules) {
        const bool any = !module.values.empty();
        table.add({module.name, std::to_string(module.rows), std::to_string(module.cols),
            any ? numberText(double(module.values.front())) : "-", any ? numberText(double(module.values.back())) : "-",
            numberText(module.energy, 2), numberText(module.stableRank, 2), numberText(module.effectiveRank, 2)});
    }
    return table.text();
}

int showSpectrum(Context& context, const SpectrumAsk& ask)
{
    require(ask.model, "MODEL", "spectrum");
    const int64_t top = ask.top.empty() ? 0 : parseInteger(ask.top, "--top");
    if (!ask.top.empty() && top < 1)
        throw refusal(Code::usage, "--top", ask.top, "1 or more", "Leave it out, or say --full, for all values.");
    if (ask.full && !ask.top.empty())
        throw refusal(Code::usage, "--top and --full", "both given", "one of them", "Leave one of them out.");
    if (ask.csv && context.json)
        throw refusal(Code::usage, "--csv and --json", "both given", "one of them", "Leave one of them out.");
    SpectrumReport report{.modules = spectraOf(context, ask.model, ask.modules)};
    if (ask.csv || context.json) {
        for (ModuleSpectrum& module : report.modules) {
            if (top > 0 && int64_t(module.values.size()) > top)
                module.values.resize(size_t(top));
        }
        context.out.write(ask.csv ? csvText(report.modules) : jsonText(toJson(report), -1) + '\n');
    } else {
        context.out.write(tableText(report.modules));
    }
    return 0;
}

}  // namespace

std::vector<ModuleSpectrum> spectraOf(Context& context, const std::string& model, const std::string& modules)
{
    auto store = cacheIfThere(context);
    SpectrumJob job;
    job.model = model;
    job.modules = modules;
    if (store)
        job.known = knownSpectra(context, *store);
    ProgressLine progress(ProgressLine::styleFor(context.quiet));
    std::vector<Events*> receivers{&progress};
    std::optional<SpectrumKeeper> keeper;
    if (store)
        receivers.push_back(&keeper.emplace(context, *store, job.known));
    FanOut events(receivers);
    Signals signals(context.quiet);
    const auto engine = loadEngine();
    return run(*engine, std::move(job), events, signals.token()).modules;
}

void addSpectrum(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<SpectrumAsk>();
    CLI::App* app = program.add_subcommand("spectrum", "Singular values, energy, stable and effective rank per module");
    app->add_option("MODEL", ask->model, "Folder, .gguf file, org/name of the local cache, or default")->type_name("");
    app->add_option("--modules", ask->modules, "Which modules: patterns with * and ?, separated by commas")
        ->type_name("GLOB");
    app->add_option("--top", ask->top, "With --json or --csv: only the K largest values")->type_name("K");
    app->add_flag("--full", ask->full, "With --json or --csv: all values (the default)");
    app->add_flag("--csv", ask->csv, "A line a value as CSV");
    commands.push_back({app, [ask](Context& context) { return showSpectrum(context, *ask); }});
}

}  // namespace rankwright
