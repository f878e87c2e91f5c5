// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The comparison that is going on, or the last one: all arms live in one chart, progress with what was measured, pause, checkpoint,
// stop; drift of the modules; and the rank post-mortem of what has ended.
#pragma once

#include "ui/models/curve_store.h"
#include "ui/pages/page.h"
#include "ui/workbench.h"

class QComboBox;
class QPlainTextEdit;
class QProgressBar;
class QPushButton;
class QScrollArea;
class QStackedLayout;
class QTabWidget;
class QVBoxLayout;

namespace rankwright {

class ArmProgress;
class CurveControls;
class CurvePlot;
class DriftView;
class MessageBar;
class PlainLabel;
class PostmortemView;

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
    static constexpr int kBarSteps = 1000;           // of a progress bar: step counts may not fit an int
    QWidget* makeEmpty();
    QWidget* makeBody();
    QWidget* makeCharts();
    QWidget* makeArmList();
    QWidget* makeButtons();
    void connectSession();
    void refresh();
    void showRuns();
    void showRows();
    void makeArms();
    void showProofs();
    void showViews();
    void fitArmList();
    void showCurves();
    void showMetrics();
    void toChat();
    [[nodiscard]] QStringList talkers() const;        // runs that have, or can write, a checkpoint: one of each arm
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
    QScrollArea* m_armList;                          // all arms of a comparison need not fit
    QTabWidget* m_tabs;
    DriftView* m_drift;
    PostmortemView* m_postmortem;
    CurveControls* m_controls;
    QComboBox* m_series;                             // "curveSeriesBox": the loss, or a metric
    CurvePlot *m_loss = nullptr, *m_rate = nullptr, *m_norm = nullptr;
    PlainLabel* m_overall;
    QProgressBar* m_overallBar;
    QPlainTextEdit* m_notes;
    MessageBar* m_messages;
    QPushButton *m_pause, *m_checkpoint, *m_skip, *m_stop, *m_chat;
    QString m_preparing;                             // what a run does before its first step
    bool m_read = false, m_again = false, m_stopping = false;
};

}  // namespace rankwright
