// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "app/commands/training.h"

#include "app/text_table.h"
#include "storage/runs/comparison.h"
#include "storage/runs/past_runs.h"
#include "training/api/metrics.h"
#include "training/api/paths.h"
#include "training/api/shared_base.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <new>
#include <set>
#include <sstream>

namespace rankwright {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// The running totals that TrainResult does not carry.
class Totals : public Events
{
public:
    void on(const Event& event) override
    {
        if (const auto* start = std::get_if<RunStarted>(&event))
            m_start = *start;
        if (const auto* step = std::get_if<StepEvent>(&event))
            m_last = *step;
    }
    [[nodiscard]] const std::optional<RunStarted>& start() const { return m_start; }
    [[nodiscard]] int64_t tokens() const { return m_last ? m_last->tokens : 0; }
    [[nodiscard]] double seconds() const { return m_last ? m_last->seconds : 0; }

private:
    std::optional<RunStarted> m_start;
    std::optional<StepEvent> m_last;
};

// A run that fails says why as a note, which is stored, and as its end: people hear it once, from whoever ran it.
class WithoutLastNote : public Events
{
public:
    explicit WithoutLastNote(Events& receiver) : m_receiver(receiver) {}
    ~WithoutLastNote() override { tell(); }
    WithoutLastNote(const WithoutLastNote&) = delete;
    WithoutLastNote& operator=(const WithoutLastNote&) = delete;
    void on(const Event& event) override
    {
        const auto* end = std::get_if<RunEnded>(&event);
        if (end != nullptr && m_held && m_held->text == end->error)
            m_held.reset();
        tell();
        const auto* note = std::get_if<NoteEvent>(&event);
        if (note != nullptr && note->level == "warning")
            m_held = *note;
        else
            m_receiver.on(event);
    }

private:
    void tell()
    {
        if (m_held)
            m_receiver.on(*std::exchange(m_held, std::nullopt));
    }
    Events& m_receiver;
    std::optional<NoteEvent> m_held;
};

// A receiver that the threads of several runs share.
class Shared : public Events
{
public:
    Shared(std::mutex& mutex, Events& receiver) : m_mutex(mutex), m_receiver(receiver) {}
    // Its lines are headed by the run's name.
    void setTitle(ProgressLine& line, std::string title)
    {
        m_line = &line;
        m_title = std::move(title);
    }
    void on(const Event& event) override
    {
        const std::lock_guard lock(m_mutex);
        if (m_line != nullptr)
            m_line->setTitle(m_title);
        m_receiver.on(event);
    }

private:
    std::mutex& m_mutex;
    Events& m_receiver;
    ProgressLine* m_line = nullptr;
    std::string m_title;
};

struct Nobody : Events
{
    void on(const Event&) override { }
};

std::string numberOrDash(const std::optional<double>& value) { return numberText(value.value_or(kNone)); }

nlohmann::json jsonNumber(const std::optional<double>& value)
{
    return value && std::isfinite(*value) ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

nlohmann::json metricsJson(const TrainResult& result)
{
    nlohmann::json metrics = nlohmann::json::object();
    for (const auto& [id, value] : result.metrics)
        metrics[id] = jsonNumber(value);
    return metrics;
}

// Metrics that any of the runs has, in their order of display.
std::vector<std::string> metricsOf(const std::vector<RunOutcome>& outcomes)
{
    std::vector<std::string> ids;
    for (const MetricCard& card : metricCards()) {
        if (std::ranges::any_of(outcomes, [&](const RunOutcome& one) { return one.result.metrics.contains(card.id); }))
            ids.push_back(card.id);
    }
    return ids;
}

// The parts of the memory, a line each, what past runs add or take away, and the sum of these lines.
std::string partsText(const Estimate& estimate)
{
    using Align = TextTable::Align;
    TextTable table({{"MEMORY"}, {"BYTES", Align::right}});
    for (const MemoryPart& part : estimate.parts)
        table.add({part.title, bytesText(part.bytes)});
    if (const int64_t more = estimate.peakBytes - estimate.uncalibratedBytes; more != 0)
        table.add({"Calibration", (more < 0 ? "-" : "+") + bytesText(std::abs(more))});
    table.add({"Together", bytesText(estimate.peakBytes)});
    return table.text();
}

std::string calibrationText(const Estimate& estimate)
{
    if (estimate.pastRuns == 0)
        return "No past run of this kind on this machine: counted from the shapes alone, the time from a timed matrix product.\n";
    auto text = "Memory and time are calibrated by " + countText(estimate.pastRuns) + " past run" + (estimate.pastRuns == 1 ? "" : "s")
        + " of this kind on this machine";
    if (estimate.spread())
        text += "; at the speeds that they had it takes " + durationText(estimate.leastSeconds) + " to " + durationText(estimate.mostSeconds);
    return text + ".\n";
}

std::string adviceText(const Estimate& estimate)
{
    std::string text;
    for (const std::string& warning : estimate.warnings)
        text += "warning: " + escaped(warning) + '\n';
    for (const Suggestion& suggestion : estimate.suggestions)
        text += "try: " + escaped(suggestion.text) + '\n';
    return text;
}

std::string estimateText(const RunConfig& config, const Estimate& estimate)
{
    return (config.name.empty() ? config.method : escaped(config.name)) + ": " + countText(estimate.steps) + " steps over "
        + countText(estimate.rows) + " rows, " + countText(estimate.trainable) + " of " + countText(estimate.parameters)
        + " parameters trained, about " + bytesText(estimate.peakBytes) + " of memory"
        + (estimate.memoryBytes > 0 ? " of " + bytesText(estimate.memoryBytes) + " that are free" : "") + " and "
        + durationText(estimate.seconds) + " (" + durationText(estimate.secondsPerStep) + " a step)\n"
        + "data: " + escaped(readingText(estimate.data)) + "\n\n" + partsText(estimate) + calibrationText(estimate) + adviceText(estimate);
}

// None where nothing has been trained yet, or where the store cannot be read just now: an estimate does without.
std::vector<PastRun> knownRuns()
{
    try {
        if (!std::filesystem::exists(dataDirectory() / "runs.db"))
            return {};
        RunStore store = RunStore::openForReading(dataDirectory());
        return pastRuns(store);
    } catch (const Error&) {
        return {};
    }
}

// Text that is the same for configurations with the same estimate.
std::string estimateKey(RunConfig config)
{
    const RunConfig plain;
    config.name.clear();
    config.seed = plain.seed;
    config.order = plain.order;
    config.learningRate = plain.learningRate;
    config.schedule = plain.schedule;
    config.warmup = plain.warmup;
    config.weightDecay = plain.weightDecay;
    config.clip = plain.clip;
    config.beta1 = plain.beta1;
    config.beta2 = plain.beta2;
    config.epsilon = plain.epsilon;
    return toJson(config).dump();
}

// The exit status that a stored message "... [E-CODE]" stands for.
int statusOfMessage(const std::string& message)
{
    for (int code = 0; code <= int(Code::internal); ++code) {
        if (message.ends_with("[" + std::string(codeText(Code(code))) + "]"))
            return exitStatus(Code(code));
    }
    return exitStatus(Code::internal);
}

}  // namespace

bool RunOutcome::refused() const
{
    const auto is = [this](Code code) { return errorStatus == exitStatus(code); };
    return !started && result.outcome == RunState::failed && (is(Code::usage) || is(Code::data) || is(Code::missing));
}

double RunOutcome::tokensPerSecond() const { return seconds > 0 ? double(tokens) / seconds : kNone; }

nlohmann::json toJson(const RunOutcome& outcome)
{
    const TrainResult& result = outcome.result;
    nlohmann::json json{{"run", outcome.id}, {"arm", outcome.label}, {"method", outcome.method},
        {"seed", outcome.seed}, {"learningRate", outcome.learningRate}, {"trainable", outcome.trainable},
        {"outcome", stateText(result.outcome)}, {"steps", result.step}, {"finalLoss", jsonNumber(result.finalLoss)},
        {"evalBefore", jsonNumber(result.evalBefore)}, {"evalAfter", jsonNumber(result.evalAfter)}, {"metrics", metricsJson(result)},
        {"seconds", outcome.seconds}, {"tokens", outcome.tokens},
        {"tokensPerSecond", jsonNumber(outcome.tokensPerSecond())}, {"adapter", result.adapter}};
    if (!outcome.data.format.empty())
        json["data"] = toJson(outcome.data);
    if (result.answers > 0) {
        json["answers"] = result.answers;
        json["cutAnswers"] = result.cutAnswers;
    }
    if (!outcome.error.empty())
        json["error"] = outcome.error;
    return json;
}

std::string tableText(const std::vector<RunOutcome>& outcomes)
{
    using Align = TextTable::Align;
    const bool rates = std::ranges::any_of(
        outcomes, [&](const RunOutcome& outcome) { return outcome.learningRate != outcomes.front().learningRate; });
    std::vector<TextTable::Column> columns{{"ARM"}, {"SEED", Align::right}, {"LR", Align::right}, {"OUTCOME"},
        {"STEPS", Align::right}, {"FINAL LOSS", Align::right}, {"EVAL BEFORE", Align::right},
        {"EVAL AFTER", Align::right}, {"TIME", Align::right}, {"TOKENS/S", Align::right}, {"ADAPTER"}};
    constexpr int kRate = 2, kTime = 8;
    const auto metrics = metricsOf(outcomes);
    for (size_t i = 0; i < metrics.size(); ++i)
        columns.insert(columns.begin() + kTime + int(i), {metrics[i], Align::right});
    if (!rates)
        columns.erase(columns.begin() + kRate);
    TextTable table(columns);
    for (const RunOutcome& outcome : outcomes) {
        const TrainResult& result = outcome.result;
        std::vector<std::string> cells{outcome.label, std::to_string(outcome.seed),
            significantText(outcome.learningRate, 3), stateText(result.outcome), std::to_string(result.step),
            numberText(result.finalLoss), numberOrDash(result.evalBefore), numberOrDash(result.evalAfter),
            durationText(outcome.seconds), numberText(outcome.tokensPerSecond(), 0),
            result.adapter.empty() ? "-" : result.adapter};
        for (size_t i = 0; i < metrics.size(); ++i) {
            const auto found = result.metrics.find(metrics[i]);
            cells.insert(cells.begin() + kTime + int(i), numberText(found == result.metrics.end() ? kNone : found->second));
        }
        if (!rates)
            cells.erase(cells.begin() + kRate);
        table.add(std::move(cells));
    }
    return table.text();
}

RunOutcome storedOutcome(RunStore& store, const std::string& id)
{
    const RunRow row = store.run(id);
    const RunConfig config = store.config(row.id);
    RunOutcome outcome{.id = row.id, .label = row.arm.empty() ? labelOf(config) : row.arm, .method = config.method, .seed = config.seed,
        .learningRate = config.learningRate, .result = {}, .tokens = row.tokens, .trainable = row.trainable,
        .seconds = std::isfinite(row.seconds) ? row.seconds : 0, .error = {}, .errorStatus = 0};
    outcome.result.outcome = row.state;
    outcome.result.step = row.step;
    outcome.result.finalLoss = row.step > 0 ? row.loss : kNone;
    const auto evaluations = store.curve(row.id, "evalLoss");
    if (!evaluations.empty() && evaluations.front().step == 0)
        outcome.result.evalBefore = evaluations.front().value;
    if (!evaluations.empty() && evaluations.back().step > 0)
        outcome.result.evalAfter = evaluations.back().value;
    outcome.result.metrics = store.metrics(row.id);
    std::error_code unreadable;
    for (const ArtifactRow& artifact : store.artifacts(row.id)) {
        if (artifact.kind == "adapter" && std::filesystem::is_directory(artifact.path, unreadable))
            outcome.result.adapter = artifact.path;
    }
    if (row.state == RunState::failed) {
        for (const NoteRow& note : store.notes(row.id)) {  // the last one is why it failed
            if (note.level == "warning")
                outcome.error = note.text;
        }
        outcome.errorStatus = statusOfMessage(outcome.error);
    }
    return outcome;
}

int statusOf(const RunOutcome& outcome, const Signals& signals)
{
    if (outcome.errorStatus != 0)
        return outcome.errorStatus;
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

RunConfig Training::configOf(const std::string& id)
{
    const std::lock_guard lock(m_mutex);
    return m_store.config(id);
}

RunOutcome Training::run(const std::string& id, const std::string& label, bool resume, bool force, Events* extra,
    const Together& together)
{
    RunOutcome outcome;
    outcome.id = id;
    outcome.label = label;
    outcome.result.finalLoss = kNone;
    Totals totals;
    Shared line(m_mutex, m_progress), stream(m_mutex, m_stream);
    WithoutLastNote progress(line);
    std::vector<Events*> receivers{&progress, &totals};
    if (m_events)
        receivers.push_back(&stream);
    if (extra != nullptr)
        receivers.push_back(extra);
    FanOut watcher(receivers);
    const auto note = [&](const Error& error) {
        outcome.error = error.what();
        outcome.errorStatus = exitStatus(error.code());
    };
    try {
        const RunConfig config = configOf(id);
        if (!together.group.empty())
            line.setTitle(m_progress, config.name);
        outcome.seed = config.seed;
        outcome.method = config.method;
        outcome.learningRate = config.learningRate;
        outcome.result = trainRun(m_store.dataDirectory(), id, *m_engine, watcher, m_signals.token(), resume, force, together);
    } catch (const Error& error) {
        note(error);
        outcome.result.outcome = error.code() == Code::stopped ? RunState::stopped : RunState::failed;
    } catch (const std::exception& error) {  // one arm's trouble is not the others'
        const bool memory = dynamic_cast<const std::bad_alloc*>(&error) != nullptr;
        note(Error(ErrorParts{.code = memory ? Code::memory : Code::internal,
            .file = m_store.folderOf(id),
            .place = "training",
            .found = error.what(),
            .allowed = {},
            .advice = memory ? "Take a smaller batch or shorter rows." : "Try to resume the run."}));
        outcome.result.outcome = RunState::failed;
    }
    outcome.started = totals.start().has_value();
    if (outcome.started) {
        outcome.trainable = totals.start()->trainable;
        outcome.data = totals.start()->data;
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

std::vector<Estimate> estimatesOf(
    Engine& engine, const std::vector<RunConfig>& configs, Events& progress, std::stop_token stop)
{
    std::map<std::string, Estimate> known;
    std::vector<Estimate> estimates;
    Nobody nobody;  // the data is read for each, but told once
    const auto past = knownRuns();
    for (const RunConfig& config : configs) {
        const std::string key = estimateKey(config);
        auto found = known.find(key);
        if (found == known.end()) {
            Events& events = known.empty() ? progress : nobody;
            found = known.emplace(key, run(engine, EstimateJob{.config = config, .past = past}, events, stop)).first;
        }
        estimates.push_back(found->second);
    }
    return estimates;
}

std::string estimatesText(const std::vector<RunConfig>& configs, const std::vector<Estimate>& estimates, const RunGroups& groups)
{
    using Align = TextTable::Align;
    TextTable table({{"ARM"}, {"RUNS", Align::right}, {"TRAINED", Align::right}, {"MEMORY", Align::right},
        {"STEPS", Align::right}, {"A STEP", Align::right}, {"TIME", Align::right}});
    std::set<std::string> told;
    std::string warnings;
    double seconds = 0;
    int64_t memory = 0;
    for (size_t i = 0; i < configs.size(); ++i) {
        const Estimate& one = estimates[i];
        seconds += one.seconds;
        memory = std::max(memory, one.peakBytes);
        const std::string arm = labelOf(configs[i]);
        const auto runs = std::ranges::count_if(configs, [&](const RunConfig& c) { return labelOf(c) == arm; });
        if (!told.insert(arm).second)
            continue;
        table.add({arm, std::to_string(runs), countText(one.trainable), bytesText(one.peakBytes),
            countText(one.steps), durationText(one.secondsPerStep), durationText(one.seconds * double(runs))});
        // Arms that do not fit have the same advice more often than not.
        std::istringstream lines(adviceText(one));
        for (std::string line; std::getline(lines, line);) {
            if (told.insert(line).second)
                warnings += line + '\n';
        }
    }
    size_t most = 1;
    for (const auto& group : groups) {
        std::vector<Estimate> together;
        for (const size_t i : group)
            together.push_back(estimates[i]);
        memory = std::max(memory, memoryTogether(together).peakBytes);
        most = std::max(most, group.size());
    }
    const std::string order = most > 1 ? "up to " + std::to_string(most) + " at once on one copy of the model" : "one after another";
    // The arms of a comparison have the same rows.
    const std::string data = estimates.empty() ? std::string() : "data: " + escaped(readingText(estimates.front().data)) + '\n';
    return data + table.text() + warnings + std::to_string(configs.size()) + " runs, " + order + ": about "
        + durationText(seconds) + " of training and at most " + bytesText(memory)
        + " of memory; the methods' starts and evaluations come on top.\n";
}

int printEstimates(Context& context, const std::vector<RunConfig>& configs, const RunGroups& groups)
{
    ProgressLine progress(ProgressLine::styleFor(context.quiet));
    Signals signals(context.quiet);
    const auto engine = loadEngine();
    const auto estimates = estimatesOf(*engine, configs, progress, signals.token());
    if (!context.json) {
        context.out.write(
            configs.size() == 1 ? estimateText(configs[0], estimates[0]) : estimatesText(configs, estimates, groups));
        return 0;
    }
    nlohmann::json list = nlohmann::json::array();
    for (size_t i = 0; i < configs.size(); ++i) {
        nlohmann::json entry = toJson(estimates[i]);
        entry["config"] = toJson(configs[i]);
        entry["kind"] = runKind(configs[i]);  // runs of one kind calibrate each other
        list.push_back(std::move(entry));
    }
    context.out.write(jsonText(configs.size() == 1 ? list[0] : list) + '\n');
    return 0;
}

}  // namespace rankwright
