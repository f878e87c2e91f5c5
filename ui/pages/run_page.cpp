// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Live points go straight to the plots; the store is read when runs begin or change, and where events were dropped.
#include "ui/pages/run_page.h"

#include "ui/format.h"
#include "ui/models/run_table.h"
#include "ui/plots/curve_plot.h"
#include "ui/theme.h"
#include "ui/widgets/arm_progress.h"
#include "ui/widgets/curve_controls.h"
#include "ui/widgets/curve_points.h"
#include "ui/widgets/drift_view.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/postmortem_view.h"

#include <QComboBox>
#include <QEvent>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QStackedLayout>
#include <QTabWidget>
#include <QTimer>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <set>

namespace rankwright {

namespace {

constexpr int kRecorderDelay = 500;   // ms: the recorder writes every 250 ms

QString curveId(const QString& run, const QString& series)
{
    return run + '/' + series;
}

// The lowest point of an evaluation curve, circled; in no legend of its own while there is none.
Curve bestOf(const Curve& evaluations, const QString& id, const QString& label)
{
    Curve best = evaluations;
    best.id = id;
    best.label = label;
    best.ring = true;
    best.x.clear();
    best.y.clear();
    for (size_t i = 0; i < evaluations.x.size(); ++i) {
        if (std::isnan(evaluations.y[i]) || (!best.y.empty() && evaluations.y[i] >= best.y.front()))
            continue;
        best.x = {evaluations.x[i]};
        best.y = {evaluations.y[i]};
    }
    return best;
}

}  // namespace

RunPage::RunPage(Workbench& workbench, QWidget* parent)
    : Page(parent), m_workbench(workbench), m_curves(workbench.dataDirectory()), m_stack(new QStackedLayout(this))
{
    m_stack->addWidget(makeEmpty());
    m_stack->addWidget(makeBody());
    connect(&m_curves, &CurveStore::loaded, this, &RunPage::showRuns);
    connect(&m_curves, &CurveStore::extended, this, &RunPage::showRows);
    connect(&m_curves, &CurveStore::pointAdded, this, &RunPage::addPoint);
    connect(&m_curves, &CurveStore::problem, this, [this](const QString& text) { m_messages->say(text, true); });
    connect(m_controls, &CurveControls::axisChanged, this, &RunPage::showCurves);
    connectSession();
    refreshButtons();
}

void RunPage::connectSession()
{
    auto& session = m_workbench.session();
    connect(&session, &RunSession::runStarted, this, [this](const QString& run) {
        m_stopping = false;
        m_messages->clear();
        if (const auto arm = m_arms.find(run); arm != m_arms.end()) {
            arm->second->setState(RunState::running);
            m_armList->ensureWidgetVisible(arm->second, 0, 0);
        } else {
            refresh();
        }
        refreshButtons();
    });
    connect(&session, &RunSession::advanced, this, &RunPage::receive);
    connect(&session, &RunSession::runEnded, this, &RunPage::runEnded);
    connect(&session, &RunSession::idle, this, [this] {
        m_stopping = false;
        showProgress();
        refreshButtons();
    });
    connect(&session, &RunSession::pausedChanged, this, [this](bool paused) {
        for (const QString& run : m_workbench.session().running())
            if (const auto arm = m_arms.find(run); arm != m_arms.end())
                arm->second->setState(paused ? RunState::paused : RunState::running);
        refreshButtons();
    });
    connect(&session, &RunSession::missed, this,
        [this] { QTimer::singleShot(kRecorderDelay, &m_curves, &CurveStore::reload); });
    connect(&m_workbench, &Workbench::runsChanged, this, [this] {
        if (isVisible() || m_workbench.session().isBusy())
            refresh();
        else
            m_read = false;   // when it is looked at
    });
}

void RunPage::activated()
{
    if (!m_read)
        refresh();
}

void RunPage::refresh()
{
    m_curves.showComparisonOf(m_workbench.session().current());
}

// What the session knows is newer than the store, which is written four times a second.
RunState RunPage::stateOf(const RunRow& row) const
{
    const auto& session = m_workbench.session();
    const auto run = format::text(row.id);
    if (session.running().contains(run))
        return session.isPaused() ? RunState::paused : RunState::running;
    return session.queued().contains(run) ? RunState::queued : row.state;
}

QString RunPage::nameOf(const QString& run) const
{
    const RunRow* row = m_curves.run(run);
    return row == nullptr ? run : format::shown(row->name.empty() ? row->method : row->name, 60);
}

void RunPage::showRuns()
{
    m_read = true;
    if (m_shown != m_curves.runs()) {
        m_shown = m_curves.runs();
        makeArms();
    }
    m_stack->setCurrentIndex(m_arms.empty() ? 0 : 1);
    showRows();
    showMetrics();
    showCurves();
}

// Where the curves have at most grown.
void RunPage::showRows()
{
    for (const auto& [run, arm] : m_arms) {
        const RunRow* row = m_curves.run(run);
        if (row == nullptr)
            continue;
        arm->setState(stateOf(*row));
        arm->setStep(row->step, row->steps, row->loss, row->seconds);
        arm->setEval(row->lastEval);
        if (const RunStarted* started = m_curves.started(run))
            arm->setStarted(*started);
    }
    showProofs();
    showViews();
    showProgress();
    refreshButtons();
}

// Other runs than before are on screen: their lines, and the notes that the store has of them.
void RunPage::makeArms()
{
    for (const auto& [run, arm] : m_arms) {
        m_armColumn->removeWidget(arm);
        delete arm;
    }
    m_arms.clear();
    m_notes->clear();
    std::map<std::string, int> ofMethod;
    for (const QString& run : m_shown) {
        const RunRow* row = m_curves.run(run);
        if (row == nullptr)
            continue;
        auto* arm = new ArmProgress(*row, theme::methodStyle(format::text(row->method), ofMethod[row->method]++), this);
        m_armColumn->addWidget(arm);
        m_arms[run] = arm;
        for (const NoteRow& note : m_curves.notes(run))
            addNote(run, format::text(note.level), format::text(note.text));
    }
}

// Pairs are formed within a seed: the first arm's run is the baseline. A run that has ended says why and where it was best.
void RunPage::showProofs()
{
    std::map<int64_t, QString> baselines;
    for (const QString& run : m_shown) {
        const auto arm = m_arms.find(run);
        const RunRow* row = m_curves.run(run);
        if (arm == m_arms.end() || row == nullptr)
            continue;
        const auto baseline = baselines.emplace(row->seed, run).first->second;
        arm->second->setBaseline(m_curves.started(run), m_curves.started(baseline), nameOf(baseline));
        if (const RunEnded* ended = m_curves.ended(run))
            arm->second->setEnded(*ended);
    }
    fitArmList();
}

void RunPage::showViews()
{
    std::vector<RunChoice> choices;
    std::map<std::string, int> ofMethod;
    for (const QString& run : m_shown) {
        const RunRow* row = m_curves.run(run);
        if (row == nullptr)
            continue;
        const auto method = format::text(row->method);
        const RunState state = stateOf(*row);
        choices.push_back({.id = run, .name = nameOf(run), .color = theme::methodColor(method),
            .style = theme::methodStyle(method, ofMethod[row->method]++), .folder = row->folder,
            .hasEnded = state == RunState::finished || state == RunState::stopped});
    }
    m_drift->setRuns(choices);
    m_postmortem->setRuns(choices);
}

// Metrics come with the first evaluation; what a person has chosen stays.
void RunPage::showMetrics()
{
    const auto names = m_curves.metricNames();
    QStringList listed;
    for (int i = 1; i < m_series->count(); ++i)
        listed << m_series->itemData(i).toString();
    if (names != listed) {
        const auto chosen = m_series->currentData().toString();
        while (m_series->count() > 1)
            m_series->removeItem(1);
        for (const QString& name : names)
            m_series->addItem(metricTitle(name), name);
        m_series->setCurrentIndex(std::max(0, m_series->findData(chosen)));
    }
    m_series->setVisible(!names.isEmpty() && m_tabs->currentIndex() == 0);
    for (const auto& [run, arm] : m_arms) {
        QStringList values;
        for (const QString& name : names)
            if (const auto& points = m_curves.points(run, name); !points.empty())
                values << tr("%1 %2").arg(metricTitle(name), format::number(points.back().value, 3));
        arm->setMetrics(values.join(QStringLiteral(", ")));
    }
}

QStringList RunPage::talkers() const
{
    QStringList runs;
    std::set<std::string> arms;
    for (const QString& run : m_shown) {
        const RunRow* row = m_curves.run(run);
        const auto arm = m_arms.find(run);
        if (row == nullptr || arm == m_arms.end())
            continue;
        const RunState state = arm->second->state();   // the store is a little behind
        const bool talks = state == RunState::finished || state == RunState::stopped || state == RunState::running || state == RunState::paused;
        if (talks && arms.insert(row->arm.empty() ? row->id : row->arm).second)
            runs << run;
    }
    return runs;
}

void RunPage::toChat()
{
    m_workbench.chatWith(talkers());
}

void RunPage::showCurves()
{
    const Axis axis = m_controls->axis();
    const auto shown = m_series->currentData().toString();   // "loss", or a metric's series
    std::vector<Curve> losses, rates, norms;
    std::map<std::string, int> ofMethod;
    for (const QString& run : m_curves.runs()) {
        const RunRow* row = m_curves.run(run);
        if (row == nullptr)
            continue;
        const auto color = theme::methodColor(format::text(row->method));
        const auto style = theme::methodStyle(format::text(row->method), ofMethod[row->method]++);
        const auto curve = [&](const QString& series, const QString& label, bool markers) {
            Curve drawn{.id = curveId(run, series), .label = label, .color = color, .style = style, .markers = markers,
                .x = {}, .y = {}};
            fill(drawn, m_curves.points(run, series), axis);
            return drawn;
        };
        const auto name = nameOf(run);
        if (shown != "loss") {
            losses.push_back(curve(shown, name, true));
        } else {
            losses.push_back(curve("loss", name, false));
            losses.push_back(curve("evalLoss", tr("%1, evaluation").arg(name), true));
            losses.push_back(bestOf(losses.back(), curveId(run, "best"), tr("%1, best").arg(name)));
        }
        rates.push_back(curve("lr", name, false));
        norms.push_back(curve("gradNorm", name, false));
    }
    const auto title = shown == "loss" ? tr("Loss") : metricTitle(shown);
    m_loss->setTitles(title, axisTitle(axis), title);
    m_rate->setTitles(tr("Learning rate"), axisTitle(axis), tr("Learning rate"));
    m_norm->setTitles(tr("Gradient norm"), axisTitle(axis), tr("Gradient norm"));
    m_loss->setCurves(std::move(losses));
    m_rate->setCurves(std::move(rates));
    m_norm->setCurves(std::move(norms));
}

void RunPage::changeEvent(QEvent* event)
{
    Page::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_norm != nullptr) {
        showCurves();
        showViews();
    }
}

