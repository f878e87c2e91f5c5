// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `generate`: text as the model writes it.
#include "app/commands.h"
#include "app/event_stream.h"
#include "app/progress_line.h"
#include "app/signals.h"
#include "storage/run_store.h"
#include "training/api/config.h"
#include "training/api/engine.h"
#include "training/api/number_text.h"
#include "training/api/paths.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace rankwright {

namespace {

struct GenerateAsk
{
    GenerateJob job;
    std::string maxTokens, temperature, seed, run;
    bool plain = false, timing = false;
};

// Writes the text while it comes. A terminal never gets a control character that a model made up.
class TextStream : public Events
{
public:
    explicit TextStream(Output& output)
        : m_output(output)
    {
    }
    void on(const Event& event) override
    {
        const auto* part = std::get_if<TextEvent>(&event);
        if (part == nullptr || part->text.empty())
            return;
        m_output.write(shownText(part->text, m_output.isTerminal()));
        m_lineOpen = part->text.back() != '\n';
    }
    void endLine()
    {
        if (m_lineOpen)
            m_output.write("\n");
    }

private:
    Output& m_output;
    bool m_lineOpen = true;
};

int64_t atLeast(const std::string& text, const std::string& option, int64_t least)
{
    const int64_t value = parseInteger(text, option);
    if (value < least)
        throw refusal(Code::usage, option, text, std::to_string(least) + " or more", "Give a larger number.");
    return value;
}

// A run brings its own model.
void takeRun(const GenerateAsk& ask, GenerateJob& job)
{
    if (!job.model.empty() || !job.adapter.empty())
        throw refusal(Code::usage, "--run", ask.run, "neither a MODEL nor an --adapter beside it", "A run brings its own model.");
    RunStore store(dataDirectory());
    const auto id = store.run(ask.run).id;
    job.model = store.config(id).model;
    job.folder = store.folderOf(id).string();
}

std::string timingText(const GenerateResult& result)
{
    return std::to_string(result.promptTokens) + " prompt tokens in " + significantText(result.promptSeconds, 3) + " s, "
        + std::to_string(result.tokens) + " tokens, those after the first in " + significantText(result.seconds, 3) + " s: "
        + significantText(result.tokensPerSecond, 3) + " a second";
}

nlohmann::json jsonOf(const GenerateResult& result)
{
    return {{"text", result.text}, {"tokens", result.tokens}, {"stop", result.stop}, {"promptTokens", result.promptTokens},
        {"promptSeconds", result.promptSeconds}, {"seconds", result.seconds}, {"tokensPerSecond", result.tokensPerSecond}};
}

int generate(Context& context, const GenerateAsk& ask)
{
    GenerateJob job = ask.job;
    if (!ask.run.empty())
        takeRun(ask, job);
    require(job.model, "MODEL", "generate");
    require(job.prompt, "--prompt", "generate");
    if (job.dtype != "auto" && job.dtype != "float32" && job.dtype != "bfloat16")
        throw refusal(Code::usage, "--dtype", job.dtype, "float32 or bfloat16", "Choose one of the two.");
    job.chat = !ask.plain;
    if (!ask.maxTokens.empty())
        job.maxTokens = atLeast(ask.maxTokens, "--max-tokens", 1);
    if (!ask.seed.empty())
        job.seed = atLeast(ask.seed, "--seed", 0);
    if (!ask.temperature.empty())
        job.temperature = parseNumber(ask.temperature, "--temperature");
    if (job.temperature < 0)
        throw refusal(
            Code::usage, "--temperature", ask.temperature, "0 or more", "0 always takes the likeliest token.");
    // On a terminal the text itself shows how far it is; a line that is updated would run into it.
    ProgressLine progress(ProgressLine::styleFor(context.quiet || context.out.isTerminal()));
    TextStream text(context.out);
    std::vector<Events*> receivers{&progress};
    if (!context.json)
        receivers.push_back(&text);
    FanOut events(receivers);
    Signals signals(context.quiet);
    const auto engine = loadEngine();
    const GenerateResult result = run(*engine, std::move(job), events, signals.token());
    if (context.json)
        context.out.write(jsonText(jsonOf(result), -1) + '\n');
    else
        text.endLine();
    if (ask.timing)
        writeToPeople(timingText(result) + '\n');
    return signals.arrived() ? exitStatus(Code::stopped) : 0;
}

}  // namespace

void addGenerate(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<GenerateAsk>();
    ask->job.model.clear();
    CLI::App* app = program.add_subcommand("generate", "Text after a prompt");
    app->add_option("MODEL", ask->job.model, "Folder, .gguf file, org/name of the local cache, or default")
        ->type_name("");
    app->add_option("--prompt", ask->job.prompt, "What the model answers or goes on with")->type_name("T");
    app->add_option("--run", ask->run,
           "This run answers, with the parameters that it keeps (the best with --keep best, else the newest), through the template it was "
           "trained with")
        ->type_name("RUN");
    app->add_option("--adapter", ask->job.adapter, "A PEFT adapter's folder")->type_name("DIR");
    app->add_option("--max-tokens", ask->maxTokens, "Stop after so many tokens (128)")->type_name("N");
    app->add_option("--temperature", ask->temperature, "0: always the likeliest token (0)")->type_name("X");
    app->add_option("--seed", ask->seed, "Fixes what is drawn where the temperature is above 0 (0)")->type_name("S");
    app->add_option("--dtype", ask->job.dtype,
           "float32, exact, or bfloat16, which reads half as much a token (auto: a run's own, float32 otherwise)")
        ->type_name("T");
    app->add_option("--device", ask->job.device, "cpu, cuda, or cuda:N (cpu)")->type_name("D");
    app->add_flag("--timing", ask->timing, "A line with the seconds of prompt and answer, on standard error");
    app->add_flag("--past-end", ask->job.pastEnd, "Go on where the model would end: for measurements");
    app->add_flag("--plain", ask->plain, "The prompt as it is, not through the model's chat template");
    commands.push_back({app, [ask](Context& context) { return generate(context, *ask); }});
}

}  // namespace rankwright
