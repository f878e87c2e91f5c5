// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// One engine job on a thread of its own; its events and its end arrive on the window's thread. Deletes itself after the end.
// Destroying its parent (the page that asked) cancels it silently.
#pragma once

#include "training/api/engine.h"
#include "ui/async/mailbox.h"

#include <QObject>
#include <QString>

#include <thread>

namespace rankwright {

class JobCall : public QObject
{
    Q_OBJECT
public:
    using LoadEngine = std::function<std::shared_ptr<Engine>()>;
    // Starts at once. `engine` is called on the job's thread (it may load LibTorch).
    JobCall(LoadEngine engine, Job job, QObject* parent);
    ~JobCall() override;
    void cancel();

signals:
    void advanced(const std::vector<rankwright::Event>& batch);
    // Exactly one of these two, once. A cancelled job emits neither.
    void finished(const rankwright::Result& result);
    void failed(const QString& message);  // plain text of the Error

private:
    struct Shared;
    std::shared_ptr<Shared> m_shared;
    std::jthread m_thread;
};

}  // namespace rankwright
