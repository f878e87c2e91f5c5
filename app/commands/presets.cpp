// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `presets`: published recipes, a line each; one of them with its source and the options that it stands for.
#include "app/commands.h"
#include "app/event_stream.h"
#include "app/text_table.h"
#include "training/api/config_fields.h"
#include "training/api/json_text.h"
#include "training/api/presets.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace rankwright {

namespace {

// As it is typed into a shell, which would take * for files.
std::string valueText(const nlohmann::json& value)
{
    if (value.is_string()) {
        const auto text = value.get<std::string>();
        return text.find_first_of("*?[ ") == std::string::npos ? text : "'" + text + "'";
    }
    return value.is_number_float() ? shortNumber(value.get<double>()) : value.dump();
}

nlohmann::json jsonOf(const Preset& preset)
{
    return {{"id", preset.id}, {"title", preset.title}, {"what", preset.what}, {"source", preset.source}, {"glueTask", preset.glueTask},
        {"changes", preset.changes}};
}

const Preset& presetNamed(const std::string& id)
{
    if (const Preset* preset = findPreset(id))
        return *preset;
    std::vector<std::string> ids;
    for (const Preset& preset : presets())
        ids.push_back(preset.id);
    const std::string near = nearestName(id, ids);
    throw refusal(Code::usage, "ID", id, "an id that rankwright-cli presets lists",
        near.empty() ? "See rankwright-cli presets." : "Did you mean " + near + "?");
}

int showPreset(Context& context, const Preset& preset)
{
    if (context.json) {
        context.out.write(jsonText(jsonOf(preset)) + '\n');
        return 0;
    }
    std::string options;
    for (const auto& [key, value] : preset.changes) {
        if (key == "steps" && value == 0 && preset.changes.contains("epochs"))
            continue;   // the two beside each other are refused
        const Field* field = findConfigField(key);
        options += " " + (field != nullptr && !field->option.empty() ? field->option : key) + " " + valueText(value);
    }
    context.out.write(preset.id + ": " + preset.title + '\n' + preset.what + "\nSource: " + preset.source + "\nOptions:" + options + '\n');
    return 0;
}

int listPresets(Context& context)
{
    if (context.json) {
        nlohmann::json list = nlohmann::json::array();
        for (const Preset& preset : presets())
            list.push_back(jsonOf(preset));
        context.out.write(jsonText({{"presets", std::move(list)}}) + '\n');
        return 0;
    }
    TextTable table({{"PRESET"}, {"METHOD"}, {"WHAT"}});
    for (const Preset& preset : presets()) {
        const auto method = preset.changes.find("method");
        table.add({preset.id, method == preset.changes.end() ? "" : valueText(method->second), preset.title});
    }
    context.out.write(table.text());
    context.say("One with its source and its options: rankwright-cli presets ID");
    return 0;
}

}  // namespace

void addPresets(CLI::App& program, Commands& commands)
{
    auto id = std::make_shared<std::string>();
    CLI::App* app = program.add_subcommand("presets", "Published recipes for --preset of train and compare");
    app->add_option("ID", *id, "One of them, with its source and the options that it stands for")->type_name("");
    commands.push_back({app, [id](Context& context) { return id->empty() ? listPresets(context) : showPreset(context, presetNamed(*id)); }});
}

}  // namespace rankwright
