// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `models`: what is on this machine.
#include "app/commands.h"
#include "app/event_stream.h"
#include "app/text_table.h"
#include "training/models/model_source.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace rankwright {

namespace {

int listModels(Context& context, const std::vector<std::string>& folders)
{
    const auto models = findModels({folders.begin(), folders.end()});
    if (context.json) {
        nlohmann::json list = nlohmann::json::array();
        for (const ModelInfo& model : models)
            list.push_back(toJson(model));
        context.out.write(jsonText(list) + '\n');
        return 0;
    }
    if (models.empty()) {
        context.say(
            "No models found. ./run fetches a small one; or name a folder to search: rankwright-cli models DIR");
        return 0;
    }
    using Align = TextTable::Align;
    TextTable table(
        {{"MODEL"}, {"FAMILY"}, {"PARAMETERS", Align::right}, {"SIZE", Align::right}, {"FOUND IN"}, {"USABLE"}});
    for (const ModelInfo& model : models) {
        const bool known = model.parameters > 0;
        table.add({model.spec, model.family, known ? countText(model.parameters) : "-", bytesText(model.bytes),
            model.source,
            !model.usable               ? "no: " + model.problem
                : model.problem.empty() ? "yes"
                                        : "its weights alone: " + model.problem});
    }
    context.out.write(table.text());
    return 0;
}

}  // namespace

void addModels(CLI::App& program, Commands& commands)
{
    auto folders = std::make_shared<std::vector<std::string>>();
    CLI::App* app
        = program.add_subcommand("models", "Models on this machine, where they are, and whether they can be used");
    app->add_option("DIR", *folders, "Folders to search besides the usual places")->type_name("");
    commands.push_back({app, [folders](Context& context) { return listModels(context, *folders); }});
}

}  // namespace rankwright
