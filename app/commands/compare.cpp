// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `compare`: several methods on the same rows in the same order, one after another, and one table.
#include "app/command_options.h"
#include "app/commands/training.h"
#include "app/text_table.h"
#include "training/api/paths.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <unistd.h>

namespace rankwright {

namespace {

using Clock = std::chrono::steady_clock;

struct CompareAsk
{
    std::vector<std::string> arm;
    std::string model, data, arms, seeds, minutes;
    ConfigOptions options;
    bool events = false, dryRun = false;
};

std::vector<int64_t> seedsOf(const std::string& text, int64_t fallback)
{
    if (text.empty())
        return {fallback};
    std::vector<int64_t> seeds;
    size_t from = 0;
    while (from <= text.size()) {
        const size_t end = std::min(text.find(',', from), text.size());
        seeds.push_back(parseInteger(std::string_view(text).substr(from, end - from), "--seeds"));
        if (seeds.back() < 0)
            throw refusal(Code::usage, "--seeds", text, "0 or more", "For example --seeds 0,1,2.");
        from = end + 1;
    }
    return seeds;
}

std::vector<RunConfig> configsOf(const CompareAsk& ask)
{
    RunConfig base = runConfig(ask.model, ask.data, ask.options, "compare");
    if (base.data == "default" && base.evalData.empty())
        base.evalData = "default";   // its 200 test rows, some of them of shapes that training never shows
    std::vector<std::string> arms = ask.arm;
    if (!ask.arms.empty())
        arms.insert(arms.begin(), ask.arms);
    if (arms.empty())
        arms = {"lora,pissa"};
    auto configs = comparisonConfigs(parseArms(base, arms), seedsOf(ask.seeds, base.seed));
    for (const RunConfig& config : configs)
        validate(config);
    return configs;
}

// Asks for a stop when an arm's share of the time is over and it has taken a step, so that its adapter is still
// written.
class Deadline : public Events
{
public:
    explicit Deadline(Clock::time_point end)
        : m_end(end)
    {
    }
    void on(const Event& event) override { m_stepTaken = m_stepTaken || std::holds_alternative<StepEvent>(event); }
    Controls controls() override
    {
        return {.pause = false, .checkpoint = false, .stop = m_stepTaken && Clock::now() >= m_end};
    }

private:
    Clock::time_point m_end;
    bool m_stepTaken = false;
};

// Notes what a trial of two steps shows: the first step also warms up, so the second one counts.
class StepTimer : public Events
{
public:
    void on(const Event& event) override
    {
        if (const auto* step = std::get_if<StepEvent>(&event)) {
            m_last = step->seconds - m_total;
            m_total = step->seconds;
        }
    }
    [[nodiscard]] double lastStep() const { return m_last; }
    [[nodiscard]] double total() const { return m_total; }

private:
    double m_last = 0, m_total = 0;
};

class TemporaryFolder
{
public:
    explicit TemporaryFolder(std::filesystem::path path)
        : m_path(std::move(path))
    {
        std::filesystem::create_directories(m_path);
    }
    ~TemporaryFolder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(m_path, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return m_path; }

private:
    std::filesystem::path m_path;
};

// Steps for each of the runs so that all of them fit into `seconds`, from a trial of two steps of the arm that has the
// longest start, with its evaluations: time = runs * (start and evaluations + steps * step).
int64_t stepsWithin(Training& training, const std::vector<RunConfig>& configs, double seconds)
{
    const auto costly
        = std::find_if(configs.begin(), configs.end(), [](const RunConfig& config) { return config.method != "lora"; });
    TrainJob job;
    job.config = costly == configs.end() ? configs.front() : *costly;
    job.config.steps = 2;
    job.run = "trial";
    const TemporaryFolder folder(training.store().dataDirectory() / ("trial-" + std::to_string(::getpid())));
    job.folder = folder.path().string();
    StepTimer timer;
    training.progress().setTitle("trial of 2 steps");
    FanOut events({&timer, &training.progress()});
    const auto start = Clock::now();
    const TrainResult trial = run(training.engine(), std::move(job), events, training.signals().token());
    if (trial.outcome == RunState::stopped)
        throw refusal(Code::stopped, "compare", "stopped before the first arm", {}, "Start it again.");
    const double wall = std::chrono::duration<double>(Clock::now() - start).count();
    // 5 % are kept back: later steps may have longer rows than the trial's.
    const double left = 0.95 * seconds - wall - double(configs.size()) * (wall - timer.total());
    const double each = std::max(timer.lastStep(), 1e-6) * double(configs.size());
    return std::max<int64_t>(1, int64_t(std::min(left / each, 1e9)));
}

double secondsAllowed(const std::string& minutes)
{
    const double value = parseNumber(minutes, "--minutes");
    if (!(value > 0 && value <= 1e6))
        throw refusal(Code::usage, "--minutes", minutes, "above 0", "For example --minutes 10.");
    return 60 * value;
}

std::string armOf(const RunConfig& config)
{
    const std::string ending = " seed " + std::to_string(config.seed);
    return config.name.ends_with(ending) ? config.name.substr(0, config.name.size() - ending.size()) : config.name;
}

// The arms in turn, each with its share of `seconds`. A signal ends the arm and the comparison; an arm that fails does
// not.
std::vector<RunOutcome> runArms(Training& training, const std::vector<RunConfig>& configs,
    const std::vector<std::string>& ids, std::optional<double> seconds)
{
    const auto start = Clock::now();
    std::vector<RunOutcome> outcomes;
    for (size_t i = 0; i < ids.size() && !training.signals().arrived(); ++i) {
        training.progress().setTitle(configs[i].name);
        const double share = seconds.value_or(0) * double(i + 1) / double(ids.size());
        Deadline deadline(start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(share)));
        outcomes.push_back(training.run(ids[i], armOf(configs[i]), false, false, seconds ? &deadline : nullptr));
        if (outcomes.back().error)
            writeToPeople(std::string(outcomes.back().error->what()) + '\n');
    }
    training.progress().setTitle({});
    return outcomes;
}

int compare(Context& context, const CompareAsk& ask)
{
    std::vector<RunConfig> configs = configsOf(ask);
    std::optional<double> seconds;
    if (!ask.minutes.empty())
        seconds = secondsAllowed(ask.minutes);
    if (ask.dryRun)
        return printEstimates(context, configs);
    const auto start = Clock::now();
    Training training(context, ask.events);
    if (seconds) {
        const int64_t most = stepsWithin(training, configs, *seconds);
        for (RunConfig& config : configs)
            config.steps = config.steps > 0 ? std::min(config.steps, most) : most;
        *seconds -= std::chrono::duration<double>(Clock::now() - start).count();  // may be below 0: a step each
        context.say("Steps of each arm: " + std::to_string(configs.front().steps));
    }
    const auto ids = createComparison(training.store(), configs);
    const auto outcomes = runArms(training, configs, ids, seconds);
    if (context.json && !ask.events) {
        nlohmann::json runs = nlohmann::json::array();
        for (const RunOutcome& outcome : outcomes)
            runs.push_back(toJson(outcome));
        const std::string comparison = training.store().run(ids.front()).comparison;
        context.out.write(jsonText({{"comparison", comparison}, {"runs", std::move(runs)}}) + '\n');
    } else {
        training.tell(tableText(outcomes));
    }
    training.finish();
    if (training.signals().arrived())
        return exitStatus(Code::stopped);
    for (const RunOutcome& outcome : outcomes) {
        if (const int status = statusOf(outcome, training.signals()); status != 0)
            return status;
    }
    return 0;
}

}  // namespace

