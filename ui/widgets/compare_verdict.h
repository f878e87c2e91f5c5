// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What a comparison decided and what it could not: warnings in plain words, the paired results, and what each arm needs to reach a loss.
#pragma once

#include "ui/models/comparison_data.h"

#include <QScrollArea>

class QDoubleSpinBox;
class QVBoxLayout;

namespace rankwright {

class NumberTable;

class CompareVerdict : public QScrollArea
{
    Q_OBJECT
public:
    explicit CompareVerdict(QWidget* parent = nullptr);
    void setData(const ComparisonData* data);   // null: nothing. Kept by the caller until the next call.

private:
    void addReach(QVBoxLayout* column, QWidget* box);
    void showWords(const ComparisonReport& report);
    void showResults(const ComparisonReport& report);
    void showReach();
    [[nodiscard]] double usualTarget() const;   // the baseline's final loss; NaN where it has none

    const ComparisonData* m_data = nullptr;
    QString m_comparison;
    QVBoxLayout *m_warnings, *m_sentences;
    NumberTable *m_results, *m_reach;           // "resultTable", "bandReachTable"
    QDoubleSpinBox* m_target;                   // "reachTarget"; follows the baseline until it is edited
    bool m_targetEdited = false;
};

}  // namespace rankwright
