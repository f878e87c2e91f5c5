// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/api/data_reading.h"

#include "training/api/json_text.h"
#include "training/api/number_text.h"
#include "training/api/words.h"

#include <algorithm>

namespace rankwright {

using nlohmann::json;

namespace {

constexpr size_t kLabelsShown = 6;

std::string classesText(const std::vector<std::string>& labels)
{
    const std::vector<std::string> shown(labels.begin(), labels.begin() + std::ptrdiff_t(std::min(kLabelsShown, labels.size())));
    return countText(int64_t(labels.size())) + " classes (" + joined(shown) + (labels.size() > shown.size() ? ", ..." : "") + ")";
}

std::string tokensText(const DataReading& reading)
{
    const bool all = reading.counted >= reading.rows;
    return countText(reading.tokens) + " tokens" + (all ? "" : " in the first " + countText(reading.counted))
        + (reading.task == "lm" ? ", " + countText(reading.targets) + " of them with a loss" : "");
}

void read(const json& document, const char* key, std::string& to)
{
    if (const auto found = document.find(key); found != document.end() && found->is_string())
        to = found->get<std::string>();
}

void read(const json& document, const char* key, int64_t& to)
{
    if (const auto found = document.find(key); found != document.end() && found->is_number_integer())
        to = found->get<int64_t>();
}

}  // namespace

std::string readingText(const DataReading& reading)
{
    if (reading.format.empty())
        return {};
    std::vector<std::string> roles;
    for (const auto& [role, column] : reading.columns)
        roles.push_back(role + ": " + column);
    const std::string task = reading.task == "classify" ? classesText(reading.labels)
        : reading.task == "regress"                     ? "numbers"
                                                        : "text, template: " + reading.chatTemplate;
    return reading.format + (roles.empty() ? "" : " (" + joined(roles) + ")") + ", task " + reading.task + ": " + task + "; "
        + countText(reading.rows) + " rows" + (reading.evalRows > 0 ? " and " + countText(reading.evalRows) + " that judge" : "") + ", "
        + tokensText(reading);
}

json toJson(const DataReading& reading)
{
    json columns = json::object(), labels = json::array();
    for (const auto& [role, column] : reading.columns)
        columns[jsonText(role)] = jsonText(column);
    for (const std::string& label : reading.labels)
        labels.push_back(jsonText(label));
    return {{"format", jsonText(reading.format)}, {"columns", std::move(columns)}, {"template", jsonText(reading.chatTemplate)},
        {"task", jsonText(reading.task)}, {"labels", std::move(labels)}, {"rows", reading.rows}, {"evalRows", reading.evalRows},
        {"counted", reading.counted}, {"tokens", reading.tokens}, {"targets", reading.targets}};
}

DataReading readingFromJson(const json& document)
{
    DataReading reading;
    if (!document.is_object())
        return reading;
    read(document, "format", reading.format);
    read(document, "template", reading.chatTemplate);
    read(document, "task", reading.task);
    read(document, "rows", reading.rows);
    read(document, "evalRows", reading.evalRows);
    read(document, "counted", reading.counted);
    read(document, "tokens", reading.tokens);
    read(document, "targets", reading.targets);
    if (const auto columns = document.find("columns"); columns != document.end() && columns->is_object()) {
        for (const auto& [role, column] : columns->items()) {
            if (column.is_string())
                reading.columns[role] = column.get<std::string>();
        }
    }
    if (const auto labels = document.find("labels"); labels != document.end() && labels->is_array()) {
        for (const json& label : *labels) {
            if (label.is_string())
                reading.labels.push_back(label.get<std::string>());
        }
    }
    return reading;
}

}  // namespace rankwright
