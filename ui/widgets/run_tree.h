// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The list of comparisons and runs with a search field over it. It shows as many columns as fit, the most telling first, so that
// nothing is cut off and nothing scrolls sideways.
#pragma once

#include "ui/models/run_groups.h"

#include <QTreeView>
#include <QWidget>

#include <set>

class QLineEdit;

namespace rankwright {

class RunTree : public QWidget
{
    Q_OBJECT
public:
    explicit RunTree(RunTable& runs, QWidget* parent = nullptr);
    [[nodiscard]] QTreeView* view() const { return m_view; }
    [[nodiscard]] const RunGroups& groups() const { return m_groups; }
    [[nodiscard]] QString currentRun() const;          // id; empty where a comparison is selected, or nothing
    [[nodiscard]] QString currentComparison() const;   // id of the comparison that is selected or holds the selected run
    void selectRun(const QString& run);                // opens its comparison
    void selectComparison(const QString& comparison);
    [[nodiscard]] bool canEdit() const;
    void edit();                                       // the name of what is selected

signals:
    void currentChanged();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;   // the view's width

private:
    void makeView();
    void fitColumns();
    void remember();
    void restore();

    const RunTable& m_runs;
    RunGroups m_groups;
    RunSort m_sorted;
    QLineEdit* m_search;
    QTreeView* m_view;
    std::set<QString> m_open;                          // comparisons, over a reset of the model
    QString m_run, m_comparison;
    bool m_resetting = false;
};

}  // namespace rankwright