void addCompare(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<CompareAsk>();
    CLI::App* app
        = program.add_subcommand("compare", "Paired runs of several methods: same rows, same order, same seeds");
    app->add_option("MODEL", ask->model, "A model; or a CONFIG.json alone")->type_name("");
    app->add_option("DATASET", ask->data, "A data set file, or default")->type_name("");
    app->add_option("--arms", ask->arms, "Methods, separated by commas (lora,pissa)")->type_name("M,M");
    app->add_option("--arm", ask->arm, "One arm with its own options, as pissa:lr=1e-4,rank=32; may be repeated")
        ->allow_extra_args(false)
        ->type_name("M:KEY=VALUE,...");
    app->add_option("--seeds", ask->seeds, "Seeds, separated by commas; each arm runs with each")->type_name("S,S");
    app->add_option("--minutes", ask->minutes, "As many steps as fit into this time for all arms together")
        ->type_name("M");
    app->add_flag("--events", ask->events, "A JSON object a line for every event, on standard output");
    app->add_flag("--dry-run", ask->dryRun, "Only check everything and estimate time and memory");
    ask->options.addTo(*app);
    ask->options.addLaterOptions(*app);
    commands.push_back({app, [ask](Context& context) { return compare(context, *ask); }});
}

}  // namespace rankwright
