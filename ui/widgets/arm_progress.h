// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// One run's line: colour, name, state, progress, loss, time left; and below it, small, what was measured: the step-0 check, whether
// the run is paired with the baseline's, and why it ended.
#pragma once

#include "ui/models/curve_store.h"

#include <QWidget>

class QProgressBar;

namespace rankwright {

class PlainLabel;

class ArmProgress : public QWidget
{
    Q_OBJECT
public:
    ArmProgress(const RunRow& run, Qt::PenStyle style, QWidget* parent = nullptr);
    void setState(RunState state);
    void setStarted(const RunStarted& started);
    // Whether order, data and model are those of the baseline's run with this seed; null: this is that run, or it has not begun.
    void setBaseline(const RunStarted* own, const RunStarted* baseline, const QString& name);
    void setEnded(const RunEnded& ended);
    void setStep(int64_t step, int64_t steps, double loss, double seconds);
    void setEval(double loss);
    void setMetrics(const QString& metrics);      // of the last evaluation: "Accuracy 0.912"
    [[nodiscard]] RunState state() const { return m_state; }
    [[nodiscard]] int64_t step() const { return m_step; }
    [[nodiscard]] int64_t steps() const { return m_steps; }
    // Seconds a step, 0 where not known yet; and what is left at that rate (`otherwise` for a run that has not begun).
    [[nodiscard]] double secondsPerStep() const;
    [[nodiscard]] double secondsLeft(double otherwise) const;

protected:
    void changeEvent(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void refresh();
    void showProofs();
    QString m_method, m_check, m_checkHelp, m_pairing, m_pairingHelp, m_metrics, m_end;
    bool m_passes = true, m_paired = true;
    Qt::PenStyle m_style;
    RunState m_state;
    int64_t m_step = 0, m_steps = 0;
    double m_loss, m_eval, m_seconds = 0;
    PlainLabel *m_swatch, *m_stateLabel, *m_stepLabel, *m_lossLabel, *m_timeLabel;
    PlainLabel* m_badge = nullptr;                   // made last: a change of palette may come before
    QProgressBar* m_bar;
};

}  // namespace rankwright
