// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The roles that a data set's columns play, and the names that columns of each role usually have.
#pragma once

#include "training/api/glue_tasks.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rankwright {

struct ColumnRole
{
    std::string_view name;
    std::vector<std::string_view> columns;  // usual names in lower case, the more usual first
    bool optional = false;                  // a row may lack it or have null
};
// prompt, response, input, messages, text (a plain text), system, second and label.
const std::vector<ColumnRole>& dataRoles();
const ColumnRole* dataRole(std::string_view name);          // nullptr where there is none
// The first of two texts with a label: role `text` under other names than a plain text has.
const ColumnRole& labelledTextRole();
// A usual name of labels that says little beside one text alone: a "score" may be anything.
bool saysLabelOfPairs(std::string_view column);
// Every usual name, and those in `chosen` (role -> column), in lower case: what makes a table's first row a header.
std::vector<std::string> usualColumnNames(const std::map<std::string, std::string>& chosen);

// What is known about a file of GLUE's before its rows are read.
struct GlueFile
{
    const GlueTask* task = nullptr;               // nullptr: several tasks have this header, or it is none of GLUE's
    bool literalQuotes = false;                   // it is one of GLUE's: a quote is a letter
    bool header = true;
    std::map<std::string, std::string> columns;   // role -> column; no label where the file has none
};
// By folder and name of the file, otherwise by the first line (the header, tabs between its names).
GlueFile recogniseGlue(const std::filesystem::path& file, std::string_view firstLine);

}  // namespace rankwright
