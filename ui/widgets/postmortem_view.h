// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The rank post-mortem of a run that has ended: how many directions its update really uses, what a smaller rank loses, and the
// adapter at such a rank.
#pragma once

#include "ui/widgets/run_choice.h"
#include "ui/workbench.h"

#include <QPointer>
#include <QWidget>

class QComboBox;
class QPushButton;
class QSpinBox;

namespace rankwright {

class CurvePlot;
class PlainLabel;

class PostmortemView : public QWidget
{
    Q_OBJECT
public:
    explicit PostmortemView(Workbench& workbench, QWidget* parent = nullptr);
    void setRuns(const std::vector<RunChoice>& runs);

private:
    QLayout* makeControls();
    QLayout* makeExport();
    [[nodiscard]] const RunChoice* chosen() const;
    void ask(ShrinkJob job);
    void answer(const QString& run, const ShrinkReport& report);
    void exportAt();
    void present();

    Workbench& m_workbench;
    std::vector<RunChoice> m_runs;
    std::map<QString, ShrinkReport> m_reports;
    QPointer<JobCall> m_job;
    QComboBox* m_runBox;             // "postmortemRun"
    QPushButton *m_start, *m_export; // "postmortemButton", "postmortemExport"
    PlainLabel *m_sentence, *m_note; // "postmortemSentence", "postmortemNote"
    QSpinBox* m_rank;                // "postmortemRank"
    CurvePlot *m_loss, *m_energy;    // "postmortemLoss", "postmortemEnergy"
};

}  // namespace rankwright
