// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "app/progress_line.h"

#include "app/command_output.h"
#include "app/text_table.h"
#include "training/api/error.h"

#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

namespace rankwright {

namespace {

bool isSet(const char* variable)
{
    const char* value = std::getenv(variable);
    return value != nullptr && *value != '\0';
}

size_t terminalWidth()
{
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 10 ? size.ws_col : 80u;
}

double secondsSince(std::chrono::steady_clock::time_point start)
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// How often a line is written at most: a terminal is refreshed, a log file should stay readable.
constexpr double kLineSeconds = 0.1, kLinesSeconds = 5;

}  // namespace

std::string cutAnswersText(int64_t answers, int64_t cut)
{
    return cut == 0 ? std::string()
                    : countText(cut) + " of " + countText(answers) + " answers " + (cut == 1 ? "was" : "were") + " cut at the limit of "
            + (cut == 1 ? "its" : "their") + " length";
}

ProgressLine::Style ProgressLine::styleFor(bool quiet)
{
    if (quiet)
        return Style::none;
    const char* terminal = std::getenv("TERM");
    const bool capable = terminal != nullptr && *terminal != '\0' && std::string_view(terminal) != "dumb";
    return ::isatty(STDERR_FILENO) == 1 && capable && !isSet("NO_COLOR") ? Style::line : Style::lines;
}

ProgressLine::ProgressLine(Style style)
    : m_style(style)
{
}

ProgressLine::~ProgressLine() { clearLine(); }

void ProgressLine::on(const Event& event)
{
    if (const auto* note = std::get_if<NoteEvent>(&event)) {
        noted(*note);
        return;
    }
    if (m_style == Style::none)
        return;
    if (const auto* start = std::get_if<RunStarted>(&event)) {
        started(*start);
    } else if (const auto* step = std::get_if<StepEvent>(&event)) {
        stepped(*step);
    } else if (const auto* evaluation = std::get_if<EvalEvent>(&event)) {
        evaluated(*evaluation);
    } else if (const auto* checkpoint = std::get_if<CheckpointEvent>(&event)) {
        permanent("step " + std::to_string(checkpoint->step) + ": checkpoint " + checkpoint->folder);
    } else if (const auto* end = std::get_if<RunEnded>(&event)) {
        if (end->error.empty() || end->step > 0)   // the error itself is told by whoever ran the job, also with --quiet
            permanent(stateText(end->outcome) + " after step " + std::to_string(end->step) + ", loss " + numberText(end->finalLoss));
    } else if (const auto* progress = std::get_if<ProgressEvent>(&event)) {
        progressed(*progress);
    }
}

void ProgressLine::started(const RunStarted& event)
{
    m_firstStep = event.firstStep;
    m_stepSeen = false;
    std::string text = "run " + event.run + ": " + event.method + ", " + countText(event.trainable) + " of "
        + countText(event.parameters) + " parameters trained, " + std::to_string(event.steps) + " steps over "
        + countText(event.rows) + " rows";
    if (event.truncatedRows > 0)
        text += " (" + countText(event.truncatedRows) + " cut)";
    if (event.firstStep > event.steps)
        text += ", all of them taken before";
    else if (event.firstStep > 1)
        text += ", going on at step " + std::to_string(event.firstStep);
    permanent(text);
    if (const std::string reading = readingText(event.data); !reading.empty())
        permanent("data: " + reading);
    permanent("step 0 differs from the base model by at most " + significantText(event.stepZero.largest, 2)
        + " (logits), " + significantText(event.stepZero.moduleLargest, 2) + " (weights, relative)");
}

void ProgressLine::evaluated(const EvalEvent& event)
{
    std::string text = "step " + std::to_string(event.step) + ": evaluation loss " + numberText(event.loss) + " over "
        + countText(event.rows) + " rows";
    for (const auto& [id, value] : event.metrics)
        text += ", " + id + ' ' + numberText(value);
    if (event.cutAnswers > 0)
        text += " (" + cutAnswersText(event.answers, event.cutAnswers) + ")";
    permanent(text);
}

void ProgressLine::stepped(const StepEvent& event)
{
    std::string text = "step " + std::to_string(event.step) + '/' + std::to_string(event.steps) + "  loss "
        + numberText(event.loss) + "  lr " + significantText(event.lr, 3);
    if (event.seconds > 0)
        text += "  " + countText(int64_t(double(event.tokens) / event.seconds)) + " tokens/s";
    const bool first = !m_stepSeen;
    if (first) {
        m_stepSeen = true;
        m_firstStep = event.step;
        m_firstSeconds = event.seconds;
    } else if (event.step < event.steps) {
        const double each = (event.seconds - m_firstSeconds) / double(event.step - m_firstStep);
        text += "  " + durationText(each * double(event.steps - event.step)) + " left";
    }
    if (event.skipped)
        permanent("step " + std::to_string(event.step) + ": loss or gradient not finite, no update");
    update(text, first || event.step == event.steps);
}

void ProgressLine::progressed(const ProgressEvent& event)
{
    if (event.total != m_workTotal || event.done < m_workDone) {
        m_workStart = Clock::now();
        m_workTotal = event.total;
    }
    m_workDone = event.done;
    std::string text = event.what;
    if (event.total > 0) {
        text += "  " + countText(event.done) + '/' + countText(event.total);
        const double spent = secondsSince(m_workStart);
        if (event.done > 0 && event.done < event.total && spent > 1)
            text += "  " + durationText(spent / double(event.done) * double(event.total - event.done)) + " left";
    }
    update(text, false);
}

void ProgressLine::noted(const NoteEvent& event)
{
    // A warning is more than progress: --quiet keeps it.
    if (m_style != Style::none || event.level == "warning")
        permanent((event.level == "warning" ? "warning: " : "") + event.text);
}

void ProgressLine::update(const std::string& text, bool last)
{
    const bool line = m_style == Style::line;
    if (!last && m_lastUpdate && secondsSince(*m_lastUpdate) < (line ? kLineSeconds : kLinesSeconds))
        return;
    m_lastUpdate = Clock::now();
    const std::string shown = escaped((m_title.empty() ? "" : m_title + ": ") + text);
    if (line) {
        writeToPeople('\r' + cutTo(shown, terminalWidth() - 1) + "\x1b[K");
        m_lineShown = true;
    } else {
        writeToPeople(shown + '\n');
    }
}

void ProgressLine::permanent(const std::string& text)
{
    clearLine();
    writeToPeople(escaped((m_title.empty() ? "" : m_title + ": ") + text) + '\n');
}

void ProgressLine::clearLine()
{
    if (m_lineShown)
        writeToPeople("\r\x1b[K");
    m_lineShown = false;
}

}  // namespace rankwright
