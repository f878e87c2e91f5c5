// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How far each module has gone in the singular directions of its original weight: a heat map at a step, and the chosen module's curve
// over all steps for every run of the comparison.
#pragma once

#include "ui/models/drift_history.h"
#include "ui/models/module_grid.h"
#include "ui/widgets/run_choice.h"
#include "ui/workbench.h"

#include <QPointer>
#include <QWidget>

class QComboBox;
class QPushButton;
class QSlider;

namespace rankwright {

class CurvePlot;
class HeatmapPlot;
class PlainLabel;

class DriftView : public QWidget
{
    Q_OBJECT
public:
    explicit DriftView(Workbench& workbench, QWidget* parent = nullptr);
    void setRuns(const std::vector<RunChoice>& runs);   // reads what the store has of them
    void receive(const std::vector<Event>& batch);

private:
    QLayout* makeControls();
    void showRun();
    void showStep();
    void showCurves();
    void measure();
    void say(const QString& text);
    [[nodiscard]] const RunChoice* chosen() const;
    [[nodiscard]] DriftHistory& history();
    [[nodiscard]] DriftMeasure quantity() const;

    Workbench& m_workbench;
    StoreReader m_reader;
    std::vector<RunChoice> m_runs;
    std::map<QString, DriftHistory> m_histories;   // stored, live, and what "Measure now" found
    ModuleGrid m_grid;
    std::string m_module;                // the heat map's current cell
    QPointer<JobCall> m_job;
    QComboBox *m_runBox, *m_measureBox;  // "driftRun", "driftMeasure"
    QSlider* m_slider;                   // "driftStep"
    PlainLabel *m_step, *m_note;         // "driftStepText", "driftNote"
    QPushButton* m_measure;              // "driftMeasureNow"
    HeatmapPlot* m_map;                  // "driftMap"
    CurvePlot* m_curves;                 // "driftCurves"
};

}  // namespace rankwright