void RunPage::receive(const std::vector<Event>& batch)
{
    m_again = false;
    m_curves.append(batch);
    if (m_again)
        showCurves();
    m_drift->receive(batch);
    bool best = false, metrics = false;
    for (const Event& event : batch) {
        const auto armOf = [this](const std::string& run) {
            const auto found = m_arms.find(format::text(run));
            return found == m_arms.end() ? nullptr : found->second;
        };
        if (const auto* started = std::get_if<RunStarted>(&event)) {
            if (auto* arm = armOf(started->run))
                arm->setStarted(*started);
            showProofs();
        } else if (const auto* ended = std::get_if<RunEnded>(&event)) {
            if (auto* arm = armOf(ended->run))
                arm->setEnded(*ended);
        } else if (const auto* progress = std::get_if<ProgressEvent>(&event)) {
            m_preparing = format::shown(progress->what, 60);
            if (progress->total > 0)
                m_preparing += tr(" (%1 of %2)").arg(format::count(progress->done), format::count(progress->total));
        } else if (std::holds_alternative<StepEvent>(event)) {
            m_preparing.clear();
        } else if (const auto* eval = std::get_if<EvalEvent>(&event)) {
            if (auto* arm = armOf(eval->run))
                arm->setEval(eval->loss);
            addNote(format::text(eval->run), "info", tr("Evaluation at step %1: loss %2").arg(format::count(eval->step), format::number(eval->loss)));
            best |= eval->best;
            metrics |= !eval->metrics.empty();
        } else if (const auto* note = std::get_if<NoteEvent>(&event)) {
            addNote(format::text(note->run), format::text(note->level), format::text(note->text));
        } else if (const auto* saved = std::get_if<CheckpointEvent>(&event)) {
            addNote(format::text(saved->run), "info", tr("Checkpoint at step %1").arg(saved->step));
        }
    }
    if (metrics)
        showMetrics();
    if (best)
        showCurves();   // the ring moves
    showProgress();
}

