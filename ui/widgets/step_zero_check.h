// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The step-0 check before any training: each ticked arm is prepared in turn and its answers are compared with the base model's.
#pragma once

#include "ui/workbench.h"

#include <QPointer>
#include <QWidget>

class QPushButton;

namespace rankwright {

class PlainLabel;

class StepZeroCheck : public QWidget
{
    Q_OBJECT
public:
    explicit StepZeroCheck(Workbench& workbench, QWidget* parent = nullptr);
    void forget();                           // results for other settings say nothing about these

protected:
    void changeEvent(QEvent* event) override;

private:
    struct Found { QString arm, verdict, figures; int outcome = 0; };   // 1 good, -1 bad, 0 neither
    void start();
    void checkNext();
    void add(const QString& arm, const RunConfig& config, const StepZero& result);
    void fail(const QString& arm, const QString& message);
    void showFound(const QString& busyWith = {});
    void tint();

    Workbench& m_workbench;
    QPointer<JobCall> m_job;
    QPushButton* m_button;                   // "stepZeroButton"
    PlainLabel *m_verdict, *m_detail = nullptr;   // "stepZeroVerdict", "stepZeroDetail"; the last made last
    QStringList m_left;                      // arms still to check
    std::vector<Found> m_found;
};

}  // namespace rankwright
