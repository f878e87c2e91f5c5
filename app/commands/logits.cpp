// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `logits`: what the model computes, as a file that other programs can compare with.
#include "app/commands.h"
#include "app/commands/output_claim.h"
#include "app/event_stream.h"
#include "app/progress_line.h"
#include "app/signals.h"
#include "training/api/engine.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace rankwright {

namespace {

struct LogitsAsk
{
    LogitsJob job;
    std::string ids;
};

int writeLogits(Context& context, const LogitsAsk& ask)
{
    LogitsJob job = ask.job;
    require(job.model, "MODEL", "logits");
    require(job.out, "--out", "logits");
    if (ask.ids.empty() == job.text.empty())
        throw refusal(Code::usage, "--ids and --text", job.text.empty() ? "neither given" : "both given", "one of them",
            "See rankwright-cli logits --help.");
    if (!ask.ids.empty())
        job.ids = parseIds(ask.ids);
    refuseExisting(job.out);
    ProgressLine progress(ProgressLine::styleFor(context.quiet));
    Signals signals(context.quiet);
    const auto engine = loadEngine();
    const LogitsResult result = run(*engine, std::move(job), progress, signals.token());
    if (context.json) {
        context.out.write(jsonText({{"file", result.file}, {"shape", result.shape}}, -1) + '\n');
        return 0;
    }
    std::string shape;
    for (const int64_t size : result.shape)
        shape += (shape.empty() ? "" : " x ") + std::to_string(size);
    context.out.write(escaped(result.file) + ": logits, " + shape + ", float32\n");
    return 0;
}

}  // namespace

void addLogits(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<LogitsAsk>();
    ask->job.model.clear();
    CLI::App* app = program.add_subcommand("logits", "A model's logits for some tokens, as a .safetensors file");
    app->add_option("MODEL", ask->job.model, "Folder, .gguf file, org/name of the local cache, or default")
        ->type_name("");
    app->add_option("--ids", ask->ids, "Token ids, separated by commas; needs no tokenizer files")->type_name("1,2,3");
    app->add_option("--text", ask->job.text, "A text, tokenised with the model's tokenizer")->type_name("T");
    app->add_option("--adapter", ask->job.adapter, "A PEFT adapter's folder")->type_name("DIR");
    app->add_option("--out", ask->job.out, "The file to write")->type_name("FILE");
    app->add_flag("--hidden", ask->job.hidden, "Also hidden_states (layers + 1, time, hidden)");
    commands.push_back({app, [ask](Context& context) { return writeLogits(context, *ask); }});
}

}  // namespace rankwright
