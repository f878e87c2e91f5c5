// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The stored queue is the truth (storage/runs/run_queue.h); the session says what of it trains now.
#include "ui/pages/queue_page.h"

#include "ui/format.h"
#include "ui/models/run_table.h"
#include "ui/theme.h"
#include "ui/widgets/arm_progress.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/queue_tree.h"
#include "ui/widgets/queued_run_dialog.h"

#include <QAction>
#include <QCheckBox>
#include <QEvent>
#include <QHeaderView>
#include <QPushButton>
#include <QTableWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace rankwright {

namespace {

enum EndedColumn { endedName, endedState, endedSteps, endedTime, endedReason, endedColumns };
constexpr int kToTheEnd = 1'000'000;

QString runName(const RunRow& row)
{
    return format::shown(row.name.empty() ? row.method : row.name, 60);
}

}  // namespace

QueuePage::QueuePage(Workbench& workbench, QWidget* parent)
    : Page(parent), m_workbench(workbench), m_queue(workbench.dataDirectory()), m_messages(new MessageBar(this))
{
    m_messages->setObjectName("queueMessages");
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(24, 16, 24, 16);
    column->setSpacing(12);
    column->addWidget(makeHeader());
    column->addWidget(m_messages);
    column->addWidget(makeRunning());
    column->addWidget(makeWaiting(), 3);
    column->addWidget(makeEnded(), 2);
    connect(&m_queue, &QueueList::loaded, this, &QueuePage::showQueue);
    connect(&m_queue, &QueueList::problem, this, [this](const QString& text) { m_messages->say(text, true); });
    connect(&m_queue, &QueueList::changed, &m_workbench, &Workbench::runsHaveChanged);
    connect(&m_workbench, &Workbench::runsChanged, this, &QueuePage::readQueue);
    connectSession();
    refreshButtons();
}

void QueuePage::connectSession()
{
    auto& session = m_workbench.session();
    connect(&session, &RunSession::advanced, this, &QueuePage::receive);
    connect(&session, &RunSession::runStarted, this, &QueuePage::readQueue);
    for (const auto signal : {&RunSession::queueChanged, &RunSession::idle})
        connect(&session, signal, this, &QueuePage::refreshButtons);
    connect(&session, &RunSession::pausedChanged, this, &QueuePage::showRunning);
    connect(&session, &RunSession::halted, this, [this](const QString& run, const QString& message) {
        m_messages->say(run.isEmpty()
                ? tr("The queue was held; what waits, waits on. %1").arg(message)
                : tr("The queue was held because %1 failed. Start it again to go on with the next run.").arg(run), true);
        m_workbench.notify(run.isEmpty() ? tr("Nothing is trained now. %1").arg(message)
                                         : tr("The queue was held after a failed run"), true);
        refreshButtons();
    });
}

QWidget* QueuePage::makeHeader()
{
    auto* box = new QWidget(this);
    m_go = new QPushButton(box);
    m_go->setObjectName("queueGoButton");
    m_continue = new QCheckBox(tr("Go on after a failed run"), box);
    m_continue->setObjectName("continueOnError");
    setPlainToolTip(m_continue, tr("Off: a run that fails or diverges holds the queue"));
    m_note = makeNote({}, box);
    m_note->setObjectName("queueNote");
    m_note->setWordWrap(false);
    auto* row = new QHBoxLayout(box);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(16);
    row->addWidget(makeTitle(title(), box));
    row->addStretch();
    row->addWidget(m_note);
    row->addWidget(m_continue);
    row->addWidget(m_go);
    connect(m_go, &QPushButton::clicked, this, &QueuePage::goOnOrHold);
    connect(m_continue, &QCheckBox::clicked, this, [this](bool on) { m_queue.setContinuesOnError(on); });
    return box;
}

QWidget* QueuePage::makeRunning()
{
    auto* box = new QWidget(this);
    m_runningColumn = new QVBoxLayout(box);
    m_runningColumn->setContentsMargins(0, 0, 0, 0);
    m_runningColumn->setSpacing(4);
    m_nothingRuns = makeNote(tr("Nothing is running."), box);
    m_runningColumn->addWidget(makeHeading(tr("Running"), box));
    m_runningColumn->addWidget(m_nothingRuns);
    return box;
}

QWidget* QueuePage::makeWaiting()
{
    auto* box = new QWidget(this);
    m_waitingTitle = makeHeading(tr("Waiting"), box);
    m_waitingTitle->setObjectName("waitingTitle");
    m_tree = new QueueTree(box);
    m_nothingWaits = makeNote(tr("Nothing waits. “Add to queue” on the Configure page puts runs here."), box);
    m_nothingWaits->setObjectName("nothingWaits");
    auto* across = new QHBoxLayout;
    across->setSpacing(8);
    across->addWidget(m_tree, 1);
    across->addLayout(makeButtons());
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    column->addWidget(m_waitingTitle);
    column->addWidget(m_nothingWaits);
    column->addLayout(across, 1);
    connect(m_tree, &QueueTree::moveWanted, this, &QueuePage::moveTo);
    connect(m_tree, &QTreeWidget::itemSelectionChanged, this, &QueuePage::refreshButtons);
    connect(m_tree, &QTreeWidget::itemActivated, this, &QueuePage::editSelected);
    return box;
}

