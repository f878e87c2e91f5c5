// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Arms as text -> configurations. Arms may differ in method and optimisation, never in data or seed, since equal data in equal order
// is what makes them comparable. Their runs are in planned_runs.cpp, the stored object in comparison_file.cpp.
#include "storage/runs/comparison.h"

#include "training/api/catalog.h"
#include "training/api/error.h"
#include "training/api/shared_base.h"
#include "training/api/words.h"

#include <algorithm>
#include <map>
#include <set>

namespace rankwright {

namespace {

[[noreturn]] void refuse(const std::string& arm, std::string found, std::string allowed, std::string advice)
{
    throw Error(ErrorParts{.code = Code::usage,
        .file = {},
        .place = "arm \"" + arm + "\"",
        .found = std::move(found),
        .allowed = std::move(allowed),
        .advice = std::move(advice)});
}

std::string suggestion(const std::string& nearest)
{
    return nearest.empty() ? "See `rankwright-cli compare --help`." : "Did you mean " + nearest + "?";
}

const Field& fieldNamed(const std::string& arm, const std::string& key)
{
    if (const Field* field = findConfigField(key))
        return *field;
    std::vector<std::string> names;
    for (const Field& field : configFields()) {
        names.push_back(field.key);
        if (field.option.starts_with("--"))
            names.push_back(field.option.substr(2));
    }
    refuse(arm, "unknown key \"" + key + "\"", "a key of a run's configuration or an option's name without dashes",
        suggestion(nearestName(key, names)));
}

void checkName(const std::string& arm, const std::string& method)
{
    const auto& methods = findConfigField("method")->choices;
    if (std::find(methods.begin(), methods.end(), method) == methods.end())
        refuse(arm, "unknown method \"" + method + "\"", joined(methods), suggestion(nearestName(method, methods)));
}

// One "lr=1e-4".
void set(const std::string& arm, RunConfig& config, const std::string& setting)
{
    const auto equals = setting.find('=');
    if (equals == std::string::npos || equals == 0)
        refuse(arm, "\"" + setting + "\"", "KEY=VALUE", "Write for example pissa:lr=1e-4,rank=32.");
    const Field& field = fieldNamed(arm, setting.substr(0, equals));
    if (field.key == "method" || field.key == "seed" || field.key == "name" || field.group == "data")
        refuse(arm, "\"" + field.key + "\" set for one arm", "the same data and seeds for all arms",
            field.key == "seed" ? "Use --seeds." : "Set it for the whole comparison.");
    setFieldText(config, field, std::string_view(setting).substr(equals + 1));
}

Arm armOf(const RunConfig& base, const std::string& method, const std::string& settings)
{
    const std::string text = settings.empty() ? method : method + ":" + settings;
    checkName(text, method);
    Arm arm{.label = method, .config = base};
    arm.config.method = method;
    // Options for the whole comparison are for the arms whose method has them.
    std::erase_if(arm.config.options,
        [&](const auto& option) { return findMethodOption(methodCard(method), option.first) == nullptr; });
    std::vector<std::string> parts;
    for (std::string& part : split(settings, ',')) {
        // A value may hold commas itself: modules=q_proj,v_proj.
        if (part.find('=') == std::string::npos && !parts.empty())
            parts.back() += "," + part;
        else if (!settings.empty())
            parts.push_back(std::move(part));
    }
    for (const std::string& part : parts) {
        set(text, arm.config, part);
        arm.label += " " + part;
    }
    validate(arm.config);
    checkStartAdapter(arm.config);
    keepOwnOptions(arm.config);
    return arm;
}

// An option that no arm can use is a mistake, unless it says what is so anyway.
void checkShared(const RunConfig& base, const std::vector<Arm>& arms)
{
    for (const auto& [key, value] : base.options) {
        const bool used = std::ranges::any_of(arms, [&](const Arm& arm) {
            return findMethodOption(methodCard(arm.config.method), key) != nullptr;
        });
        if (used)
            continue;
        RunConfig alone = arms.front().config;
        alone.options = {{key, value}};
        checkMethod(alone);   // names the methods that have it
    }
}

}  // namespace

std::vector<Arm> parseArms(const RunConfig& base, const std::vector<std::string>& arms)
{
    std::vector<Arm> parsed;
    for (const std::string& text : arms) {
        const auto colon = text.find(':');
        // "lora,pissa:lr=1e-4": the settings belong to the last method.
        std::vector<std::string> methods = split(std::string_view(text).substr(0, colon), ',');
        const std::string last = methods.back();
        methods.pop_back();
        for (const std::string& method : methods)
            parsed.push_back(armOf(base, method, {}));
        parsed.push_back(armOf(base, last, colon == std::string::npos ? "" : text.substr(colon + 1)));
    }
    if (parsed.empty())
        refuse("", "no arm", "at least one method", "Write for example --arms lora,pissa.");
    checkShared(base, parsed);
    std::set<std::string> labels;
    for (Arm& arm : parsed) {
        std::string label = arm.label;
        for (int copy = 2; !labels.insert(label).second; ++copy)
            label = arm.label + " (" + std::to_string(copy) + ")";
        arm.label = label;
    }
    return parsed;
}

std::vector<std::string> armsInTurn(const Comparison& comparison)
{
    std::vector<std::string> sentences;
    if (comparison.schedule != Schedule::together)
        return sentences;
    std::map<std::string, std::vector<std::string>> labels;   // by base
    for (const Arm& arm : comparison.arms) {
        const auto why = whyNotTogether(arm.config);
        if (!why.empty())
            sentences.push_back(arm.label + " " + why + ": its runs are trained one after another.");
        else
            labels[sharedBaseKey(arm.config)].push_back(arm.label);
    }
    if (labels.size() > 1) {
        std::string groups;
        for (const auto& [key, arms] : labels)
            groups += (groups.empty() ? "" : "; ") + joined(arms);
        sentences.push_back("The arms do not all share one base, type and batch: trained together are " + groups + ".");
    }
    return sentences;
}

}  // namespace rankwright
