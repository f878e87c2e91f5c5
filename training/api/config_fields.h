// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The table behind configFields(): each field with the member of RunConfig it stands for. Reading, writing, checking
// and the command line walk this one table, so that a new key is one row.
#pragma once

#include "training/api/config.h"

#include <variant>

namespace rankwright {

struct BoundField
{
    using Columns = std::map<std::string, std::string>;
    using Plan = std::map<std::string, ModuleRank>;
    using Options = std::map<std::string, OptionValue>;   // the field is the entry with its key, an option of some methods
    Field field;
    std::variant<std::string RunConfig::*, int64_t RunConfig::*, double RunConfig::*, Columns RunConfig::*,
        Plan RunConfig::*, Options RunConfig::*>
        member;
};
const std::vector<BoundField>& boundFields();

// Roles that a column of a data set can have.
const std::vector<std::string>& columnRoles();

// A number as short as it can be so that reading it gives the same double ("0.0002"), locale-free.
std::string shortNumber(double value);

// A number field as a person writes it in an option or an arm, words for 0 included: "none" of clip, "auto" of alpha, which is never
// written as 0 there. Throws Error{usage}.
double numberFromText(const Field& field, std::string_view text);

}  // namespace rankwright
