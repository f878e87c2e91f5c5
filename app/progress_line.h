// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What a job says, for people on standard error: one line that is updated, with the time left, on a terminal; plain
// lines in a pipe, a file, or where control codes are not wanted (NO_COLOR, TERM=dumb); nothing with --quiet.
#pragma once

#include "training/api/events.h"

#include <chrono>
#include <optional>

namespace rankwright {

// "3 of 12 answers were cut at the limit of their length"; empty where none was.
std::string cutAnswersText(int64_t answers, int64_t cut);

class ProgressLine : public Events
{
public:
    enum class Style { line, lines, none };
    // From --quiet, standard error and the environment.
    static Style styleFor(bool quiet);

    explicit ProgressLine(Style style);
    ~ProgressLine() override;  // takes an unfinished line away
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;
    void on(const Event& event) override;
    // Put before every line: the arm of a comparison.
    void setTitle(std::string title) { m_title = std::move(title); }

private:
    using Clock = std::chrono::steady_clock;
    void started(const RunStarted& event);
    void evaluated(const EvalEvent& event);
    void stepped(const StepEvent& event);
    void progressed(const ProgressEvent& event);
    void noted(const NoteEvent& event);
    // `last`: shown even if the line before it is recent.
    void update(const std::string& text, bool last);
    void permanent(const std::string& text);
    void clearLine();

    Style m_style;
    std::string m_title;
    bool m_lineShown = false;
    std::optional<Clock::time_point> m_lastUpdate;
    Clock::time_point m_workStart;  // of the piece of work that ProgressEvents count
    int64_t m_workDone = 0, m_workTotal = -1;
    int64_t m_firstStep = 1;
    double m_firstSeconds = 0;  // training time at the end of the first step seen
    bool m_stepSeen = false;
};

}  // namespace rankwright
