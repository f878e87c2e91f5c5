// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `generate`: text as the model writes it.
#include "app/commands.h"
#include "app/event_stream.h"
#include "app/progress_line.h"
#include "app/signals.h"
#include "training/api/config.h"
#include "training/api/engine.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace rankwright {

namespace {

struct GenerateAsk
{
    GenerateJob job;
    std::string maxTokens, temperature, seed;
    bool plain = false;
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

int generate(Context& context, const GenerateAsk& ask)
{
    GenerateJob job = ask.job;
    require(job.model, "MODEL", "generate");
    require(job.prompt, "--prompt", "generate");
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
        context.out.write(
            jsonText({{"text", result.text}, {"tokens", result.tokens}, {"stop", result.stop}}, -1) + '\n');
    else
        text.endLine();
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
    app->add_option("--adapter", ask->job.adapter, "A PEFT adapter's folder")->type_name("DIR");
    app->add_option("--max-tokens", ask->maxTokens, "Stop after so many tokens (128)")->type_name("N");
    app->add_option("--temperature", ask->temperature, "0: always the likeliest token (0)")->type_name("X");
    app->add_option("--seed", ask->seed, "Fixes what is drawn where the temperature is above 0 (0)")->type_name("S");
    app->add_flag("--plain", ask->plain, "The prompt as it is, not through the model's chat template");
    commands.push_back({app, [ask](Context& context) { return generate(context, *ask); }});
}

}  // namespace rankwright
