// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Usual column names, as published data sets have them, and the recognition of GLUE's files.
#include "training/formats/dataset_roles.h"

#include "training/api/words.h"

#include <algorithm>
#include <array>

namespace rankwright {

namespace {

std::vector<std::string> cellsOf(std::string_view line)
{
    std::vector<std::string> cells;
    line = line.substr(0, line.find_first_of("\r\n"));
    for (;;) {
        const auto tab = line.find('\t');
        cells.emplace_back(line.substr(0, tab));
        if (tab == std::string_view::npos)
            return cells;
        line.remove_prefix(tab + 1);
    }
}

bool has(const std::vector<std::string>& header, const GlueColumn& column)
{
    if (column.name.empty())
        return true;
    const auto at = column.number < 0 ? int(header.size()) + column.number : column.number;
    return at >= 0 && at < int(header.size()) && header[size_t(at)] == column.name;
}

// A file of the task with a header that names its columns, or (CoLA's) with none.
GlueFile columnsOf(const GlueTask& task, const std::vector<std::string>& first)
{
    GlueFile found {.task = &task, .literalQuotes = true, .columns = {}};
    const bool test = std::find(first.begin(), first.end(), "index") != first.end();
    found.header = task.header || test;
    const auto add = [&](const std::string& role, const GlueColumn& column) {
        const bool there = std::find(first.begin(), first.end(), column.name) != first.end();
        if (!column.name.empty() && found.header && there)
            found.columns[role] = column.name;
        else if (!column.name.empty() && !found.header)
            found.columns[role] = "#" + std::to_string(column.number + 1);
    };
    add("text", task.text);
    add("second", task.second);
    add("label", task.label);
    return found.columns.contains("text") ? found : GlueFile {};
}

}  // namespace

const std::vector<ColumnRole>& dataRoles()
{
    static const std::vector<ColumnRole> roles {
        {"prompt", {"prompt", "question", "instruction", "input", "query", "problem"}},
        {"response", {"response", "answer", "output", "completion", "solution"}},
        {"input", {"input"}, true},
        {"messages", {"messages", "conversations", "conversation"}},
        {"text", {"text", "content"}},
        {"system", {"system", "system_prompt"}, true},
        {"second", {"sentence2", "hypothesis", "question2", "text2", "#2 string", "sentence", "passage"}},
        {"label", {"label", "labels", "gold_label", "class", "is_duplicate", "quality", "score", "similarity", "similarity_score"}},
    };
    return roles;
}

bool saysLabelOfPairs(std::string_view column)
{
    static constexpr std::array<std::string_view, 5> names {"is_duplicate", "quality", "score", "similarity", "similarity_score"};
    return std::ranges::find(names, lowered(column)) != names.end();
}

const ColumnRole* dataRole(std::string_view name)
{
    const auto found = std::ranges::find(dataRoles(), name, &ColumnRole::name);
    return found == dataRoles().end() ? nullptr : &*found;
}

const ColumnRole& labelledTextRole()
{
    static const ColumnRole role {
        "text", {"sentence1", "premise", "question1", "text1", "#1 string", "question", "sentence", "text", "content", "review"}};
    return role;
}

std::vector<std::string> usualColumnNames(const std::map<std::string, std::string>& chosen)
{
    std::vector<std::string> names;
    for (const auto& role : dataRoles())
        names.insert(names.end(), role.columns.begin(), role.columns.end());
    names.insert(names.end(), labelledTextRole().columns.begin(), labelledTextRole().columns.end());
    for (const auto& [role, column] : chosen)
        names.push_back(lowered(column));
    return names;
}

GlueFile recogniseGlue(const std::filesystem::path& file, std::string_view firstLine)
{
    const auto first = cellsOf(firstLine);
    if (const GlueTask* task = glueTaskOfFile(file)) {
        if (auto found = columnsOf(*task, first); found.task != nullptr)
            return found;
    }
    GlueFile found;
    for (const auto& task : glueTasks()) {
        if (!task.header || !has(first, task.text) || !has(first, task.second) || !has(first, task.label))
            continue;
        found = columnsOf(task, first);
        // Under another folder's name a column "label" may hold anything; its classes are found as of any file.
        if (task.label.name == "label")
            found.task = nullptr;
    }
    return found;
}

}  // namespace rankwright