QLayout* QueuePage::makeButtons()
{
    auto* column = new QVBoxLayout;
    column->setSpacing(4);
    const auto add = [&](const char* name, const char* icon, const QString& text, const QKeySequence& key, auto act) {
        auto* button = new QToolButton(this);
        button->setObjectName(QString::fromLatin1(name));
        button->setIcon(theme::icon(QString::fromLatin1(icon)));
        button->setText(text);
        button->setAccessibleName(text);
        button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
        button->setFixedWidth(120);
        button->setFocusPolicy(Qt::TabFocus);
        setPlainToolTip(button, key.isEmpty() ? text : tr("%1 (%2)").arg(text, key.toString(QKeySequence::NativeText)));
        connect(button, &QToolButton::clicked, this, act);
        if (!key.isEmpty()) {
            auto* action = new QAction(text, m_tree);
            action->setShortcut(key);
            action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
            connect(action, &QAction::triggered, button, &QToolButton::click);
            m_tree->addAction(action);
        }
        column->addWidget(button);
        return button;
    };
    m_first = add("queueFirst", "first", tr("Next"), QKeySequence(Qt::ALT | Qt::Key_Home), [this] { move(-kToTheEnd); });
    m_up = add("queueUp", "up", tr("Up"), QKeySequence(Qt::ALT | Qt::Key_Up), [this] { move(-1); });
    m_down = add("queueDown", "down", tr("Down"), QKeySequence(Qt::ALT | Qt::Key_Down), [this] { move(1); });
    m_last = add("queueLast", "last", tr("Last"), QKeySequence(Qt::ALT | Qt::Key_End), [this] { move(kToTheEnd); });
    column->addSpacing(8);
    m_edit = add("queueEdit", "rename", tr("Edit…"), {}, [this] { editSelected(); });
    m_copy = add("queueCopy", "copy", tr("Duplicate"), QKeySequence(Qt::CTRL | Qt::Key_D),
        [this] { m_queue.duplicate(m_tree->selectedRuns()); });
    m_remove = add("queueRemove", "delete", tr("Remove"), QKeySequence(Qt::Key_Delete), [this] { removeSelected(); });
    column->addStretch();
    return column;
}

QWidget* QueuePage::makeEnded()
{
    auto* box = new QWidget(this);
    m_ended = new QTableWidget(0, endedColumns, box);
    m_ended->setObjectName("endedTable");
    m_ended->setAccessibleName(tr("Runs that have ended lately, the newest first"));
    m_ended->setHorizontalHeaderLabels({tr("Run"), tr("State"), tr("Steps"), tr("Time"), tr("Why it ended")});
    m_ended->verticalHeader()->hide();
    m_ended->verticalHeader()->setDefaultSectionSize(24);
    m_ended->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_ended->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_ended->setTabKeyNavigation(false);
    m_ended->setShowGrid(false);
    m_ended->setWordWrap(false);
    m_ended->setIconSize({26, 16});
    m_ended->horizontalHeader()->setSectionResizeMode(endedReason, QHeaderView::Stretch);
    m_ended->setColumnWidth(endedName, 280);
    m_ended->setColumnWidth(endedState, 100);
    m_ended->setColumnWidth(endedSteps, 100);
    m_ended->setColumnWidth(endedTime, 100);
    for (const int column : {endedSteps, endedTime})
        m_ended->horizontalHeaderItem(column)->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
    for (const int column : {endedName, endedState, endedReason})
        m_ended->horizontalHeaderItem(column)->setTextAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    column->addWidget(makeHeading(tr("Ended"), box));
    column->addWidget(m_ended, 1);
    return box;
}

void QueuePage::activated()
{
    if (!m_read)
        m_queue.reload();
}

void QueuePage::readQueue()
{
    if (isVisible())
        m_queue.reload();
    else
        m_read = false;   // when it is looked at
}

void QueuePage::changeEvent(QEvent* event)
{
    Page::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_read)
        showQueue();
}

void QueuePage::showQueue()
{
    m_read = true;
    m_queue.setRunning(m_workbench.session().running());
    m_tree->setQueue(m_queue.state());
    const auto waiting = m_queue.state().waiting.size();
    m_waitingTitle->setText(waiting == 0 ? tr("Waiting") : tr("Waiting: %1").arg(waiting));
    m_nothingWaits->setVisible(waiting == 0);
    m_continue->setChecked(m_queue.state().continuesOnError);
    showRunning();
    showEnded();
}

