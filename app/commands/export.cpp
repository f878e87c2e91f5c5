// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `export`: a run's adapter or merged model as files that other programs read.
#include "app/commands.h"
#include "app/commands/output_claim.h"
#include "app/event_stream.h"
#include "app/progress_line.h"
#include "app/signals.h"
#include "app/text_table.h"
#include "storage/run_store.h"
#include "training/api/catalog.h"
#include "training/api/engine.h"
#include "training/api/paths.h"
#include "training/api/words.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

namespace rankwright {

namespace {

struct ExportAsk
{
    std::string run, format = "lora", out, dtype;
};

void checkChoice(const std::string& value, const std::string& option, const std::vector<std::string>& there)
{
    if (std::find(there.begin(), there.end(), value) != there.end())
        return;
    const std::string allowed = joined(there);
    const std::string nearest = nearestName(value, there);
    throw refusal(
        Code::usage, option, value, allowed, nearest.empty() ? "Choose one of them." : "Did you mean " + nearest + "?");
}

int exportRun(Context& context, const ExportAsk& ask)
{
    require(ask.run, "RUN", "export");
    require(ask.out, "--out", "export");
    checkChoice(ask.format, "--format", {"lora", "peft", "merged", "gguf", "gguf-lora"});
    if (!ask.dtype.empty() && ask.format == "gguf")
        checkChoice(ask.dtype, "--dtype", {"float32", "bfloat16", "float16", "f32", "bf16", "f16", "q8_0", "q4_0", "q4_1"});
    else if (!ask.dtype.empty() && ask.format == "merged")
        checkChoice(ask.dtype, "--dtype", {"float32", "bfloat16", "float16"});
    else if (!ask.dtype.empty())
        throw refusal(Code::usage, "--dtype", ask.dtype, "no --dtype: an adapter is written in float32", "Leave it out, or choose merged or gguf.");
    RunStore store(dataDirectory());
    const RunRow row = store.run(ask.run);
    const RunConfig config = store.config(row.id);
    if (const std::string why = exportRefusal(config, ask.format); !why.empty())
        throw refusal(Code::unsupported, "--format", ask.format + " of a run with " + config.method,
            exportRefusal(config, "peft").empty() ? "peft, merged, gguf" : "merged, gguf", why);
    ExportJob job;
    job.folder = store.folderOf(row.id).string();
    job.format = ask.format;
    job.out = withoutLastSlashes(ask.out);
    job.dtype = ask.dtype;
    ProgressLine progress(ProgressLine::styleFor(context.quiet));
    Signals signals(context.quiet);
    const auto engine = loadEngine();
    const ExportResult result = run(*engine, std::move(job), progress, signals.token());
    store.addExport(row.id, result);
    if (context.json) {
        context.out.write(jsonText(toJson(result)) + '\n');
        return 0;
    }
    context.out.write("Written: " + escaped(result.folder) + " (" + result.format + ", " + bytesText(result.bytes)
        + ", " + std::to_string(result.files.size()) + " files)\nLargest difference of the logits, read back: "
        + significantText(result.largestDifference, 3) + ", of logits up to " + significantText(result.largestLogit, 3) + '\n');
    return 0;
}

}  // namespace

void addExport(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<ExportAsk>();
    CLI::App* app = program.add_subcommand("export", "A run's adapter, or the model with it merged in");
    app->add_option("RUN", ask->run, "A run's id, the start of it, or its name")->type_name("");
    app->add_option("--format", ask->format,
           "lora: for the original model; peft: as trained, with the edited base; merged: the whole model; gguf, gguf-lora: the whole "
           "model or the adapter for llama.cpp")
        ->type_name("lora|peft|merged|gguf|gguf-lora");
    app->add_option("--out", ask->out, "A new or empty folder")->type_name("DIR");
    app->add_option("--dtype", ask->dtype, "Of merged weights; of gguf also q8_0, q4_0, q4_1")
        ->type_name("float32|bfloat16|float16|...");
    commands.push_back({app, [ask](Context& context) { return exportRun(context, *ask); }});
}

}  // namespace rankwright
