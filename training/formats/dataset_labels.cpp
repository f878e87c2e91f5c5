// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/dataset_labels.h"

#include "training/api/error.h"
#include "training/api/glue_tasks.h"
#include "training/formats/dataset_table.h"
#include "training/formats/limits.h"

#include <algorithm>
#include <charconv>

namespace rankwright {

namespace {

int64_t integerOf(const std::string& text)
{
    int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

void LabelCollector::add(const std::string& label, int64_t line)
{
    const bool integer = isInteger(label);
    m_integers = m_integers && integer;
    if (!integer && !isNumber(label) && m_numbers) {
        m_numbers = false;
        m_name = label;
        m_nameLine = line;
    }
    if (m_labels.size() <= limits::kClasses)
        m_labels.insert(label);
    m_tooMany = m_labels.size() > limits::kClasses;
}

void LabelCollector::finish(Dataset& dataset, const GlueTask* glue) const
{
    if (glue != nullptr) {
        dataset.task = glue->regression() ? "regress" : "classify";
        for (const auto& known : glue->classes)
            dataset.labels.push_back(known.written);
        return;
    }
    if (m_labels.empty())
        return;
    dataset.task = "classify";
    if (m_numbers && (!m_integers || m_tooMany)) {
        dataset.task = "regress";
        return;
    }
    if (m_tooMany) {
        throw Error(ErrorParts {.code = Code::data, .file = dataset.file, .place = "labels",
            .found = "more than " + std::to_string(limits::kClasses) + " different labels, for example \"" + m_name + "\" in line "
                + std::to_string(m_nameLine),
            .allowed = "at most that many classes, or numbers", .advice = "Choose another column: --columns label=NAME"});
    }
    dataset.labels.assign(m_labels.begin(), m_labels.end());
    if (m_integers)
        std::ranges::sort(dataset.labels, {}, integerOf);
}

}  // namespace rankwright
