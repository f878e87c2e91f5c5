// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "app/command_options.h"

#include "app/commands.h"
#include "training/api/catalog.h"
#include "training/api/config_fields.h"
#include "training/api/error.h"
#include "training/api/presets.h"
#include "training/api/words.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace rankwright {

namespace {

std::string typeName(const Field& field)
{
    switch (field.kind) {
    case Field::Kind::integer:
        return "N";
    case Field::Kind::number:
        return field.key == "clip" ? "X|none" : field.key == "alpha" ? "X|auto" : "X";
    case Field::Kind::choice:
        return joined(field.choices, "|");
    case Field::Kind::map:
        return field.key == "plan" ? "FILE|JSON" : "ROLE=COLUMN,...";
    case Field::Kind::text:
        break;
    }
    if (!field.choices.empty())
        return joined(field.choices, "|") + "|N";
    return field.key == "rows" || field.key == "evalRows" ? "A:B" : "TEXT";
}

std::string groupTitle(const Field& field)
{
    std::string title = field.group + " options";
    title[0] = char(title[0] - 'a' + 'A');
    return title;
}

Error notAllowed(const Field& field, const std::string& text, std::string allowed, std::string advice)
{
    return refusal(Code::usage, field.option, '"' + text + '"', std::move(allowed), std::move(advice));
}

void checkRange(const Field& field, double value, const std::string& text)
{
    if (field.least < field.most && !(value >= field.least && value <= field.most))
        throw notAllowed(
            field, text, shortNumber(field.least) + " to " + shortNumber(field.most), "Give a number in that range.");
}

void checkChoice(const Field& field, const std::string& text)
{
    if (std::find(field.choices.begin(), field.choices.end(), text) != field.choices.end())
        return;
    const std::string there = joined(field.choices);
    const std::string nearest = nearestName(text, field.choices);
    throw notAllowed(field, text, there, nearest.empty() ? "Choose one of them." : "Did you mean " + nearest + "?");
}

nlohmann::json columnsFrom(const Field& field, const std::string& text)
{
    nlohmann::json columns = nlohmann::json::object();
    for (const std::string& part : split(text)) {
        const size_t equals = part.find('=');
        if (equals == std::string::npos || equals == 0 || equals + 1 == part.size())
            throw notAllowed(
                field, text, "ROLE=COLUMN,...", "For example " + field.option + " prompt=question,response=answer.");
        columns[part.substr(0, equals)] = part.substr(equals + 1);
    }
    return columns;
}

// An option's value that is JSON itself, as commandLine() writes it.
nlohmann::json inlineJson(const Field& field, const std::string& text)
{
    try {
        return parseUntrusted(text, {});
    } catch (const Error& error) {
        throw notAllowed(field, text.substr(0, 80), "well-formed JSON",
            "Check quotes and brackets: " + error.parts().found + ", " + error.parts().place + '.');
    }
}

// What `plan --out` wrote, a configuration that has a plan, or the plan alone: {"NAME": {"rank": R, "alpha": A}}.
// `file` is for messages and empty where the document stood on the command line.
nlohmann::json planFrom(const nlohmann::json& document, const std::filesystem::path& file)
{
    const auto modules = document.find("modules");
    if (modules == document.end() || !modules->is_array())
        return document.is_object() && document.contains("plan") ? document["plan"] : document;
    nlohmann::json plan = nlohmann::json::object();
    for (size_t i = 0; i < modules->size(); ++i) {
        const nlohmann::json& module = (*modules)[i];
        if (!module.is_object() || !module.contains("name") || !module["name"].is_string() || !module.contains("rank"))
            throw Error(ErrorParts{.code = Code::config,
                .file = file,
                .place = "/modules/" + std::to_string(i),
                .found = "no name or no rank",
                .allowed = "{\"name\": ..., \"rank\": ..., \"alpha\": ...}",
                .advice = "Write the file with rankwright-cli plan --out FILE."});
        nlohmann::json& entry = plan[module["name"].get<std::string>()];
        entry["rank"] = module["rank"];
        if (module.contains("alpha"))
            entry["alpha"] = module["alpha"];
    }
    return plan;
}

nlohmann::json valueOf(const Field& field, const std::string& text)
{
    switch (field.kind) {
    case Field::Kind::integer: {
        const int64_t value = parseInteger(text, field.option);
        checkRange(field, double(value), text);
        return value;
    }
    case Field::Kind::number: {
        const double value = numberFromText(field, text);
        checkRange(field, value, text);
        return value;
    }
    case Field::Kind::choice:
        checkChoice(field, text);
        return text;
    case Field::Kind::map:
        if (text.starts_with('{'))
            return field.key == "plan" ? planFrom(inlineJson(field, text), {}) : inlineJson(field, text);
        return field.key == "plan" ? planFrom(readJsonFile(text, limits::kJsonConfig), text) : columnsFrom(field, text);
    case Field::Kind::text:
        break;
    }
    return text;
}

// A run is resumed and exported from other folders, too. What is not there may be "default" or org/name.
void makeAbsolute(std::string& path)
{
    std::error_code ignored;
    if (path.empty() || path == "default" || !std::filesystem::exists(path, ignored))
        return;
    const std::filesystem::path absolute = std::filesystem::absolute(path, ignored);
    if (!absolute.empty())
        path = absolute.string();
}

}  // namespace

