// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `eval`: numbers for a model, an adapter on it, or a run, on a data set.
#include "app/command_options.h"
#include "app/commands.h"
#include "app/event_stream.h"
#include "app/progress_line.h"
#include "app/signals.h"
#include "app/text_table.h"
#include "storage/run_store.h"
#include "training/api/catalog.h"
#include "training/api/engine.h"
#include "training/api/harness_command.h"
#include "training/api/metrics.h"
#include "training/api/paths.h"
#include "training/formats/dataset.h"
#include "training/models/model_source.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

namespace rankwright {

namespace {

struct EvalAsk
{
    std::string model, data, adapter, run, metric = "loss", samples;
    ConfigOptions options;
};

std::vector<std::string> knownMetrics()
{
    std::vector<std::string> names{"loss", "perplexity"};
    for (const MetricCard& card : metricCards())
        names.push_back(card.id);
    return names;
}

void checkMetrics(const std::string& list)
{
    const auto known = knownMetrics();
    std::string allowed;
    for (const auto& name : known)
        allowed += (allowed.empty() ? "" : ", ") + name;
    const auto ids = metricIds(list);
    if (ids.empty())
        throw refusal(Code::usage, "--metric", "\"" + list + "\"", allowed, "Name at least one.");
    for (const std::string& id : ids) {
        if (std::ranges::find(known, id) != known.end())
            continue;
        const std::string nearest = nearestName(id, known);
        throw refusal(Code::usage, "--metric", id, allowed, nearest.empty() ? "Choose of these." : "Did you mean " + nearest + "?");
    }
}

// What to compare a number with others by: the tasks of lm-evaluation-harness that the metrics are of, or two that are quick.
std::vector<std::string> harnessTasks(const std::vector<std::string>& metrics)
{
    const auto has = [&](std::string_view start) {
        return std::ranges::any_of(metrics, [&](const std::string& id) { return id.starts_with(start); });
    };
    std::vector<std::string> tasks;
    if (has("gsm8k"))
        tasks.emplace_back("gsm8k");
    if (has("math"))
        tasks.emplace_back("minerva_math");
    return tasks.empty() ? std::vector<std::string>{"arc_easy", "hellaswag"} : tasks;
}

// Whether rows are read through a chat template.
bool isChat(const RunConfig& config)
{
    if (config.chatTemplate != "auto")
        return config.chatTemplate != "none";
    const auto rows = openDataset(config.data, Split::train, {.columns = config.columns, .mostRows = 1});
    return !rows.examples.empty() && !rows.examples.front().messages.empty();
}

// Empty for models without text, and where something cannot be opened: the evaluation itself says why. `trained`: the run's
// configuration, or that of the evaluation.
std::string harnessCommand(HarnessModel model, const RunConfig& trained, const std::vector<std::string>& metrics)
{
    const bool labels = std::ranges::any_of(metrics, [](const std::string& id) {
        const auto* card = findMetricCard(id);
        return card != nullptr && card->kind == MetricCard::Kind::labels;
    });
    if (labels)
        return {};
    try {
        const ModelSource source = openModelSource(model.base);
        if (source.config.form != "decoder")
            return {};
        model.base = source.path.string();
        model.chat = isChat(trained);
        return commandForHarness(model, harnessTasks(metrics));
    } catch (const std::exception&) {
        return {};   // a hint is no reason to fail
    }
}

// Its adapter on the original weights, or where that is not what was trained, the run itself.
void nameRun(HarnessModel& model, const RunConfig& config, const std::string& folder, const std::string& run)
{
    std::error_code ignored;
    const auto adapter = std::filesystem::path(folder) / "adapter";
    const bool plain = exportRefusal(config, "lora").empty() && !isQuantised(config) && std::filesystem::is_directory(adapter, ignored);
    (plain ? model.adapter : model.mergedRun) = plain ? adapter.string() : run;
}

// The command line's order: MODEL DATASET, or DATASET alone with --run.
EvalJob jobFrom(EvalAsk ask, HarnessModel& named, RunConfig& trained)
{
    EvalJob job;
    std::string model = ask.model;
    if (!ask.run.empty()) {
        if (!ask.adapter.empty())
            throw refusal(Code::usage, "--run and --adapter", "both given", "one of them", "Leave one of them out.");
        if (!ask.data.empty())
            throw refusal(Code::usage, ask.data, "one argument too many", "DATASET alone: a run brings its model", "Leave MODEL out.");
        ask.data = std::exchange(ask.model, {});
        RunStore store(dataDirectory());
        const RunRow row = store.run(ask.run);
        trained = store.config(row.id);
        model = trained.model;
        job.folder = store.folderOf(row.id).string();
        nameRun(named, trained, job.folder, row.id);
    } else {
        require(model, "MODEL", "eval");
        require(ask.data, "DATASET", "eval");
        named.adapter = ask.adapter;
    }
    job.model = named.base = model;
    job.adapter = ask.adapter;
    job.metric = ask.metric;
    job.samples = ask.samples;
    const bool ownRows = ask.data.empty();
    job.data = configFromJson(ask.options.over({{"model", model}, {"data", ownRows ? "default" : ask.data}}));
    validate(job.data);
    if (ask.run.empty())
        trained = job.data;
    if (ownRows)
        job.data.data.clear();
    return job;
}

std::string resultText(const EvalResult& result)
{
    std::string text;
    const std::string over = " over " + countText(result.rows) + " rows, " + countText(result.tokens) + " tokens\n";
    text = result.metric + ' ' + numberText(result.value, 6) + over;
    for (const auto& [id, value] : result.metrics) {
        if (id != result.metric)
            text += id + ' ' + numberText(value, 6) + '\n';
    }
    if (result.cutAnswers > 0)
        text += cutAnswersText(result.answers, result.cutAnswers) + ": --answer-tokens sets it\n";
    return text;
}

int evaluate(Context& context, const EvalAsk& ask)
{
    checkMetrics(ask.metric);
    HarnessModel named;
    RunConfig trained;
    EvalJob job = jobFrom(ask, named, trained);
    const std::string command = context.json || context.quiet ? std::string() : harnessCommand(named, trained, metricIds(job.metric));
    ProgressLine progress(ProgressLine::styleFor(context.quiet));
    Signals signals(context.quiet);
    const auto engine = loadEngine();
    const EvalResult result = run(*engine, std::move(job), progress, signals.token());
    context.out.write(context.json ? jsonText(toJson(result), -1) + '\n' : resultText(result));
    if (!command.empty())
        context.say("lm-evaluation-harness asks with prompts and examples of its own: compare its numbers with each other, not with those above. "
            + escaped(command)
            + (command.find(kTokenizerPlace) == std::string::npos ? "" : " (put the folder there that the .gguf file was made from)"));
    return 0;
}

}  // namespace

void addEval(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<EvalAsk>();
    CLI::App* app = program.add_subcommand("eval", "Loss and metrics of a model, an adapter or a run on a data set");
    app->add_option("MODEL", ask->model, "Folder, .gguf file, org/name of the local cache, or default; none with --run")->type_name("");
    app->add_option("DATASET", ask->data, "A data set file, or default; with --run its own evaluation rows where it is left out")->type_name("");
    app->add_option("--adapter", ask->adapter, "A PEFT adapter's folder")->type_name("DIR");
    app->add_option("--run", ask->run, "A run instead: rows are read as in its training")->type_name("RUN");
    std::string metrics;
    for (const auto& name : knownMetrics())
        metrics += (metrics.empty() ? "" : "|") + name;
    app->add_option("--metric", ask->metric,
           "One or more, separated by commas. loss: mean of the rows' means; perplexity: over all tokens; others judge predicted labels "
           "or generated answers")
        ->type_name(metrics);
    app->add_option("--samples", ask->samples, "Answers or predictions, a JSON object a row, into this new file")->type_name("FILE");
    ask->options.addTo(*app,
        {"columns", "labels", "chatTemplate", "loss", "rows", "maxLength", "answerTokens", "batch", "dtype", "threads", "device"});
    commands.push_back({app, [ask](Context& context) { return evaluate(context, *ask); }});
}

}  // namespace rankwright
