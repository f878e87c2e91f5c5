// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The comparison that is going on, or the last one: both arms live in one chart, progress, pause, checkpoint, stop.
#pragma once

#include "ui/models/curve_store.h"
#include "ui/pages/page.h"
#include "ui/workbench.h"

class QPlainTextEdit;
class QProgressBar;
class QPushButton;
class QStackedLayout;
class QVBoxLayout;

namespace rankwright {

class ArmProgress;
class CurveControls;
class CurvePlot;
class MessageBar;
class PlainLabel;

class RunPage : public Page
{
    Q_OBJECT
public:
    explicit RunPage(Workbench& workbench, QWidget* parent = nullptr);
    [[nodiscard]] QString id() const override { return QStringLiteral("run"); }
    [[nodiscard]] QString title() const override { return tr("Run"); }
    [[nodiscard]] QString iconName() const override { return QStringLiteral("run"); }
    void activated() override;

protected:
    void changeEvent(QEvent* event) override;   // the palette: curves take their colours again

private:
    QWidget* makeEmpty();
    QWidget* makeBody();
    QWidget* makeCharts();
    QWidget* makeButtons();
    void connectSession();
    void refresh();
    void showRuns();
    void makeArms();
    void showCurves();
    void receive(const std::vector<Event>& batch);
    void addPoint(const QString& run, const QString& series, const CurvePoint& point, bool again);
    void addNote(const QString& run, const QString& level, const QString& text);
    void runEnded(const QString& run, RunState outcome, const QString& error);
    void showProgress();
    void refreshButtons();
    [[nodiscard]] QString nameOf(const QString& run) const;
    [[nodiscard]] RunState stateOf(const RunRow& row) const;

    Workbench& m_workbench;
    CurveStore m_curves;
    std::map<QString, ArmProgress*> m_arms;
    QStringList m_shown;                             // what m_arms was made for
    QStackedLayout* m_stack;
    QVBoxLayout* m_armColumn;
    CurveControls* m_controls;
    CurvePlot *m_loss = nullptr, *m_rate = nullptr, *m_norm = nullptr;
    PlainLabel* m_overall;
    QProgressBar* m_overallBar;
    QPlainTextEdit* m_notes;
    MessageBar* m_messages;
    QPushButton *m_pause, *m_checkpoint, *m_skip, *m_stop;
    QString m_preparing;                             // what a run does before its first step
    bool m_read = false, m_again = false, m_stopping = false;
};

}  // namespace rankwright
