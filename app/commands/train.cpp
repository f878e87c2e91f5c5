// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `train`: one run. `resume`: one run, or what is left of a comparison.
#include "app/command_options.h"
#include "app/commands/comparison_queue.h"
#include "app/commands/output_claim.h"
#include "app/text_table.h"
#include "storage/runs/comparison.h"
#include "training/api/catalog.h"
#include "training/api/paths.h"

#include <CLI/CLI.hpp>

namespace rankwright {

namespace {

struct TrainAsk
{
    ConfigOptions options;
    std::string model, data, out;
    bool events = false, dryRun = false, queue = false;
};

struct ResumeAsk
{
    std::string run;
    bool force = false, events = false;
};

// The adapter for the original model, in --out: the adapter of a method that edits the base does not fit that by
// itself.
void exportTo(Context& context, Training& training, const RunOutcome& outcome, const std::string& folder)
{
    ExportJob job;
    job.folder = training.store().folderOf(outcome.id).string();
    job.format = "lora";
    job.out = folder;
    // A stop that ended the training does not end this: a second Ctrl+C does.
    const ExportResult result = run(training.engine(), std::move(job), training.progress(), std::stop_token());
    training.store().addExport(outcome.id, result);
    context.say("Written: " + escaped(result.folder)
        + ", an adapter for the original model (largest difference of the logits "
        + significantText(result.largestDifference, 3) + ")");
}

void tellOutcome(Context& context, Training& training, const RunOutcome& outcome, bool events)
{
    if (context.json && !events)
        context.out.write(jsonText(toJson(outcome)) + '\n');
    else
        training.tell(tableText({outcome}));
    if (!outcome.error.empty())
        writeToPeople(outcome.error + '\n');
    if (!outcome.result.reason.empty())
        context.say("Ended early. " + outcome.result.reason);
    if (outcome.result.keptBest)
        context.say("The adapter is the one of step " + std::to_string(outcome.result.bestStep) + ", which had the lowest evaluation loss.");
    if (outcome.result.cutAnswers > 0)
        context.say("Of the last evaluation, " + cutAnswersText(outcome.result.answers, outcome.result.cutAnswers)
            + ": where the metrics look low, raise --answer-tokens.");
    if (outcome.result.outcome == RunState::stopped)
        context.say("Go on with: rankwright-cli resume " + outcome.id);
}

// --out is an adapter for the original model: asked before the training, which would be over when the export refuses.
void checkOut(const RunConfig& config)
{
    const std::string why = exportRefusal(config, "lora");
    if (why.empty())
        return;
    const std::string forms = exportRefusal(config, "peft").empty() ? "peft or merged" : "merged";
    throw refusal(Code::unsupported, "--out", "an adapter for the original model, of a run with " + config.method, "no --out",
        why + " Leave --out out, and export it after training with --format " + forms + ".");
}

int addToQueue(Context& context, const RunConfig& config, const std::string& out)
{
    if (!out.empty())
        throw refusal(Code::usage, "--out", "beside --queue", "one of them", "Export the run when it has been trained.");
    checkStartAdapter(config);
    const std::string id = RunStore(dataDirectory()).createRun(config);
    if (context.json)
        context.out.write(jsonText({{"run", id}}) + '\n');
    else
        context.out.write("Run " + id + " waits. Train all that wait with: rankwright-cli queue --train\n");
    return 0;
}

int train(Context& context, const TrainAsk& ask)
{
    const RunConfig config = runConfig(ask.model, ask.data, ask.options, "train");
    if (!ask.out.empty())
        checkOut(config);
    if (ask.dryRun)
        return printEstimates(context, {config});
    if (ask.queue)
        return addToQueue(context, config, ask.out);
    const std::string out = withoutLastSlashes(ask.out);
    std::optional<OutputClaim> claim;
    if (!out.empty())
        claim.emplace(out);
    Training training(context, ask.events);
    const std::string id = training.store().createRun(config);
    const RunOutcome outcome = training.run(id, config.name.empty() ? config.method : config.name, false, false);
    if (outcome.refused()) {   // nothing that anybody could go on with
        training.store().remove(id);
        writeToPeople(outcome.error + '\n');
        training.finish();
        return outcome.errorStatus;
    }
    tellOutcome(context, training, outcome, ask.events);
    if (claim && !outcome.result.adapter.empty())
        exportTo(context, training, outcome, out);
    training.finish();
    return statusOf(outcome, training.signals());
}

int resume(Context& context, const ResumeAsk& ask)
{
    require(ask.run, "RUN", "resume");
    RunRow row;
    std::vector<std::string> comparison;
    {
        RunStore store(dataDirectory());
        comparison = comparisonRuns(store, ask.run);
        row = store.run(comparison.empty() ? ask.run : comparison.front());
    }
    if (!comparison.empty()) {
        Training training(context, ask.events);
        return trainQueue(context, training,
            {.comparison = row.comparison, .runs = comparison, .force = ask.force, .events = ask.events});
    }
    if (row.state == RunState::finished)
        throw refusal(Code::usage, row.id, "already complete", "a run that was stopped or interrupted",
            "Start a new run with more steps instead.");
    Training training(context, ask.events);
    // A run that never began has nothing to go on from.
    const bool fromCheckpoint = row.state != RunState::queued;
    const RunOutcome outcome
        = training.run(row.id, row.name.empty() ? row.method : row.name, fromCheckpoint, ask.force);
    tellOutcome(context, training, outcome, ask.events);
    training.finish();
    return statusOf(outcome, training.signals());
}

}  // namespace

void addTrain(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<TrainAsk>();
    CLI::App* app = program.add_subcommand("train", "One run: from CONFIG.json, or MODEL and DATASET and options");
    app->add_option("MODEL", ask->model, "A model; or a CONFIG.json alone")->type_name("");
    app->add_option("DATASET", ask->data, "A data set file, or default")->type_name("");
    app->add_option("--out", ask->out, "Also write the adapter, for the original model, into this new folder")
        ->type_name("DIR");
    app->add_flag("--events", ask->events, "A JSON object a line for every event, on standard output");
    app->add_flag("--dry-run", ask->dryRun, "Only check everything and estimate time and memory");
    app->add_flag("--queue", ask->queue, "Only check it and let it wait in the queue");
    ask->options.addTo(*app);
    ask->options.addShortcuts(*app);
    commands.push_back({app, [ask](Context& context) { return train(context, *ask); }});

    auto again = std::make_shared<ResumeAsk>();
    CLI::App* resumed = program.add_subcommand("resume", "Goes on with a run or a comparison that was stopped, interrupted or killed");
    resumed->add_option("RUN", again->run, "The id of a run or a comparison, the start of it, or a run's name")->type_name("");
    resumed->add_flag("--force", again->force, "Also where the data file has changed since; of a comparison also the failed runs");
    resumed->add_flag("--events", again->events, "A JSON object a line for every event, on standard output");
    commands.push_back({resumed, [again](Context& context) { return resume(context, *again); }});
}

}  // namespace rankwright
