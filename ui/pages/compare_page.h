// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// All stored comparisons and runs on the left. On the right the chosen comparison with its report, or the ticked runs side by side;
// rename, delete, resume, export.
#pragma once

#include "ui/models/run_table.h"
#include "ui/pages/page.h"
#include "ui/workbench.h"

#include <QTimer>

class QAction;
class QPushButton;
class QStackedLayout;
class QStackedWidget;

namespace rankwright {

class CompareCharts;
class ComparisonView;
class MessageBar;
class RunTree;

class ComparePage : public Page
{
    Q_OBJECT
public:
    explicit ComparePage(Workbench& workbench, QWidget* parent = nullptr);
    ~ComparePage() override;
    [[nodiscard]] QString id() const override { return QStringLiteral("compare"); }
    [[nodiscard]] QString title() const override { return tr("Compare"); }
    [[nodiscard]] QString iconName() const override { return QStringLiteral("compare"); }
    void activated() override;
    void exportCsvTo(const QString& run, const QString& file);
    [[nodiscard]] QString selected() const;          // id of the run selected in the table, or empty
    [[nodiscard]] ComparisonView& comparisonView() const { return *m_comparison; }
    void showComparison(const QString& comparison);  // as a person would by choosing it
    enum class View { comparison, ticked };
    void setView(View view);

protected:
    void hideEvent(QHideEvent* event) override;

private:
    QWidget* makeEmpty();
    QWidget* makeBody();
    QWidget* makeHeader(QWidget* parent);
    QWidget* makeRuns();
    QWidget* makeButtons(QWidget* parent);
    QAction* makeAction(const QString& text, const QString& name, const QString& help);
    void makeActions();
    void runsLoaded();
    void chosen();
    void showChosenComparison();
    [[nodiscard]] QStringList resumable(bool queued) const;
    void refreshActions();
    void rename();
    [[nodiscard]] QStringList removable() const;
    void remove();
    void resume();
    void exportCsv();
    void copyCommand();
    [[nodiscard]] QStringList talkers() const;       // the selected run; of a comparison the best of each arm; the ticked ones

    Workbench& m_workbench;
    RunTable m_runs;
    StoreReader m_reader;
    QTimer m_follow;                                 // while a run goes on and the page is visible
    std::vector<RunRow> m_lastRuns;                  // of the comparison on the right, when it was last read
    QString m_lastTitle;
    bool m_reportOld = false;                      // a run of the comparison has gone on while the report was hidden
    QStackedLayout* m_stack;
    RunTree* m_tree;
    QStackedWidget* m_right;
    QWidget* m_against;                              // what belongs to the ticked runs alone
    QPushButton *m_comparisonButton, *m_tickedButton;
    CompareCharts* m_charts;
    ComparisonView* m_comparison;
    MessageBar* m_messages;
    QAction *m_renameAction, *m_removeAction, *m_resumeAction, *m_csvAction, *m_commandAction, *m_baselineAction, *m_chatAction;
};

}  // namespace rankwright
