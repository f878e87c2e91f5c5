// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The waiting runs in order of training, under the name of their comparison; dragged to another place, or moved by keys.
#pragma once

#include "ui/models/queue_list.h"

#include <QTreeWidget>

namespace rankwright {

class QueueTree : public QTreeWidget
{
    Q_OBJECT
public:
    explicit QueueTree(QWidget* parent = nullptr);
    void setQueue(const QueueList::State& state);            // keeps what is selected
    [[nodiscard]] QStringList selectedRuns() const;       // a comparison's heading stands for all below it; in order
    void select(const QStringList& runs);

signals:
    void moveWanted(const QStringList& runs, int position);   // among the others

protected:
    void dropEvent(QDropEvent* event) override;

private:
    void addHeading(const QString& text);
    void addRun(const RunRow& row, bool inComparison);
    QStringList m_order;
};

}  // namespace rankwright
