// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What a comparison is beside its arms: seeds, learning rates, the order of training and the baseline; with what it comes to.
#pragma once

#include "ui/workbench.h"

#include <QWidget>

class QComboBox;
class QLineEdit;
class QSpinBox;

namespace rankwright {

class PlainLabel;

class ComparisonSection : public QWidget
{
    Q_OBJECT
public:
    explicit ComparisonSection(Workbench& workbench, QWidget* parent = nullptr);
    ~ComparisonSection() override;
    // Of all arms with one rate and one seed each; 0: not known yet.
    void setSeconds(double seconds);
    // Why no comparison can be made of this: a refused list. Empty: it can.
    [[nodiscard]] QString reason() const;

signals:
    void problemsChanged();

protected:
    void changeEvent(QEvent* event) override;

private:
    void makeSeeds();
    void makeRates();
    void makeOrder();
    QWidget* field(const QString& title, QWidget* editor, const QString& help);
    void commitSeeds(const std::vector<int64_t>& seeds);
    void commitSeedText();
    void commitRates();
    void commitSweep(int index);
    void refresh();
    void showCount();
    void say(QString& problem, const QString& text);
    void tint();

    Workbench& m_workbench;
    QSpinBox* m_seedCount;         // "seedCount"
    QLineEdit* m_seeds;            // "seedList"
    QComboBox* m_sweep;            // "sweepBox"
    QLineEdit* m_rates;            // "rateList"
    QComboBox* m_schedule;         // "scheduleBox"
    QComboBox* m_baseline;         // "baselineBox"
    PlainLabel *m_count, *m_problem;   // "comparisonCount", "comparisonProblem"
    QString m_seedProblem, m_rateProblem;
    QString m_together;            // of runs that are trained together: how many at a time, and which are not
    double m_seconds = 0;
};

}  // namespace rankwright
