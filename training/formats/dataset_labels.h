// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// From the labels of a data set's rows to its task: classes in their order, or a regression.
#pragma once

#include "training/formats/dataset.h"

#include <set>

namespace rankwright {

struct GlueTask;

class LabelCollector
{
public:
    void add(const std::string& label, int64_t line);
    // Fills task and labels. Whole numbers are classes in ascending order, names in alphabetical order, GLUE's in its own; where a
    // label has a decimal point, all are numbers to predict. Throws Error{data} for more than limits::kClasses names.
    void finish(Dataset& dataset, const GlueTask* glue) const;

private:
    std::set<std::string, std::less<>> m_labels;
    bool m_integers = true, m_numbers = true, m_tooMany = false;
    std::string m_name;       // a label that is no number
    int64_t m_nameLine = 0;
};

}  // namespace rankwright
