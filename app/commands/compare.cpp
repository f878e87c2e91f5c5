// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `compare`: several methods on the same rows in the same order, one after another, and one table.
#include "app/command_options.h"
#include "app/commands/comparison_queue.h"
#include "app/commands/time_shares.h"
#include "app/text_table.h"
#include "training/api/catalog.h"
#include "training/api/paths.h"
#include "training/api/words.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <tuple>
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
    for (const std::string& word : split(text)) {
        const int64_t seed = parseInteger(word, "--seeds");
        if (seed < 0)
            throw refusal(Code::usage, "--seeds", text, "0 or more", "For example --seeds 0,1,2.");
        if (std::ranges::find(seeds, seed) != seeds.end())
            throw refusal(Code::usage, "--seeds", word + " twice", "each seed once",
                "Runs of one seed are the same run: give another seed.");
        seeds.push_back(seed);
    }
    return seeds;
}

std::vector<RunConfig> configsOf(const CompareAsk& ask)
{
    RunConfig base = comparisonBase(ask.model, ask.data, ask.options);
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

// How long an arm takes before its first step, roughly: rounds of quantising, batches for gradients, a decomposition.
double startCost(const RunConfig& config)
{
    const MethodCard& card = methodCard(config.method);
    double cost = card.picture.residual || card.picture.core != Part::absent ? 1 : 0;
    for (const char* key : {"rounds", "gradientBatches"}) {
        if (findMethodOption(card, key) != nullptr)
            cost += optionNumber(config, key);
    }
    return cost;
}

// What two steps of this configuration show, with its start and its evaluations.
RunTime trialOf(Training& training, const RunConfig& config)
{
    TrainJob job;
    job.config = config;
    job.config.steps = 2;
    job.run = "trial";
    const TemporaryFolder folder(training.store().dataDirectory() / ("trial-" + std::to_string(::getpid())));
    job.folder = folder.path().string();
    StepTimer timer;
    training.progress().setTitle("trial of 2 steps: " + armName(config));
    FanOut events({&timer, &training.progress()});
    const auto start = Clock::now();
    const TrainResult trial = run(training.engine(), std::move(job), events, training.signals().token());
    if (trial.outcome == RunState::stopped)
        throw refusal(Code::stopped, "compare", "stopped before the first arm", {}, "Start it again.");
    const double wall = std::chrono::duration<double>(Clock::now() - start).count();
    return {.start = std::max(0.0, wall - timer.total()), .step = std::max(timer.lastStep(), 1e-6)};
}

// Runs of one kind start alike, and their steps do alike what Estimate::secondsPerStep, which counts products, leaves out: DoRA's norms,
// Delta-LoRA's weights, frozen weights that are dequantised, the optimiser.
auto kindOf(const RunConfig& config)
{
    const MethodPicture picture = effectivePicture(config);
    return std::tuple(startCost(config), picture.magnitude != Part::absent, picture.drifts, effectiveBase(config),
        effectiveOptimiser(config));
}

// The time of each run: of each kind one arm is tried; within a kind, steps differ as the estimates say (full
// fine-tuning multiplies half as much again as LoRA).
std::vector<RunTime> timesOf(Training& training, const std::vector<RunConfig>& configs, const std::vector<Estimate>& estimates)
{
    struct Tried { RunTime time; double estimated; };
    std::map<decltype(kindOf(configs.front())), Tried> tried;
    std::vector<RunTime> times;
    for (size_t i = 0; i < configs.size(); ++i) {
        const double estimated = std::max(estimates[i].secondsPerStep, 1e-9);
        auto kind = tried.find(kindOf(configs[i]));
        if (kind == tried.end())
            kind = tried.emplace(kindOf(configs[i]), Tried{trialOf(training, configs[i]), estimated}).first;
        const auto& [time, reference] = kind->second;
        times.push_back({.start = time.start, .step = time.step * estimated / reference});
    }
    return times;
}

double secondsAllowed(const std::string& minutes)
{
    const double value = parseNumber(minutes, "--minutes");
    if (!(value > 0 && value <= 1e6))
        throw refusal(Code::usage, "--minutes", minutes, "above 0", "For example --minutes 10.");
    return 60 * value;
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
    auto estimates = estimatesOf(training.engine(), configs, training.progress(), training.signals().token());
    std::vector<double> ends;
    if (seconds) {
        const auto times = timesOf(training, configs, estimates);
        // Where nothing is left, each run takes a step.
        const double left = *seconds - std::chrono::duration<double>(Clock::now() - start).count();
        // 5 % are kept back: later steps may have longer rows than the trial's.
        const int64_t most = stepsWithin(times, left - 0.05 * *seconds);
        std::vector<int64_t> steps;
        for (size_t i = 0; i < configs.size(); ++i) {
            configs[i].steps = configs[i].steps > 0 ? std::min(configs[i].steps, most) : most;
            estimates[i].steps = configs[i].steps;
            estimates[i].seconds = times[i].step * double(configs[i].steps);
            estimates[i].secondsPerStep = times[i].step;
            steps.push_back(configs[i].steps);
        }
        ends = endsWithin(times, steps, left);
        context.say("Steps of each arm: " + std::to_string(configs.front().steps));
    }
    if (!context.quiet)
        writeToPeople(estimatesText(configs, estimates));
    const auto ids = createComparison(training.store(), configs);
    return trainQueue(context, training,
        {.comparison = training.store().run(ids.front()).comparison,
            .runs = ids,
            .ends = ends,
            .events = ask.events});
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
