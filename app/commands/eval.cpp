// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `eval`: a number for a model, with or without an adapter, on a data set.
#include "app/command_options.h"
#include "app/commands.h"
#include "app/event_stream.h"
#include "app/progress_line.h"
#include "app/signals.h"
#include "app/text_table.h"
#include "training/api/engine.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <memory>

namespace rankwright {

namespace {

struct EvalAsk
{
    std::string model, data, adapter, metric = "loss";
    ConfigOptions options;
};

void checkMetric(const std::string& metric)
{
    static const std::vector<std::string> later{
        "gsm8k-strict", "gsm8k-flexible", "math-string", "accuracy", "f1", "matthews", "pearson"};
    static const std::vector<std::string> there{"loss", "perplexity"};
    if (std::find(there.begin(), there.end(), metric) != there.end())
        return;
    if (std::find(later.begin(), later.end(), metric) != later.end())
        throw refusal(
            Code::unsupported, "--metric", metric, "loss, perplexity", "This version has only these metrics.");
    const std::string nearest = nearestName(metric, there);
    throw refusal(Code::usage, "--metric", metric, "loss, perplexity",
        nearest.empty() ? "Choose one of them." : "Did you mean " + nearest + "?");
}

int evaluate(Context& context, const EvalAsk& ask)
{
    require(ask.model, "MODEL", "eval");
    require(ask.data, "DATASET", "eval");
    checkMetric(ask.metric);
    EvalJob job;
    job.model = ask.model;
    job.adapter = ask.adapter;
    job.metric = ask.metric;
    job.data = configFromJson(ask.options.over({{"model", ask.model}, {"data", ask.data}}));
    validate(job.data);
    ProgressLine progress(ProgressLine::styleFor(context.quiet));
    Signals signals(context.quiet);
    const auto engine = loadEngine();
    const EvalResult result = run(*engine, std::move(job), progress, signals.token());
    if (context.json)
        context.out.write(jsonText(toJson(result), -1) + '\n');
    else
        context.out.write(result.metric + ' ' + numberText(result.value, 6) + " over " + countText(result.rows)
            + " rows, " + countText(result.tokens) + " tokens\n");
    return 0;
}

}  // namespace

void addEval(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<EvalAsk>();
    CLI::App* app = program.add_subcommand("eval", "Loss or perplexity of a model on a data set");
    app->add_option("MODEL", ask->model, "Folder, .gguf file, org/name of the local cache, or default")->type_name("");
    app->add_option("DATASET", ask->data, "A data set file, or default")->type_name("");
    app->add_option("--adapter", ask->adapter, "A PEFT adapter's folder")->type_name("DIR");
    app->add_option("--metric", ask->metric, "loss: mean of the rows' means; perplexity: over all tokens")
        ->type_name("loss|perplexity");
    ask->options.addTo(
        *app, {"columns", "chatTemplate", "loss", "rows", "maxLength", "batch", "dtype", "threads", "device"});
    commands.push_back({app, [ask](Context& context) { return evaluate(context, *ask); }});
}

}  // namespace rankwright
