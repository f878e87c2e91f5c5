// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the settings come to: trainable parameters, energy captured, memory by parts, time; what would make it fit; and the step-0
// check. Estimates follow the edits by themselves, the newest settings win; past runs of this machine calibrate them.
#pragma once

#include "ui/workbench.h"

#include <QFrame>
#include <QPointer>
#include <QTimer>

class QVBoxLayout;

namespace rankwright {

class MemoryBar;
class MessageBar;
class PlainLabel;
class StepZeroCheck;

class SummaryPanel : public QFrame
{
    Q_OBJECT
public:
    explicit SummaryPanel(Workbench& workbench, QWidget* parent = nullptr);
    void setActive(bool on);                 // asks for estimates only while its page is the visible one

signals:
    void estimated(double seconds);          // of all arms, a rate and a seed each; 0: not known

private:
    PlainLabel* addFigure(const QString& name, const QString& title, const QString& help);
    void settingsChanged();
    void ask();
    void askNext(size_t index);
    void showEstimates();
    void showTime(double seconds, int arms);
    void showMemory(const Estimate& largest, const RunConfig& config);
    [[nodiscard]] Estimate turnsMemory() const;
    [[nodiscard]] Estimate togetherMemory(const Estimate& otherwise) const;
    void showCalibration();
    void showSuggestions(const Estimate& largest, int64_t savedByQueue);
    void addSuggestion(const QString& name, const QString& text, std::function<void()> act);
    void estimateWith(std::vector<PastRun> past);
    void take(const Suggestion& suggestion);
    void showNothing(const QString& problem);
    void showEnergy();

    struct Asked { std::string cost; RunConfig config; int arms = 0; Estimate estimate; };
    Workbench& m_workbench;
    StoreReader m_reader;
    QTimer m_delay;
    QPointer<JobCall> m_estimate;
    PlainLabel *m_trainable = nullptr, *m_energy = nullptr, *m_memory = nullptr, *m_steps = nullptr, *m_time = nullptr;
    MemoryBar* m_bar;
    PlainLabel* m_calibration;               // "summaryCalibration"
    QVBoxLayout* m_suggestions;              // a button each, "suggestion_0", "suggestion_1"
    MessageBar* m_messages;
    StepZeroCheck* m_check;
    std::vector<Asked> m_asked;              // a configuration for each kind of cost, and how many arms have it
    std::vector<PastRun> m_past;
    bool m_active = false, m_stale = true, m_complete = false;   // complete: all that was asked is answered
};

}  // namespace rankwright
