// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The ticked runs side by side: curves, difference to a baseline, configuration differences, notes; and what each run
// needs to reach the baseline's final loss.
#pragma once

#include "ui/models/curve_store.h"
#include "ui/models/run_table.h"

#include <QWidget>

class QComboBox;
class QPlainTextEdit;
class QTableWidget;
class QTabWidget;

namespace rankwright {

class ConfigTable;
class CurveControls;
class CurvePlot;

class CompareCharts : public QWidget
{
    Q_OBJECT
public:
    // `runs` gives names, ticks, colours and dashes.
    CompareCharts(std::filesystem::path dataDirectory, RunTable& runs, QWidget* parent = nullptr);
    void reload();                                    // reads the ticked runs again
    [[nodiscard]] QString baseline() const;           // id, or empty
    void setBaseline(const QString& run);
    [[nodiscard]] const CurveStore& curves() const { return m_curves; }
    // Final loss, best evaluation, tokens and seconds to the baseline's final loss; the page puts these under
    // the runs.
    [[nodiscard]] QTableWidget* reachTable() const { return m_reach; }
    [[nodiscard]] QComboBox* baselineBox() const { return m_baselineBox; }

signals:
    void problem(const QString& text);

private:
    QWidget* makeCurves();
    QWidget* makeDifference();
    void makeReachTable();
    void fillBaselines();
    void showAll();
    void showCurves();
    void showDifference();
    void differenceIsOld();
    void seriesChosen();
    void showReach();
    void showNotes();
    void readConfigurations();
    [[nodiscard]] QString nameOf(const QString& run) const;

    RunTable& m_runs;
    CurveStore m_curves;
    StoreReader m_configReader;
    QString m_baseline;
    bool m_differenceOld = true;
    CurveControls* m_controls;
    QComboBox *m_baselineBox, *m_seriesBox;
    QTabWidget* m_tabs;
    CurvePlot *m_plot, *m_difference;
    ConfigTable* m_configurations;
    QPlainTextEdit* m_notes;
    QTableWidget* m_reach;
};

}  // namespace rankwright