void QueuePage::showRunning()
{
    const auto& session = m_workbench.session();
    const auto own = session.running();
    auto running = own;
    for (const RunRow& row : m_queue.state().others)   // the command line trains too
        if (const auto id = format::text(row.id); !running.contains(id))
            running << id;
    for (auto arm = m_running.begin(); arm != m_running.end();) {
        if (running.contains(arm->first)) {
            ++arm;
            continue;
        }
        arm->second->hide();
        arm->second->deleteLater();
        arm = m_running.erase(arm);
    }
    for (const QString& run : running) {
        const RunRow* row = m_queue.find(run);
        if (row != nullptr && !m_running.contains(run))
            m_runningColumn->addWidget(m_running[run] = new ArmProgress(*row, Qt::SolidLine, this));
        const auto arm = m_running.find(run);
        if (arm == m_running.end())
            continue;
        if (own.contains(run))
            arm->second->setState(session.isPaused() ? RunState::paused : RunState::running);
        else if (row != nullptr)
            arm->second->setStep(row->step, row->steps, row->loss, row->seconds);
    }
    m_nothingRuns->setVisible(m_running.empty());
    refreshButtons();
}

void QueuePage::showEnded()
{
    const auto& ended = m_queue.state().ended;
    m_ended->setRowCount(int(ended.size()));
    for (size_t i = 0; i < ended.size(); ++i) {
        const RunRow& row = ended[i].row;
        const QString texts[] = {runName(row), stateTitle(row.state), tr("%1 / %2").arg(format::count(row.step), format::count(row.steps)),
            row.seconds > 0 ? format::duration(row.seconds) : QString(), QString(ended[i].reason).replace('\n', ' ')};
        for (int column = 0; column < endedColumns; ++column) {
            auto* item = new QTableWidgetItem(texts[column]);
            if (column == endedSteps || column == endedTime)
                item->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
            if (column == endedState && (row.state == RunState::failed || row.state == RunState::diverged))
                item->setForeground(theme::bad());
            if (column == endedName)
                item->setIcon(curveSwatch(theme::methodColor(format::text(row.method)), Qt::SolidLine));
            item->setToolTip(QStringLiteral("<qt>%1</qt>").arg(plainMessage(column == endedReason ? ended[i].reason : texts[column])));
            m_ended->setItem(int(i), column, item);
        }
    }
}

void QueuePage::receive(const std::vector<Event>& batch)
{
    for (const Event& event : batch) {
        const auto armOf = [this](const std::string& run) {
            const auto found = m_running.find(format::text(run));
            return found == m_running.end() ? nullptr : found->second;
        };
        if (const auto* started = std::get_if<RunStarted>(&event)) {
            if (auto* arm = armOf(started->run))
                arm->setStarted(*started);
        } else if (const auto* step = std::get_if<StepEvent>(&event)) {
            if (auto* arm = armOf(step->run))
                arm->setStep(step->step, step->steps, step->loss, step->seconds);
        } else if (const auto* eval = std::get_if<EvalEvent>(&event)) {
            if (auto* arm = armOf(eval->run))
                arm->setEval(eval->loss);
        }
    }
}

void QueuePage::move(int by)
{
    const auto runs = m_tree->selectedRuns();
    if (runs.isEmpty())
        return;
    int above = 0;   // of the others, before the first of the selection
    for (int i = 0; i < m_queue.indexOf(runs.front()); ++i)
        above += runs.contains(format::text(m_queue.state().waiting[size_t(i)].id)) ? 0 : 1;
    moveTo(runs, std::max(0, above + by));
}

void QueuePage::moveTo(const QStringList& runs, int position)
{
    m_messages->clear();
    m_queue.move(runs, position);
}

void QueuePage::editSelected()
{
    const auto runs = m_tree->selectedRuns();
    if (runs.size() != 1)
        return;
    m_queue.readConfig(runs.front(), [this, run = runs.front()](const RunConfig& config) {
        const RunRow* row = m_queue.find(run);
        if (row == nullptr)
            return;
        auto* dialog = new QueuedRunDialog(m_queue, *row, config, this);
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        dialog->open();
    });
}

void QueuePage::removeSelected()
{
    const auto runs = m_tree->selectedRuns();
    m_workbench.session().drop(runs);
    m_queue.remove(runs);
}

void QueuePage::goOnOrHold()
{
    m_messages->clear();
    if (m_workbench.session().goesOn())
        m_workbench.session().hold();
    else
        m_workbench.session().startAll();
    refreshButtons();
}

void QueuePage::refreshButtons()
{
    const auto& session = m_workbench.session();
    const bool goes = session.goesOn(), waits = !m_queue.state().waiting.empty();
    m_go->setText(goes ? tr("Hold the queue") : tr("Start the queue"));
    m_go->setIcon(theme::icon(goes ? QStringLiteral("pause") : QStringLiteral("play")));
    setPlainToolTip(m_go, goes ? tr("What runs goes on to its end; nothing is trained after it") : tr("Train what waits, in this order"));
    m_go->setEnabled(goes || waits);
    m_note->setText(goes ? tr("The queue is going") : waits ? tr("The queue is held") : QString());
    const auto runs = m_tree->selectedRuns();
    for (QToolButton* button : {m_first, m_up, m_down, m_last, m_copy, m_remove})
        button->setEnabled(!runs.isEmpty());
    m_edit->setEnabled(runs.size() == 1);
}

}  // namespace rankwright
