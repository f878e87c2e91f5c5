// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `compare`: several methods at several learning rates with several seeds, on the same rows in the same order; one table and what it
// can say.
#include "app/command_options.h"
#include "app/commands/comparison_queue.h"
#include "app/commands/comparison_times.h"
#include "storage/runs/comparison.h"
#include "storage/runs/run_queue.h"
#include "training/api/catalog.h"
#include "training/api/paths.h"
#include "training/api/words.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>

namespace rankwright {

namespace {

using Clock = std::chrono::steady_clock;

struct CompareAsk
{
    std::vector<std::string> arm;
    std::string model, data, arms, seeds, minutes, rates, sweep, factor, runs, baseline;
    ConfigOptions options;
    bool events = false, dryRun = false;
};

std::vector<int64_t> seedsOf(const std::string& text)
{
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

// A learning rate that an arm was given by hand ("pissa:lr=1e-4").
bool givesRate(const std::string& arm)
{
    const auto colon = arm.find(':');
    for (const std::string& setting : split(colon == std::string::npos ? std::string_view() : std::string_view(arm).substr(colon + 1))) {
        const Field* field = findConfigField(setting.substr(0, setting.find('=')));
        if (field != nullptr && field->key == "learningRate")
            return true;
    }
    return false;
}

// Options that say which rates; `sweep` is what holds without them.
RateSweep sweepOf(const CompareAsk& ask, RateSweep sweep)
{
    if (!ask.rates.empty() && (!ask.sweep.empty() || !ask.factor.empty()))
        throw refusal(Code::usage, "--rates", "beside --sweep", "one of them", "--rates names the learning rates of all arms.");
    if (!ask.rates.empty()) {
        sweep.rates.clear();
        for (const std::string& word : split(ask.rates))
            sweep.rates.push_back(parseNumber(word, "--rates"));
        return sweep;
    }
    if (!ask.sweep.empty()) {
        sweep.rates.clear();
        sweep.points = parseInteger(ask.sweep, "--sweep");
    } else if (ask.options.isGiven("learningRate") || std::ranges::any_of(ask.arm, givesRate)) {
        sweep = {.rates = {}, .points = 1, .factor = sweep.factor};   // that rate is what was asked for
    }
    if (!ask.factor.empty())
        sweep.factor = parseNumber(ask.factor, "--sweep-factor");
    return sweep;
}

// The arm that a person names, by its label or as the only one of a method, comes first.
void putFirst(Comparison& comparison, const std::string& name)
{
    auto& arms = comparison.arms;
    auto found = std::ranges::find(arms, name, &Arm::label);
    if (found == arms.end()) {
        const auto isOfMethod = [&](const Arm& arm) { return arm.config.method == name; };
        if (std::ranges::count_if(arms, isOfMethod) == 1)
            found = std::ranges::find_if(arms, isOfMethod);
    }
    if (found == arms.end()) {
        std::vector<std::string> labels;
        for (const Arm& arm : arms)
            labels.push_back(arm.label);
        throw refusal(Code::usage, "--baseline", "no arm \"" + name + "\"", joined(labels), "Name one of them.");
    }
    std::rotate(arms.begin(), found, found + 1);
}

// A stored comparison, or one written by hand, instead of a run's configuration.
std::optional<Comparison> specOf(const CompareAsk& ask)
{
    if (!ask.data.empty() || !ask.model.ends_with(".json"))
        return std::nullopt;
    const auto document = readJsonFile(ask.model, limits::kJsonConfig);
    if (!document.is_object() || !document.contains("arms"))
        return std::nullopt;
    if (!ask.arms.empty() || !ask.arm.empty())
        throw refusal(Code::usage, "--arms", "beside a comparison's file", "the arms of the file", "Edit the file, or leave it out.");
    Comparison comparison = comparisonFromJson(document, ask.model);
    for (Arm& arm : comparison.arms)
        arm.config = withAbsolutePaths(configFromJson(ask.options.over(toJson(arm.config)), ask.model));
    if (ask.options.isGiven("seed"))
        comparison.seeds = {comparison.arms.front().config.seed};
    if (ask.options.isGiven("name"))
        comparison.name = comparison.arms.front().config.name;
    return comparison;
}

Comparison fromOptions(const CompareAsk& ask)
{
    RunConfig base = comparisonBase(ask.model, ask.data, ask.options);
    if (base.data == "default" && base.evalData.empty())
        base.evalData = "default";   // its 200 test rows, some of them of shapes that training never shows
    std::vector<std::string> arms = ask.arm;
    if (!ask.arms.empty())
        arms.insert(arms.begin(), ask.arms);
    if (arms.empty())
        arms = {"lora,pissa"};
    return {.id = {}, .name = base.name, .created = {}, .arms = parseArms(base, arms), .seeds = {base.seed}, .sweep = {}};
}

Comparison comparisonOf(const CompareAsk& ask)
{
    const auto spec = specOf(ask);
    Comparison comparison = spec ? *spec : fromOptions(ask);
    if (!ask.seeds.empty())
        comparison.seeds = seedsOf(ask.seeds);
    comparison.sweep = sweepOf(ask, comparison.sweep);
    if (!ask.baseline.empty())
        putFirst(comparison, ask.baseline);
    if (!ask.runs.empty()) {
        const auto schedule = scheduleFromText(ask.runs);
        if (!schedule)
            throw refusal(Code::usage, "--runs", ask.runs, "queued, interleaved, together", "Write one of them.");
        comparison.schedule = *schedule;
    }
    return comparison;
}

std::vector<RunConfig> configsOf(const Comparison& comparison)
{
    std::vector<RunConfig> configs;
    for (const PlannedRun& run : plannedRuns(comparison)) {
        validate(run.config);
        configs.push_back(run.config);
    }
    return configs;
}

// As many steps for every arm as fit; returns when each run's share of the time is over, seconds from now.
std::vector<double> fitInto(
    double seconds, Clock::time_point start, Training& training, Comparison& comparison, std::vector<RunConfig>& configs, std::vector<Estimate>& estimates)
{
    const auto times = timesOf(training, configs, estimates);
    // Where nothing is left, each run takes a step.
    const double left = seconds - std::chrono::duration<double>(Clock::now() - start).count();
    // 15 % are kept back, since the machine may become slower than in the trial: an arm that is stopped before its last step has no
    // evaluation, and the comparison no result.
    const int64_t most = stepsWithin(times, left - 0.15 * seconds);
    for (Arm& arm : comparison.arms)
        arm.config.steps = arm.config.steps > 0 ? std::min(arm.config.steps, most) : most;
    configs = configsOf(comparison);
    std::vector<int64_t> steps;
    for (size_t i = 0; i < configs.size(); ++i) {
        estimates[i].steps = configs[i].steps;
        estimates[i].seconds = times[i].step * double(configs[i].steps);
        estimates[i].secondsPerStep = times[i].step;
        steps.push_back(configs[i].steps);
    }
    return endsWithin(times, steps, left);
}

int compare(Context& context, const CompareAsk& ask)
{
    Comparison comparison = comparisonOf(ask);
    std::vector<RunConfig> configs = configsOf(comparison);
    std::optional<double> seconds;
    if (!ask.minutes.empty())
        seconds = secondsAllowed(ask.minutes);
    for (const std::string& sentence : armsInTurn(comparison))
        context.say(escaped(sentence));
    if (ask.dryRun)
        return printEstimates(context, configs, plannedTogether(comparison));
    const auto start = Clock::now();
    Training training(context, ask.events);
    auto estimates = estimatesOf(training.engine(), configs, training.progress(), training.signals().token());
    std::vector<double> ends;
    if (seconds) {
        const bool wantsMore = configs.front().steps != 1;
        ends = fitInto(*seconds, start, training, comparison, configs, estimates);
        context.say("Steps of each arm: " + std::to_string(configs.front().steps));
        if (wantsMore && configs.front().steps == 1)
            context.say("Starts, evaluations and a step take the time that was given: give more --minutes, or fewer --eval-rows.");
    }
    if (!context.quiet)
        writeToPeople(estimatesText(configs, estimates, plannedTogether(comparison)));
    const Comparison stored = createComparison(training.store(), comparison);
    return trainQueue(context, training,
        {.comparison = stored.id, .runs = comparisonRuns(training.store(), stored.id), .ends = ends, .events = ask.events});
}

}  // namespace

void addCompare(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<CompareAsk>();
    CLI::App* app = program.add_subcommand(
        "compare", "Paired runs of several methods: same rows, same order, same seeds, several learning rates");
    app->add_option("MODEL", ask->model, "A model; or a CONFIG.json or a comparison's file alone")->type_name("");
    app->add_option("DATASET", ask->data, "A data set file, or default")->type_name("");
    app->add_option("--arms", ask->arms, "Methods, separated by commas (lora,pissa); the first is the baseline")->type_name("M,M");
    app->add_option("--arm", ask->arm, "One arm with its own options, as pissa:lr=1e-4,rank=32; may be repeated")
        ->allow_extra_args(false)
        ->type_name("M:KEY=VALUE,...");
    app->add_option("--baseline", ask->baseline, "The arm that the others are compared with")->type_name("ARM");
    app->add_option("--seeds", ask->seeds, "Seeds, separated by commas; each arm runs with each")->type_name("S,S");
    app->add_option("--rates", ask->rates, "Learning rates of every arm, separated by commas")->type_name("X,X");
    app->add_option("--sweep", ask->sweep, "Learning rates around each arm's own, an odd number; 1: that alone. Default 5; 1 where --lr or lr= is given")
        ->type_name("N");
    app->add_option("--sweep-factor", ask->factor, "Between neighbouring rates of the sweep; default 2")->type_name("F");
    app->add_option("--runs", ask->runs, "One after another; the arms of a seed and a rate step by step in turn; or several at once on one copy of the base")
        ->type_name("queued|interleaved|together");
    app->add_option("--minutes", ask->minutes, "As many steps as fit into this time for all runs together")
        ->type_name("M");
    app->add_flag("--events", ask->events, "A JSON object a line for every event, on standard output");
    app->add_flag("--dry-run", ask->dryRun, "Only check everything and estimate time and memory");
    ask->options.addTo(*app);
    ask->options.addShortcuts(*app);
    commands.push_back({app, [ask](Context& context) { return compare(context, *ask); }});
}

}  // namespace rankwright
