// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The configuration of a run that waits, in a form of its own; saved into the queue, or left as it was.
#pragma once

#include "ui/models/config_draft.h"
#include "ui/models/queue_list.h"

#include <QDialog>

class QPushButton;

namespace rankwright {

class ConfigForm;
class MessageBar;

class QueuedRunDialog : public QDialog
{
    Q_OBJECT
public:
    QueuedRunDialog(QueueList& queue, const RunRow& row, const RunConfig& config, QWidget* parent);
    ~QueuedRunDialog() override;

private:
    void save();
    void refreshButtons();
    QueueList& m_queue;
    const QString m_run;
    ConfigDraft m_draft;
    std::vector<ConfigForm*> m_forms;
    MessageBar* m_messages;
    QPushButton* m_save;   // "saveQueuedRun"
};

}  // namespace rankwright
