// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "app/commands/training.h"

#include "app/text_table.h"
#include "training/api/paths.h"

#include <cmath>
#include <limits>
#include <new>

namespace rankwright {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// The running totals that TrainResult does not carry.
class Totals : public Events
{
public:
    void on(const Event& event) override
    {
        if (const auto* step = std::get_if<StepEvent>(&event)) {
            if (!m_first)
                m_first = *step;
            m_last = *step;
        }
    }
    [[nodiscard]] int64_t tokens() const { return m_last ? m_last->tokens : 0; }
    [[nodiscard]] double seconds() const { return m_last ? m_last->seconds : 0; }

private:
    std::optional<StepEvent> m_first, m_last;
};

std::string numberOrDash(const std::optional<double>& value) { return numberText(value.value_or(kNone)); }

nlohmann::json jsonNumber(const std::optional<double>& value)
{
    return value && std::isfinite(*value) ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

std::string estimateText(const RunConfig& config, const Estimate& estimate)
{
    std::string text = (config.name.empty() ? config.method : escaped(config.name)) + ": " + countText(estimate.steps)
        + " steps over " + countText(estimate.rows) + " rows, " + countText(estimate.trainable) + " of "
        + countText(estimate.parameters) + " parameters trained, about " + bytesText(estimate.peakBytes)
        + " of memory and " + durationText(estimate.seconds) + " (" + durationText(estimate.secondsPerStep)
        + " a step)\n";
    for (const std::string& warning : estimate.warnings)
        text += "warning: " + escaped(warning) + '\n';
    return text;
}

}  // namespace

double RunOutcome::tokensPerSecond() const { return seconds > 0 ? double(tokens) / seconds : kNone; }

nlohmann::json toJson(const RunOutcome& outcome)
{
    const TrainResult& result = outcome.result;
    nlohmann::json json{{"run", outcome.id}, {"arm", outcome.label}, {"seed", outcome.seed},
        {"outcome", stateText(result.outcome)}, {"steps", result.step}, {"finalLoss", jsonNumber(result.finalLoss)},
        {"evalBefore", jsonNumber(result.evalBefore)}, {"evalAfter", jsonNumber(result.evalAfter)},
        {"seconds", outcome.seconds}, {"tokens", outcome.tokens},
        {"tokensPerSecond", jsonNumber(outcome.tokensPerSecond())}, {"adapter", result.adapter}};
    if (outcome.error)
        json["error"] = outcome.error->what();
    return json;
}

std::string tableText(const std::vector<RunOutcome>& outcomes)
{
    using Align = TextTable::Align;
    TextTable table({{"ARM"}, {"SEED", Align::right}, {"OUTCOME"}, {"STEPS", Align::right},
        {"FINAL LOSS", Align::right}, {"EVAL BEFORE", Align::right}, {"EVAL AFTER", Align::right},
        {"TIME", Align::right}, {"TOKENS/S", Align::right}, {"ADAPTER"}});
    for (const RunOutcome& outcome : outcomes) {
        const TrainResult& result = outcome.result;
        table.add({outcome.label, std::to_string(outcome.seed), stateText(result.outcome), std::to_string(result.step),
            numberText(result.finalLoss), numberOrDash(result.evalBefore), numberOrDash(result.evalAfter),
            durationText(outcome.seconds), numberText(outcome.tokensPerSecond(), 0),
            result.adapter.empty() ? "-" : result.adapter});
    }
    return table.text();
}

int statusOf(const RunOutcome& outcome, const Signals& signals)
{
    if (outcome.error)
        return exitStatus(outcome.error->code());
    if (outcome.result.outcome == RunState::diverged)
        return exitStatus(Code::diverged);
    return outcome.result.outcome == RunState::stopped && signals.arrived() ? exitStatus(Code::stopped) : 0;
}

Training::Training(Context& context, bool events)
    : m_context(context)
    , m_events(events)
    , m_signals(context.quiet)
    , m_engine(loadEngine())
    , m_store(dataDirectory())
    , m_progress(ProgressLine::styleFor(context.quiet))
    , m_stream(context.out)
{
}

RunOutcome Training::run(const std::string& id, const std::string& label, bool resume, bool force, Events* extra)
{
    RunOutcome outcome;
    outcome.id = id;
    outcome.label = label;
    outcome.result.finalLoss = kNone;
    Totals totals;
    std::vector<Events*> receivers{&m_progress, &totals};
    if (m_events)
        receivers.push_back(&m_stream);
    if (extra != nullptr)
        receivers.push_back(extra);
    FanOut watcher(receivers);
    try {
        outcome.seed = m_store.config(id).seed;
        outcome.result = trainRun(m_store.dataDirectory(), id, *m_engine, watcher, m_signals.token(), resume, force);
    } catch (const Error& error) {
        outcome.error = error;
        outcome.result.outcome = error.code() == Code::stopped ? RunState::stopped : RunState::failed;
    } catch (const std::exception& error) {  // one arm's trouble is not the others'
        const bool memory = dynamic_cast<const std::bad_alloc*>(&error) != nullptr;
        outcome.error = Error(ErrorParts{.code = memory ? Code::memory : Code::internal,
            .file = m_store.folderOf(id),
            .place = "training",
            .found = error.what(),
            .allowed = {},
            .advice = memory ? "Take a smaller batch or shorter rows." : "Try to resume the run."});
        outcome.result.outcome = RunState::failed;
    }
    outcome.tokens = totals.tokens();
    outcome.seconds = totals.seconds();
    return outcome;
}

void Training::tell(const std::string& text)
{
    if (m_events) {
        if (!m_context.quiet)
            writeToPeople(text);
    } else {
        m_context.out.write(text);
    }
}

int printEstimates(Context& context, const std::vector<RunConfig>& configs)
{
    ProgressLine progress(ProgressLine::styleFor(context.quiet));
    Signals signals(context.quiet);
    const auto engine = loadEngine();
    nlohmann::json list = nlohmann::json::array();
    std::string text;
    for (const RunConfig& config : configs) {
        const Estimate estimate = run(*engine, EstimateJob{.config = config}, progress, signals.token());
        nlohmann::json entry = toJson(estimate);
        entry["config"] = toJson(config);
        list.push_back(std::move(entry));
        text += estimateText(config, estimate);
    }
    context.out.write(context.json ? jsonText(configs.size() == 1 ? list[0] : list) + '\n' : text);
    return 0;
}

}  // namespace rankwright