void ConfigOptions::addTo(CLI::App& command, const std::vector<std::string>& keys)
{
    for (const Field& field : configFields()) {
        const bool wanted = keys.empty() || std::find(keys.begin(), keys.end(), field.key) != keys.end();
        if (!wanted || field.option.empty())
            continue;
        Given& given = m_given.emplace_back();
        given.field = &field;
        const std::string owners = field.methods.empty() ? "" : " (" + joined(field.methods) + ")";
        given.option = command.add_option(field.option, given.text, field.help + owners);
        given.option->type_name(typeName(field))->group(groupTitle(field));
    }
}

void ConfigOptions::addShortcuts(CLI::App& command)
{
    command.add_flag("--pack", m_pack, "Short for --packing on.")->group("Data options");
    command.add_flag("--no-pack", m_noPack, "Short for --packing off.")->group("Data options");
    command.add_option("--preset", m_preset, "A published recipe (`presets` lists them); other options win over it.")
        ->type_name("ID")
        ->group("Options");
}

namespace {

// Options that only other methods have would be refused beside the preset's method.
void applyPreset(nlohmann::json& base, const std::string& id)
{
    const Preset* preset = findPreset(id);
    if (preset == nullptr) {
        std::vector<std::string> ids;
        for (const Preset& known : presets())
            ids.push_back(known.id);
        const std::string near = nearestName(id, ids);
        throw refusal(Code::usage, "--preset", "\"" + id + "\"", "an id that rankwright-cli presets lists",
            near.empty() ? "See rankwright-cli presets." : "Did you mean " + near + "?");
    }
    const auto method = preset->changes.find("method");
    for (const Field& field : configFields()) {
        const bool others = method != preset->changes.end() && !field.methods.empty()
            && std::find(field.methods.begin(), field.methods.end(), method->second) == field.methods.end();
        if (others)
            base.erase(field.key);
    }
    for (const auto& [key, value] : preset->changes)
        base[key] = value;
}

}  // namespace

bool ConfigOptions::isGiven(const std::string& key) const
{
    return std::any_of(m_given.begin(), m_given.end(),
        [&](const Given& given) { return given.field->key == key && given.option->count() > 0; });
}

nlohmann::json ConfigOptions::over(nlohmann::json base) const
{
    if (m_pack && m_noPack)
        throw refusal(Code::usage, "--pack and --no-pack", "both given", "one of them", "Leave one of them out.");
    if (!m_preset.empty())
        applyPreset(base, m_preset);
    if (m_pack || m_noPack)
        base["packing"] = m_pack ? "on" : "off";
    if (isGiven("steps") && isGiven("epochs"))
        throw refusal(Code::usage, "--steps and --epochs", "both given", "one of them", "Leave one of them out.");
    if (isGiven("epochs"))
        base["steps"] = 0;
    for (const Given& given : m_given) {
        if (given.option->count() > 0)
            base[given.field->key] = valueOf(*given.field, given.text);
    }
    return base;
}

namespace {

struct Document
{
    nlohmann::json json;
    std::filesystem::path file;
};

// CONFIG.json, or MODEL and DATASET, with the options on top.
Document documentOf(
    const std::string& model, const std::string& data, const ConfigOptions& options, const std::string& command)
{
    nlohmann::json base = nlohmann::json::object();
    std::filesystem::path file;
    if (!data.empty()) {
        base["model"] = model;
        base["data"] = data;
    } else if (model.ends_with(".json")) {
        file = model;
        base = readJsonFile(file, limits::kJsonConfig);
        if (base.is_object() && base.contains("config") && base["config"].is_object())
            base = nlohmann::json(base["config"]);
    } else {
        throw refusal(Code::usage, model.empty() ? "MODEL" : "DATASET", "not given", "MODEL DATASET, or CONFIG.json",
            "See rankwright-cli " + command + " --help.");
    }
    if (!base.is_object())
        configFromJson(base, file);  // says what is wrong with it
    return {options.over(std::move(base)), file};
}

}  // namespace

RunConfig withAbsolutePaths(RunConfig config)
{
    for (std::string* path : {&config.model, &config.data, &config.evalData, &config.initAdapter})
        makeAbsolute(*path);
    return config;
}

RunConfig runConfig(
    const std::string& model, const std::string& data, const ConfigOptions& options, const std::string& command)
{
    const Document document = documentOf(model, data, options, command);
    RunConfig config = withAbsolutePaths(configFromJson(document.json, document.file));
    validate(config, document.file);
    checkStartAdapter(config, document.file);
    return config;
}

RunConfig comparisonBase(const std::string& model, const std::string& data, const ConfigOptions& options)
{
    Document document = documentOf(model, data, options, "compare");
    // What belongs to a method is checked arm by arm: none of it needs to fit the method that the base names.
    nlohmann::json ofMethods = nlohmann::json::object();
    for (const char* key : {"base", "optimizer", "dropout", "initAdapter"}) {
        if (document.json.contains(key))
            ofMethods[key] = document.json[key];
    }
    for (const Field& field : configFields()) {
        if (!field.methods.empty() && document.json.contains(field.key))
            ofMethods[field.key] = document.json[field.key];
    }
    for (const auto& [key, unused] : ofMethods.items())
        document.json.erase(key);
    RunConfig config = configFromJson(document.json, document.file);
    for (const auto& [key, value] : ofMethods.items())
        setField(config, *findConfigField(key), value, document.file);
    return withAbsolutePaths(std::move(config));
}

}  // namespace rankwright
