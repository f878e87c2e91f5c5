// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What trains, what waits in which order, what has ended lately; order, configuration and whether a failure holds the queue are
// changed here.
#pragma once

#include "ui/models/queue_list.h"
#include "ui/pages/page.h"
#include "ui/workbench.h"

class QCheckBox;
class QPushButton;
class QTableWidget;
class QToolButton;
class QVBoxLayout;

namespace rankwright {

class ArmProgress;
class MessageBar;
class PlainLabel;
class QueueTree;

class QueuePage : public Page
{
    Q_OBJECT
public:
    explicit QueuePage(Workbench& workbench, QWidget* parent = nullptr);
    [[nodiscard]] QString id() const override { return QStringLiteral("queue"); }
    [[nodiscard]] QString title() const override { return tr("Queue"); }
    [[nodiscard]] QString iconName() const override { return QStringLiteral("queue"); }
    void activated() override;

protected:
    void changeEvent(QEvent* event) override;   // the palette: the runs' colours are taken again

private:
    QWidget* makeHeader();
    QWidget* makeRunning();
    QWidget* makeWaiting();
    QLayout* makeButtons();
    QWidget* makeEnded();
    void connectSession();
    void readQueue();
    void showQueue();
    void showRunning();
    void showEnded();
    void receive(const std::vector<Event>& batch);
    void move(int by);                        // the selection, by one place; ±2 and beyond: to the end
    void moveTo(const QStringList& runs, int position);
    void editSelected();
    void removeSelected();
    void goOnOrHold();
    void refreshButtons();

    Workbench& m_workbench;
    QueueList m_queue;
    std::map<QString, ArmProgress*> m_running;
    MessageBar* m_messages;
    QVBoxLayout* m_runningColumn;
    PlainLabel *m_nothingRuns, *m_waitingTitle, *m_nothingWaits, *m_note;
    QueueTree* m_tree;
    QTableWidget* m_ended;                    // "endedTable"
    QPushButton* m_go;                        // "queueGoButton"
    QCheckBox* m_continue;                    // "continueOnError"
    QToolButton *m_first, *m_up, *m_down, *m_last, *m_edit, *m_copy, *m_remove;
    bool m_read = false;                      // the queue has been read
};

}  // namespace rankwright
