// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `presets`: published recipes, each with its source and the options that it stands for.
#include "app/commands.h"
#include "app/event_stream.h"
#include "training/api/config_fields.h"
#include "training/api/json_text.h"
#include "training/api/presets.h"

#include <CLI/CLI.hpp>

namespace rankwright {

namespace {

std::string valueText(const nlohmann::json& value)
{
    if (value.is_string())
        return value.get<std::string>();
    return value.is_number_float() ? shortNumber(value.get<double>()) : value.dump();
}

int printJson(Context& context)
{
    nlohmann::json list = nlohmann::json::array();
    for (const Preset& preset : presets()) {
        list.push_back({{"id", preset.id}, {"title", preset.title}, {"what", preset.what}, {"source", preset.source},
            {"glueTask", preset.glueTask}, {"changes", preset.changes}});
    }
    context.out.write(jsonText({{"presets", std::move(list)}}) + '\n');
    return 0;
}

int printPresets(Context& context)
{
    if (context.json)
        return printJson(context);
    for (const Preset& preset : presets()) {
        std::string options;
        for (const auto& [key, value] : preset.changes) {
            const Field* field = findConfigField(key);
            options += " " + (field != nullptr && !field->option.empty() ? field->option : key) + " " + valueText(value);
        }
        context.out.write(preset.id + ": " + preset.title + "\n    " + preset.what + "\n    Source: " + preset.source + "\n   " + options
            + "\n\n");
    }
    return 0;
}

}  // namespace

void addPresets(CLI::App& program, Commands& commands)
{
    CLI::App* app = program.add_subcommand("presets", "Published recipes for --preset of train and compare");
    commands.push_back({app, [](Context& context) { return printPresets(context); }});
}

}  // namespace rankwright
