// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// All stored runs on the left, the ticked ones side by side on the right; rename, delete, resume, export.
#pragma once

#include "ui/models/run_table.h"
#include "ui/pages/page.h"
#include "ui/workbench.h"

#include <QTimer>

class QAction;
class QSortFilterProxyModel;
class QStackedLayout;
class QTableView;

namespace rankwright {

class CompareCharts;
class MessageBar;

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

protected:
    void hideEvent(QHideEvent* event) override;

private:
    QWidget* makeEmpty();
    QWidget* makeBody();
    QWidget* makeRuns();
    QWidget* makeButtons(QWidget* parent);
    QAction* makeAction(const QString& text, const QString& name, const QString& help);
    void makeActions();
    void runsLoaded();
    void select(const QString& run);
    void refreshActions();
    void rename();
    void remove();
    void resume();
    void exportCsv();
    void copyCommand();

    Workbench& m_workbench;
    RunTable m_runs;
    StoreReader m_reader;
    QTimer m_follow;                                 // while a run goes on and the page is visible
    QString m_selected;
    QStackedLayout* m_stack;
    QTableView* m_view;
    QSortFilterProxyModel* m_sorted;
    CompareCharts* m_charts;
    MessageBar* m_messages;
    QAction *m_renameAction, *m_removeAction, *m_resumeAction, *m_csvAction, *m_commandAction, *m_baselineAction;
};

}  // namespace rankwright