void RunPage::addPoint(const QString& run, const QString& series, const CurvePoint& point, bool again)
{
    m_again |= again;
    if (again || m_again || !m_arms.contains(run))
        return;
    const auto shown = m_series->currentData().toString();
    const bool large = series != "lr" && series != "gradNorm";
    if (large && series != shown && (shown != "loss" || series != "evalLoss"))
        return;
    CurvePlot* plot = series == "lr" ? m_rate : series == "gradNorm" ? m_norm : m_loss;
    plot->append(curveId(run, series), along(point, m_controls->axis()), point.value);
}

void RunPage::addNote(const QString& run, const QString& level, const QString& text)
{
    const auto line = tr("%1: %2").arg(nameOf(run), format::shown(format::plain(text), 1000));
    m_notes->appendPlainText(level == "warning" ? tr("Warning · %1").arg(line) : line);
}

void RunPage::runEnded(const QString& run, RunState outcome, const QString& error)
{
    if (const auto arm = m_arms.find(run); arm != m_arms.end())
        arm->second->setState(outcome);
    if (!error.isEmpty())
        m_messages->say(tr("%1: %2").arg(nameOf(run), error), true);
    m_stopping = false;
    showViews();
    showProgress();
    refreshButtons();
}

void RunPage::showProgress()
{
    int64_t done = 0, all = 0;
    double rate = 0, left = 0;
    for (const auto& [run, arm] : m_arms) {
        if (const RunRow* row = m_curves.run(run); row != nullptr && row->step != arm->step())
            arm->setStep(row->step, row->steps, row->loss, row->seconds);
        rate = std::max(rate, arm->secondsPerStep());
    }
    // A queued arm does not know its steps yet; arms of a comparison take equally many.
    int64_t most = 0;
    for (const auto& [run, arm] : m_arms)
        most = std::max(most, arm->steps());
    for (const auto& [run, arm] : m_arms) {
        const bool waits = arm->state() == RunState::queued;
        done += arm->step();
        all += std::max(arm->steps(), waits ? most : 0);
        left += waits ? rate * double(most) : arm->secondsLeft(rate);
    }
    m_overallBar->setValue(all > 0 ? int(double(done) / double(all) * kBarSteps) : 0);
    const bool busy = m_workbench.session().isBusy();
    m_overall->setText(!busy           ? tr("Nothing is running")
            : !m_preparing.isEmpty() ? m_preparing
            : rate > 0               ? tr("%1 left in all").arg(format::duration(left))
                                     : tr("Preparing …"));
}

void RunPage::refreshButtons()
{
    const auto& session = m_workbench.session();
    const bool running = !session.current().isEmpty() && !m_stopping;
    for (QPushButton* button : {m_pause, m_checkpoint})
        button->setEnabled(running);
    m_stop->setEnabled(session.isBusy() && !m_stopping);
    m_chat->setEnabled(!talkers().isEmpty());
    m_skip->setEnabled(running && !session.queued().isEmpty());
    m_skip->setVisible(m_arms.size() > 1);
    m_pause->setText(session.isPaused() ? tr("Go on") : tr("Pause"));
    m_pause->setIcon(theme::icon(session.isPaused() ? "play" : "pause"));
    m_stop->setText(m_stopping ? tr("Stopping …") : tr("Stop and save"));
    if (!session.isBusy())
        m_overall->setText(tr("Nothing is running"));
}

}  // namespace rankwright
