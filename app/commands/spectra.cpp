// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "app/commands/spectra.h"

#include "app/event_stream.h"
#include "app/progress_line.h"
#include "app/signals.h"
#include "storage/run_store.h"
#include "training/api/engine.h"
#include "training/api/paths.h"

#include <CLI/CLI.hpp>

#include <limits>
#include <optional>
#include <unordered_map>

namespace rankwright {

namespace {

// Rows of --weighted where none are named: some thousand tokens tell the size of a channel well enough.
constexpr const char* kRows = ":32";

// Stores what was not known, as soon as it is there: an interrupted decomposition is not lost.
class SpectrumKeeper : public Events
{
public:
    SpectrumKeeper(const Context& context, RunStore& store, const std::vector<ModuleSpectrum>& known)
        : m_context(context)
        , m_store(store)
    {
        for (const ModuleSpectrum& spectrum : known)
            m_listed[spectrum.hash] = spectrum.values.size();
    }
    void on(const Event& event) override
    {
        const auto* spectrum = std::get_if<ModuleSpectrum>(&event);
        if (spectrum == nullptr || spectrum->hash.empty())
            return;
        size_t& listed = m_listed[spectrum->hash];
        if (spectrum->values.size() <= listed)
            return;
        listed = spectrum->values.size();
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
    std::unordered_map<std::string, size_t> m_listed;   // hash -> values that the store has
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

}  // namespace

void SpectrumOptions::addTo(CLI::App& app)
{
    app.add_option("--modules", m_modules, "Which modules: patterns with * and ?, separated by commas")->type_name("GLOB");
    app.add_option("--weighted", m_data,
           "Weigh each input by its size on these rows: the values of W diag(root mean square of the inputs)")
        ->type_name("DATASET");
    app.add_option("--rows", m_rows, "With --weighted: which rows, as 0:100 or :32 (the default)")->type_name("ROWS");
}

SpectrumJob SpectrumOptions::job(const std::string& model, const std::string& run) const
{
    if (!m_rows.empty() && !weighted())
        throw refusal(Code::usage, "--rows", m_rows, "rows of --weighted DATASET", "Say --weighted default --rows " + m_rows + ".");
    (void)parseRows(m_rows, std::numeric_limits<int64_t>::max(), "--rows");
    SpectrumJob job;
    job.model = model;
    job.modules = m_modules;
    job.top = SpectrumJob::kAuto;
    job.weighted = weighted();
    job.calibration.model = model;
    job.calibration.data = m_data;
    job.calibration.rows = m_rows.empty() ? kRows : m_rows;
    if (!run.empty()) {
        RunStore store(dataDirectory());
        const RunRow row = store.run(run);
        const RunConfig config = store.config(row.id);
        job.folder = store.folderOf(row.id).string();
        job.model = config.model;
        // The run's own rows are read as the run reads them.
        if (job.weighted) {
            job.calibration = config;
            job.calibration.data = m_data;
            job.calibration.rows = m_rows.empty() ? kRows : m_rows;
            if (m_data != config.data)
                job.calibration.columns = {};
        }
    }
    return job;
}

std::vector<ModuleSpectrum> spectraOf(Context& context, SpectrumJob job)
{
    auto store = cacheIfThere(context);
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

}  // namespace rankwright
