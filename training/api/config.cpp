// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Reading, writing and checking a run's configuration by the table of config_fields.cpp.
#include "training/api/config.h"

#include "training/api/catalog.h"
#include "training/api/config_fields.h"
#include "training/api/error.h"
#include "training/api/json_text.h"
#include "training/api/metrics.h"
#include "training/api/words.h"
#include "training/formats/limits.h"

#include <algorithm>
#include <cmath>

namespace rankwright {

namespace {

using nlohmann::json;
using Kind = Field::Kind;

constexpr size_t kLongestPath = 4096;       // bytes; PATH_MAX of Linux
constexpr size_t kLongestText = 64 << 10;   // bytes of any other text
constexpr size_t kMostPlanned = 1'000'000;  // modules of a plan
constexpr int64_t kMostRowsAStep = 1'000'000;

std::string pointer(const std::string& key)
{
    std::string text = "/";
    for (const char c : key) {
        if (c == '~')
            text += "~0";
        else if (c == '/')
            text += "~1";
        else
            text += c;
    }
    return text;
}

std::string allowedText(const Field& field)
{
    switch (field.kind) {
    case Kind::choice:
        return "one of " + joined(field.choices);
    case Kind::integer:
    case Kind::number:
        return (field.kind == Kind::integer ? "a whole number from " : "a number from ") + shortNumber(field.least)
            + " to " + shortNumber(field.most);
    case Kind::map:
        return field.key == "plan" ? "an object of module names, each with rank and alpha"
                                   : "an object of roles and column names";
    case Kind::text:
        break;
    }
    if (!field.choices.empty()) {
        return joined(field.choices) + ", or a whole number from " + shortNumber(field.least) + " to "
            + shortNumber(field.most);
    }
    return "text";
}

[[noreturn]] void refuse(const Field& field, const std::filesystem::path& file, std::string found, std::string allowed,
    std::string place = {})
{
    const std::string how = field.option.empty() ? field.key : field.key + " (" + field.option + ")";
    throw Error{ErrorParts{.code = Code::config,
        .file = file,
        .place = place.empty() ? pointer(field.key) : std::move(place),
        .found = std::move(found),
        .allowed = std::move(allowed),
        .advice = "Change " + how + "."}};
}

std::string shown(const json& value)
{
    std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
    if (text.size() > 80)
        text = text.substr(0, 77) + "...";
    return text;
}

int64_t wholeNumber(const json& value, const Field& field, const std::filesystem::path& file, const std::string& place)
{
    if (value.is_number_unsigned() && value.get<uint64_t>() <= uint64_t(INT64_MAX))
        return int64_t(value.get<uint64_t>());
    if (value.is_number_integer() && !value.is_number_unsigned())
        return value.get<int64_t>();
    if (value.is_number_float()) {
        const double number = value.get<double>();
        if (std::trunc(number) == number && std::abs(number) < 9e15)
            return int64_t(number);
    }
    refuse(field, file, shown(value), field.kind == Kind::integer ? allowedText(field) : "a whole number", place);
}

// The modules of a plan, either {"NAME": {"rank": 8, "alpha": 8}} or what `plan --json` writes.
std::map<std::string, ModuleRank> readPlan(const json& value, const Field& field, const std::filesystem::path& file)
{
    const std::string root = pointer(field.key);
    if (!value.is_object())
        refuse(field, file, shown(value), allowedText(field));
    std::map<std::string, ModuleRank> plan;
    const auto add = [&](const std::string& name, const json& entry, const std::string& place) {
        if (!entry.is_object() || !entry.contains("rank"))
            refuse(field, file, shown(entry), "an object with rank and alpha", place);
        ModuleRank rank;
        rank.rank = wholeNumber(entry.at("rank"), field, file, place + "/rank");
        rank.alpha = double(rank.rank);
        if (entry.contains("alpha")) {
            if (!entry.at("alpha").is_number())
                refuse(field, file, shown(entry.at("alpha")), "a number", place + "/alpha");
            rank.alpha = entry.at("alpha").get<double>();
        }
        if (!plan.emplace(name, rank).second)
            refuse(field, file, "the module " + name + " twice", "each module once", place);
    };
    if (value.contains("modules") && value.at("modules").is_array()) {
        const json& modules = value.at("modules");
        for (size_t i = 0; i < modules.size(); ++i) {
            const std::string place = root + "/modules/" + std::to_string(i);
            if (!modules[i].is_object() || !modules[i].contains("name") || !modules[i].at("name").is_string())
                refuse(field, file, shown(modules[i]), "an object with name, rank and alpha", place);
            add(modules[i].at("name").get<std::string>(), modules[i], place);
        }
        return plan;
    }
    for (const auto& [name, entry] : value.items()) {
        if (entry.is_object()) {
            for (const auto& [key, unused] : entry.items()) {
                if (key != "rank" && key != "alpha")
                    refuse(field, file, "the unknown key " + key, "rank and alpha", root + pointer(name));
            }
        }
        add(name, entry, root + pointer(name));
    }
    return plan;
}

std::map<std::string, std::string> readColumns(const json& value, const Field& field,
    const std::filesystem::path& file)
{
    if (!value.is_object())
        refuse(field, file, shown(value), allowedText(field));
    std::map<std::string, std::string> columns;
    for (const auto& [role, column] : value.items()) {
        if (!column.is_string())
            refuse(field, file, shown(column), "a column's name", pointer(field.key) + pointer(role));
        columns[role] = column.get<std::string>();
    }
    return columns;
}

OptionValue readOption(const json& value, const Field& field, const std::filesystem::path& file)
{
    if (field.kind == Kind::integer)
        return double(wholeNumber(value, field, file, pointer(field.key)));
    if (field.kind == Kind::number && value.is_number())
        return value.get<double>();
    if (field.kind == Kind::text && value.is_number_integer())
        return std::to_string(wholeNumber(value, field, file, pointer(field.key)));   // "svd": 4
    if (field.kind == Kind::number || !value.is_string())
        refuse(field, file, shown(value), allowedText(field));
    return value.get<std::string>();
}

void assign(RunConfig& config, const BoundField& bound, const json& value, const std::filesystem::path& file)
{
    const Field& field = bound.field;
    std::visit(
        [&](auto member) {
            using Member = std::remove_reference_t<decltype(config.*member)>;
            if constexpr (std::is_same_v<Member, std::string>) {
                if (!value.is_string())
                    refuse(field, file, shown(value), allowedText(field));
                config.*member = value.get<std::string>();
            } else if constexpr (std::is_same_v<Member, int64_t>) {
                config.*member = wholeNumber(value, field, file, pointer(field.key));
            } else if constexpr (std::is_same_v<Member, double>) {
                if (!value.is_number())
                    refuse(field, file, shown(value), allowedText(field));
                config.*member = value.get<double>();
            } else if constexpr (std::is_same_v<Member, BoundField::Plan>) {
                config.*member = readPlan(value, field, file);
            } else if constexpr (std::is_same_v<Member, BoundField::Options>) {
                (config.*member)[field.key] = readOption(value, field, file);
            } else {
                config.*member = readColumns(value, field, file);
            }
        },
        bound.member);
}

const BoundField* findField(std::string_view keyOrOption)
{
    for (const BoundField& bound : boundFields()) {
        if (bound.field.key == keyOrOption)
            return &bound;
        const std::string& option = bound.field.option;
        if (!option.empty() && (option == keyOrOption || std::string_view(option).substr(2) == keyOrOption))
            return &bound;
    }
    return nullptr;
}

void checkText(const std::string& text, const Field& field, const std::filesystem::path& file)
{
    if (field.kind == Kind::choice) {
        if (std::ranges::find(field.choices, text) == field.choices.end()) {
            const std::string near = nearestName(text, field.choices);
            refuse(field, file, "\"" + text + "\"" + (near.empty() ? "" : ", perhaps meant as " + near),
                allowedText(field));
        }
        return;
    }
    const bool isPath = field.key == "model" || field.key == "data" || field.key == "evalData"
        || field.key == "initAdapter";
    const size_t most = field.key == "name" ? size_t(limits::kRunName) : isPath ? kLongestPath : kLongestText;
    if (text.size() > most) {
        refuse(field, file, std::to_string(text.size()) + " bytes", "at most " + std::to_string(most) + " bytes");
    }
    if (text.find('\0') != std::string::npos)
        refuse(field, file, "a NUL byte", "text without NUL bytes");
    const bool required = field.key == "model" || field.key == "data" || field.key == "modules"
        || field.key == "chatTemplate";
    if (required && text.empty())
        refuse(field, file, "an empty text", field.help);
}

void checkPlan(const std::map<std::string, ModuleRank>& plan, const Field& field, const std::filesystem::path& file)
{
    if (plan.size() > kMostPlanned)
        refuse(field, file, std::to_string(plan.size()) + " modules", "at most " + std::to_string(kMostPlanned));
    for (const auto& [name, entry] : plan) {
        const std::string place = pointer(field.key) + pointer(name);
        if (entry.rank < 0 || entry.rank > 65536)
            refuse(field, file, std::to_string(entry.rank), "a whole number from 0 to 65536", place + "/rank");
        if (entry.rank > 0 && !(entry.alpha > 0 && entry.alpha <= 1e6))
            refuse(field, file, shortNumber(entry.alpha), "a number above 0, at most 1e+06", place + "/alpha");
    }
    const bool anyTrained = std::ranges::any_of(plan, [](const auto& entry) { return entry.second.rank > 0; });
    if (!plan.empty() && !anyTrained)
        refuse(field, file, "rank 0 for every module", "a rank above 0 for at least one module");
}

void checkField(const RunConfig& config, const BoundField& bound, const std::filesystem::path& file)
{
    const Field& field = bound.field;
    std::visit(
        [&](auto member) {
            using Member = std::remove_cvref_t<decltype(config.*member)>;
            if constexpr (std::is_same_v<Member, std::string>) {
                checkText(config.*member, field, file);
            } else if constexpr (std::is_same_v<Member, int64_t>) {
                const int64_t value = config.*member;
                if (value < int64_t(field.least) || value > int64_t(field.most))
                    refuse(field, file, std::to_string(value), allowedText(field));
            } else if constexpr (std::is_same_v<Member, double>) {
                // Written so that NaN, which compares false with everything, is refused too.
                if (!(config.*member >= field.least && config.*member <= field.most))
                    refuse(field, file, shortNumber(config.*member), allowedText(field));
            } else if constexpr (std::is_same_v<Member, BoundField::Plan>) {
                checkPlan(config.*member, field, file);
            } else if constexpr (std::is_same_v<Member, BoundField::Columns>) {
                for (const auto& [role, column] : config.*member) {
                    if (std::ranges::find(columnRoles(), role) == columnRoles().end())
                        refuse(field, file, "the role \"" + role + "\"", "roles " + joined(columnRoles()),
                            pointer(field.key) + pointer(role));
                }
            }
        },
        bound.member);
}

// Fields whose text has a form of its own.
void checkForms(const RunConfig& config, const std::filesystem::path& file)
{
    const auto field = [](const char* key) -> const Field& { return findField(key)->field; };
    for (const char* key : {"rows", "evalRows"}) {
        const std::string& rows = std::string_view(key) == "rows" ? config.rows : config.evalRows;
        try {
            parseRows(rows, INT64_MAX, key);
        } catch (const Error& error) {
            refuse(field(key), file, error.parts().found, error.parts().allowed);
        }
    }
    const bool isCuda = config.device.starts_with("cuda:") && config.device.size() > 5 && config.device.size() <= 8
        && std::ranges::all_of(config.device.substr(5), [](char c) { return c >= '0' && c <= '9'; });
    if (config.device != "cpu" && config.device != "cuda" && !isCuda)
        refuse(field("device"), file, "\"" + config.device + "\"", "cpu, cuda, or cuda:N");
}

void checkCombinations(const RunConfig& config, const std::filesystem::path& file)
{
    const auto field = [](const char* key) -> const Field& { return findField(key)->field; };
    if (config.steps == 0 && config.epochs == 0)
        refuse(field("epochs"), file, "0 epochs and 0 steps", "epochs above 0, or steps above 0");
    if (config.batch * config.accumulate > kMostRowsAStep) {
        refuse(field("accumulate"), file,
            std::to_string(config.batch) + " rows times " + std::to_string(config.accumulate) + " batches a step",
            "at most " + std::to_string(kMostRowsAStep) + " rows a step");
    }
    const bool evaluates = !config.evalData.empty() || config.validation > 0;
    if (config.evalEvery > 0 && !evaluates)
        refuse(field("evalEvery"), file, std::to_string(config.evalEvery) + " without evaluation data",
            "0, or evalData (--eval-data) or validation (--validation) set as well");
    if (config.validation > 0 && !config.evalData.empty())
        refuse(field("validation"), file, shortNumber(config.validation) + " beside evaluation data", "0 where evalData is set");
    for (const std::string& id : metricIds(config.metrics)) {
        if (findMetricCard(id) == nullptr)
            refuse(field("metrics"), file, "\"" + id + "\"", allowedMetrics());
    }
    if (config.patience > 0 && config.evalEvery == 0)
        refuse(field("patience"), file, std::to_string(config.patience) + " without evaluations in between",
            "0, or evalEvery (--eval-every) above 0 as well");
    if (config.keep == "best" && !evaluates)
        refuse(field("keep"), file, "best without evaluation data", "last, or evalData (--eval-data) set as well");
}

}  // namespace

RunConfig configFromJson(const json& document, const std::filesystem::path& file)
{
    if (!document.is_object()) {
        throw Error{ErrorParts{.code = Code::config, .file = file, .place = "/", .found = shown(document),
            .allowed = "an object of keys and values", .advice = "Write a configuration as {\"method\": \"lora\"}."}};
    }
    RunConfig config;
    for (const auto& [key, value] : document.items()) {
        const BoundField* bound = findField(key);
        if (bound != nullptr && bound->field.key == key) {
            assign(config, *bound, value, file);
            continue;
        }
        std::vector<std::string> keys;
        for (const Field& field : configFields())
            keys.push_back(field.key);
        // An option's name in place of the key ("lr") tells better than spelling what was meant.
        const std::string near = bound != nullptr ? bound->field.key : nearestName(key, keys);
        throw Error{ErrorParts{.code = Code::config,
            .file = file,
            .place = pointer(key),
            .found = "the unknown key \"" + key + "\"",
            .allowed = near.empty() ? "the keys " + joined(keys) : "perhaps meant: " + near,
            .advice = near.empty() ? "Remove the key." : "Write \"" + near + "\", or remove the key."}};
    }
    validate(config, file);
    keepOwnOptions(config);
    return config;
}

namespace {

// The value that the run uses, its method's default included.
json optionJson(const RunConfig& config, const Field& field)
{
    if (field.kind == Kind::text || field.kind == Kind::choice)
        return jsonText(optionText(config, field.key));
    const double number = optionNumber(config, field.key);
    return field.kind == Kind::integer ? json(int64_t(number)) : jsonNumber(number);
}

}  // namespace

json toJson(const RunConfig& config)
{
    json document = json::object();
    for (const BoundField& bound : boundFields()) {
        if (!bound.field.methods.empty() && std::ranges::find(bound.field.methods, config.method) == bound.field.methods.end())
            continue;   // another method's option
        json& value = document[bound.field.key];
        std::visit(
            [&](auto member) {
                using Member = std::remove_cvref_t<decltype(config.*member)>;
                if constexpr (std::is_same_v<Member, std::string>) {
                    value = jsonText(config.*member);
                } else if constexpr (std::is_same_v<Member, BoundField::Plan>) {
                    value = json::object();
                    for (const auto& [name, entry] : config.*member)
                        value[jsonText(name)] = {{"rank", entry.rank}, {"alpha", jsonNumber(entry.alpha)}};
                } else if constexpr (std::is_same_v<Member, BoundField::Columns>) {
                    value = json::object();
                    for (const auto& [role, column] : config.*member)
                        value[jsonText(role)] = jsonText(column);
                } else if constexpr (std::is_same_v<Member, BoundField::Options>) {
                    value = optionJson(config, bound.field);
                } else {
                    value = jsonNumber(config.*member);
                }
            },
            bound.member);
    }
    return document;
}

void validate(const RunConfig& config, const std::filesystem::path& file)
{
    for (const BoundField& bound : boundFields())
        checkField(config, bound, file);
    checkForms(config, file);
    checkCombinations(config, file);
    checkMethod(config, file);
}

std::map<std::string, ModuleRank> planFromJson(const json& document, const std::filesystem::path& file)
{
    const Field& field = findField("plan")->field;
    auto plan = readPlan(document, field, file);
    checkPlan(plan, field, file);
    return plan;
}

void setField(RunConfig& config, const Field& field, const nlohmann::json& value, const std::filesystem::path& file)
{
    const BoundField* bound = findField(field.key);
    if (bound == nullptr)
        throw Error{ErrorParts{.code = Code::internal, .place = field.key, .found = "no such field",
            .advice = "Please report this defect."}};
    assign(config, *bound, value, file);
    if (bound->field.key == "method")
        keepOwnOptions(config);   // a method brings options of its own
}

const Field* findConfigField(std::string_view keyOrOption)
{
    const BoundField* bound = findField(keyOrOption);
    if (bound == nullptr)
        return nullptr;
    // configFields() and boundFields() have the same rows in the same order.
    return &configFields()[size_t(bound - boundFields().data())];
}

}  // namespace rankwright
