// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `template`: a conversation as the text that a chat template makes of it. Needs no weights and no tokenizer.
#include "app/commands.h"
#include "app/event_stream.h"
#include "training/formats/builtin_templates.h"
#include "training/formats/chat_request.h"
#include "training/formats/chat_template.h"
#include "training/formats/file_reader.h"
#include "training/formats/limits.h"
#include "training/formats/tokenizer.h"
#include "training/models/model_source.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace rankwright {

namespace {

struct TemplateAsk
{
    std::string source, conversation, tools, variables, bos, eos, date;
    bool noPrompt = false, bosGiven = false, eosGiven = false;
};

struct Source
{
    std::filesystem::path file;
    std::string text, bos, eos;
};

// A built-in template's name; a file that is no model: a template; of a model its own, and its special tokens.
Source sourceOf(const std::string& name)
{
    if (const BuiltinTemplate* builtin = findBuiltinTemplate(name))
        return {{}, builtin->source, {}, {}};
    const std::filesystem::path path(name);
    std::error_code ignored;
    if (std::filesystem::is_regular_file(path, ignored) && path.extension() != ".gguf")
        return {path, readWholeFile(path, limits::kTemplateSource), {}, {}};
    const auto model = resolveModel(name);
    Source source{model, chatTemplateSource(model), {}, {}};
    if (source.text.empty())
        throw Error(ErrorParts{.code = Code::unsupported,
            .file = model,
            .place = "chat template",
            .found = "this model has none",
            .allowed = "a model with a template, a file with one, or one of " + builtinTemplateNames(),
            .advice = "Give one of these instead of the model."});
    const auto tokenizer = openModelTokenizer(model);
    const auto piece = [&](int32_t id) { return id < 0 ? std::string() : tokenizer->piece(id); };
    source.bos = piece(tokenizer->bos());
    source.eos = piece(tokenizer->eos());
    return source;
}

ChatRequest requestOf(const TemplateAsk& ask)
{
    ChatRequest request;
    request.messages = conversationOf(readWholeFile(ask.conversation, limits::kJsonLine), ask.conversation);
    if (!ask.tools.empty())
        request.tools = orderedJson(readWholeFile(ask.tools, limits::kJsonConfig), ask.tools);
    if (!ask.variables.empty())
        request.variables = orderedJson(ask.variables, {});
    if (!request.tools.is_null() && !request.tools.is_array())
        throw refusal(Code::data, "--tools", std::string("a JSON ") + request.tools.type_name(), "an array of tools",
            "Write the tools as apply_chat_template takes them.");
    if (!request.variables.is_null() && !request.variables.is_object())
        throw refusal(Code::usage, "--variables", std::string("a JSON ") + request.variables.type_name(), "an object",
            "For example --variables '{\"enable_thinking\": false}'.");
    request.addGenerationPrompt = !ask.noPrompt;
    return request;
}

int render(Context& context, const TemplateAsk& ask)
{
    require(ask.source, "TEMPLATE", "template");
    require(ask.conversation, "MESSAGES", "template");
    const Source source = sourceOf(ask.source);
    ChatTemplate chat(
        source.text, ask.bosGiven ? ask.bos : source.bos, ask.eosGiven ? ask.eos : source.eos, source.file);
    if (!ask.date.empty()) {
        const auto date = parseTemplateDate(ask.date);
        if (!date)
            throw refusal(Code::usage, "--date", ask.date, "a day, as 2024-07-26 or 2024-07-26T15:04:05",
                "Leave it out for 2024-07-26.");
        chat.setDate(*date);
    }
    const std::string text = chat.render(requestOf(ask));
    if (context.json)
        context.out.write(jsonText({{"text", text}}, -1) + '\n');
    else
        context.out.write(context.out.isTerminal() ? shownText(text, true) + '\n' : text);
    return 0;
}

}  // namespace

void addTemplate(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<TemplateAsk>();
    CLI::App* app = program.add_subcommand("template", "The text that a chat template makes of a conversation");
    app->add_option("TEMPLATE", ask->source, "A model that has a template, a template's file, or one of " + builtinTemplateNames())->type_name("");
    app->add_option("MESSAGES", ask->conversation, "JSON: an array of {\"role\", \"content\"}")->type_name("");
    app->add_flag("--no-generation-prompt", ask->noPrompt, "Without the beginning of the assistant's answer");
    CLI::Option* bos = app->add_option("--bos", ask->bos, "The token that begins a text (default: the model's)")->type_name("T");
    CLI::Option* eos = app->add_option("--eos", ask->eos, "The token that ends one (default: the model's)")->type_name("T");
    app->add_option("--tools", ask->tools, "JSON: the tools that the model is told of")->type_name("F");
    app->add_option("--variables", ask->variables, "JSON object: further variables of the template")->type_name("J");
    app->add_option("--date", ask->date, "What strftime_now tells (default: 2024-07-26)")->type_name("D");
    commands.push_back({app, [ask, bos, eos](Context& context) {
                            ask->bosGiven = bos->count() > 0;
                            ask->eosGiven = eos->count() > 0;
                            return render(context, *ask);
                        }});
}

}  // namespace rankwright
