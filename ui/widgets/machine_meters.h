// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Processor, memory and GPU as figures with the last minute behind them, once a second. They are shown and not stored.
#pragma once

#include "ui/async/machine_sample.h"
#include "ui/async/mailbox.h"

#include <QWidget>

#include <deque>
#include <thread>

namespace rankwright {

// One of them: a word with its figure, and beside it a line of the last minute.
class Meter : public QWidget
{
    Q_OBJECT
public:
    explicit Meter(const QString& title, QWidget* parent = nullptr);
    // `share` of all there is, 0..1; `figure` beside the title; `tip` says it in words.
    void take(double share, const QString& figure, const QString& tip);
    [[nodiscard]] QString text() const { return m_figure; }
    [[nodiscard]] QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_title, m_figure;
    std::deque<double> m_shares;   // the youngest last
};

class MachineMeters : public QWidget
{
    Q_OBJECT
public:
    explicit MachineMeters(QWidget* parent = nullptr);
    ~MachineMeters() override;
    void take(const MachineSample& sample);

protected:
    void showEvent(QShowEvent* event) override;   // begins to sample, on a thread of its own

private:
    Meter *m_processor, *m_memory, *m_gpu;
    Mailbox<MachineSample> m_samples;
    std::jthread m_thread;
};

}  // namespace rankwright
