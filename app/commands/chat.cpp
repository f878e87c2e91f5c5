// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `chat`: prompts from standard input, one a line, answered by a model and by what runs and adapters made of it.
#include "app/commands.h"
#include "app/event_stream.h"
#include "app/line_reader.h"
#include "app/progress_line.h"
#include "app/signals.h"
#include "app/text_table.h"
#include "storage/run_store.h"
#include "training/api/config.h"
#include "training/api/engine.h"
#include "training/api/paths.h"
#include "training/formats/builtin_templates.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>

namespace rankwright {

namespace {

struct ChatAsk
{
    std::string model, system, chatTemplate = "auto", maxTokens, temperature, topP, seed;
    std::vector<std::string> runs, adapters;
    bool noBase = false;
};

// One voice alone is heard while it speaks; several would run into each other.
class OneVoice : public Events
{
public:
    explicit OneVoice(Output& output) : m_output(output) {}
    void on(const Event& event) override
    {
        if (const auto* part = std::get_if<TextEvent>(&event))
            m_output.write(shownText(part->text, m_output.isTerminal()));
    }

private:
    Output& m_output;
};

double numberFrom(const std::string& text, const std::string& option, double least, double most)
{
    const double value = parseNumber(text, option);
    if (value < least || value > most)
        throw refusal(Code::usage, option, text, significantText(least, 3) + " to " + significantText(most, 3), "Give another number.");
    return value;
}

void readNumbers(const ChatAsk& ask, ChatJob& job)
{
    constexpr double kHottest = 100, kLeastShare = 1e-6;
    if (!ask.maxTokens.empty())
        job.maxTokens = parseInteger(ask.maxTokens, "--max-tokens");
    if (job.maxTokens < 1)
        throw refusal(Code::usage, "--max-tokens", ask.maxTokens, "1 or more", "Give a larger number.");
    if (!ask.seed.empty())
        job.seed = parseInteger(ask.seed, "--seed");
    if (!ask.temperature.empty())
        job.temperature = numberFrom(ask.temperature, "--temperature", 0, kHottest);
    if (!ask.topP.empty())
        job.topP = numberFrom(ask.topP, "--top-p", kLeastShare, 1);
}

ChatJob jobFrom(const ChatAsk& ask)
{
    ChatJob job;
    job.chatTemplate = ask.chatTemplate;
    readNumbers(ask, job);
    std::vector<ChatVoice> trained;
    std::string runModel;
    if (!ask.runs.empty()) {
        RunStore store(dataDirectory());
        for (const std::string& wanted : ask.runs) {
            const RunRow row = store.run(wanted);
            if (runModel.empty())
                runModel = store.config(row.id).model;
            trained.push_back({.name = row.name.empty() ? row.id : row.name, .folder = store.folderOf(row.id).string(), .adapter = {}, .turns = {}});
        }
    }
    for (const std::string& adapter : ask.adapters) {
        const auto path = std::filesystem::absolute(adapter).lexically_normal();
        const auto name = path.has_filename() ? path.filename() : path.parent_path().filename();
        trained.push_back({.name = name.string(), .folder = {}, .adapter = path.string(), .turns = {}});
    }
    job.model = ask.model.empty() ? runModel : ask.model;
    require(job.model, "MODEL", "chat");
    if (!ask.noBase)
        job.voices.push_back({.name = "base", .folder = {}, .adapter = {}, .turns = {}});
    job.voices.insert(job.voices.end(), trained.begin(), trained.end());
    if (job.voices.empty())
        throw refusal(Code::usage, "--no-base", "nobody is left to answer", "a --run or an --adapter beside it", "Leave it out.");
    for (ChatVoice& voice : job.voices) {
        if (!ask.system.empty())
            voice.turns.push_back({"system", ask.system});
    }
    return job;
}

nlohmann::json jsonOf(const ChatJob& job, const ChatResult& result)
{
    nlohmann::json answers = nlohmann::json::array();
    for (size_t i = 0; i < result.answers.size(); ++i) {
        const auto& one = result.answers[i];
        answers.push_back({{"voice", job.voices[i].name}, {"text", one.text}, {"tokens", one.tokens}, {"stop", one.stop}});
    }
    return {{"prompt", job.voices.front().turns.back().content}, {"answers", std::move(answers)}, {"seconds", result.seconds}};
}

void print(Context& context, const ChatJob& job, const ChatResult& result)
{
    if (context.json) {
        context.out.write(jsonText(jsonOf(job, result), -1) + '\n');
        return;
    }
    if (job.voices.size() == 1) {   // has been heard
        context.out.write("\n");
        return;
    }
    std::string text;
    for (size_t i = 0; i < result.answers.size(); ++i)
        text += escaped(job.voices[i].name) + ": " + shownText(result.answers[i].text, context.out.isTerminal()) + '\n';
    context.out.write(text);
}

int chat(Context& context, const ChatAsk& ask)
{
    ChatJob job = jobFrom(ask);
    Signals signals(context.quiet);
    const auto engine = loadEngine();
    const bool alone = job.voices.size() == 1 && !context.json;
    ProgressLine progress(ProgressLine::styleFor(context.quiet || (alone && context.out.isTerminal())));
    OneVoice voice(context.out);
    std::vector<Events*> receivers{&progress};
    if (alone)
        receivers.push_back(&voice);
    FanOut events(receivers);
    LineReader lines(0);
    for (;;) {
        if (lines.isTerminal() && !context.quiet)
            writeToPeople("> ");
        const auto prompt = lines.next(signals.token());
        if (!prompt)
            break;
        if (prompt->empty())
            continue;
        for (ChatVoice& asked : job.voices)
            asked.turns.push_back({"user", *prompt});
        const ChatResult result = run(*engine, job, events, signals.token());
        print(context, job, result);
        for (size_t i = 0; i < job.voices.size(); ++i)
            job.voices[i].turns.push_back({"assistant", result.answers[i].text});
    }
    return signals.arrived() ? exitStatus(Code::stopped) : 0;
}

}  // namespace

void addChat(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<ChatAsk>();
    CLI::App* app = program.add_subcommand("chat", "A conversation with a model and with what was trained on it, a prompt a line");
    app->add_option("MODEL", ask->model, "Folder, .gguf file, org/name of the local cache, or default; the first run's where it is left out")
        ->type_name("");
    app->add_option("--run", ask->runs, "This run answers too (repeat it for more)")->type_name("RUN");
    app->add_option("--adapter", ask->adapters, "This PEFT adapter on MODEL answers too (repeat it for more)")->type_name("DIR");
    app->add_flag("--no-base", ask->noBase, "Without the model itself");
    app->add_option("--system", ask->system, "What a system message says before the first prompt")->type_name("T");
    app->add_option("--template", ask->chatTemplate, "auto: a run as its rows were trained, else the model's; none: the turns as plain lines; " + builtinTemplateNames() + "; or a template's file (auto)")
        ->type_name("NAME");
    app->add_option("--max-tokens", ask->maxTokens, "Most tokens of an answer (256)")->type_name("N");
    app->add_option("--temperature", ask->temperature, "0: always the likeliest token (0)")->type_name("X");
    app->add_option("--top-p", ask->topP, "Draw among the likeliest tokens that hold this share (1)")->type_name("P");
    app->add_option("--seed", ask->seed, "Fixes what is drawn where the temperature is above 0 (0)")->type_name("S");
    for (const char* name : {"--run", "--adapter"})
        app->get_option(name)->allow_extra_args(false);
    commands.push_back({app, [ask](Context& context) { return chat(context, *ask); }});
}

}  // namespace rankwright
