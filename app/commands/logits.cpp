// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `logits`: what the model computes, as a file that other programs can compare with: a decoder's logits of each token, an encoder's last
// hidden state and the logits of its head for labels.
#include "app/commands.h"
#include "app/commands/output_claim.h"
#include "app/event_stream.h"
#include "app/progress_line.h"
#include "app/signals.h"
#include "training/api/engine.h"
#include "training/formats/safetensors.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace rankwright {

namespace {

struct LogitsAsk
{
    LogitsJob job;
    std::string ids;
};

std::string shapeText(const TensorEntry& tensor)
{
    std::string text;
    for (const int64_t size : tensor.shape)
        text += (text.empty() ? "" : " x ") + std::to_string(size);
    return text;
}

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
    const auto written = readSafetensors(result.file).tensors;
    if (context.json) {
        nlohmann::json tensors = nlohmann::json::object();
        for (const TensorEntry& tensor : written)
            tensors[tensor.name] = tensor.shape;
        context.out.write(jsonText({{"file", result.file}, {"shape", result.shape}, {"tensors", tensors}}, -1) + '\n');
        return 0;
    }
    std::string list;
    for (const TensorEntry& tensor : written)
        list += tensor.name + ", " + shapeText(tensor) + "; ";
    context.out.write(escaped(result.file) + ": " + list + "float32\n");
    return 0;
}

}  // namespace

void addLogits(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<LogitsAsk>();
    ask->job.model.clear();
    CLI::App* app = program.add_subcommand("logits", "A model's logits for some tokens, as a .safetensors file (encoders: last_hidden_state)");
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
