// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the settings come to: trainable parameters, energy captured, memory, time; and the step-0 check. Estimates
// follow the edits by themselves, the newest settings win.
#pragma once

#include "ui/workbench.h"

#include <QFrame>
#include <QPointer>
#include <QTimer>

class QPushButton;

namespace rankwright {

class MessageBar;
class PlainLabel;

class SummaryPanel : public QFrame
{
    Q_OBJECT
public:
    // Bars of the step-0 check: float32 logits of a 135 M model differ by some 1e-4 after the weights were split and
    // summed.
    static constexpr double kLargestLogit = 1e-3, kLargestModule = 5e-5;

    explicit SummaryPanel(Workbench& workbench, QWidget* parent = nullptr);
    void setActive(bool on);                 // asks for estimates only while its page is the visible one

protected:
    void changeEvent(QEvent* event) override;

private:
    PlainLabel* addFigure(const QString& name, const QString& title, const QString& help);
    QWidget* makeCheck();
    void settingsChanged();
    void ask();
    void askNext(size_t index);
    void showEstimates();
    [[nodiscard]] QString armToCheck() const;
    void showEnergy();
    void checkStepZero();
    void showStepZero(const StepZero& result);
    void verdict(const QString& text, int outcome);   // 1 good, -1 bad, 0 neither

    class MemoryBar;
    struct Asked { std::string cost; RunConfig config; int arms = 0; Estimate estimate; };
    Workbench& m_workbench;
    QTimer m_delay;
    QPointer<JobCall> m_estimate, m_check;
    PlainLabel *m_trainable = nullptr, *m_energy = nullptr, *m_memory = nullptr, *m_steps = nullptr, *m_time = nullptr;
    PlainLabel *m_verdict = nullptr, *m_detail = nullptr;
    MemoryBar* m_bar;
    QPushButton* m_checkButton;
    MessageBar* m_messages;
    std::vector<Asked> m_asked;      // a configuration for each kind of cost, and how many arms have it
    std::string m_checkedBase;       // of the arm whose step 0 was asked for; empty: full precision
    int m_outcome = 0;
    bool m_active = false, m_stale = true;
};

}  // namespace rankwright
