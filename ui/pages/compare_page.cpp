// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The page's actions stand in the context menu, on buttons and on keys alike. The store is never touched on this
// thread.
#include "ui/pages/compare_page.h"

#include "ui/format.h"
#include "ui/theme.h"
#include "ui/widgets/compare_charts.h"
#include "ui/widgets/comparison_view.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/run_tree.h"

#include <QAction>
#include <QButtonGroup>
#include <QClipboard>
#include <QComboBox>
#include <QFileDialog>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QMessageBox>
#include <QPushButton>
#include <QSaveFile>
#include <QSplitter>
#include <QStackedLayout>
#include <QStackedWidget>
#include <QTableWidget>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace rankwright {

namespace {

constexpr int kFollow = 2000;              // ms between two reads while a run goes on
constexpr int kRunsShare = 36;              // per cent of the width for the list at first

bool isGoing(RunState state)
{
    return state == RunState::running || state == RunState::paused;
}

// A button that does what the action does and is enabled with it.
QPushButton* makeButton(QAction* action, const QString& name, QWidget* parent)
{
    auto* button = new QPushButton(action->text(), parent);
    button->setObjectName(name);
    setPlainToolTip(button, action->whatsThis());
    QObject::connect(button, &QPushButton::clicked, action, &QAction::trigger);
    QObject::connect(action, &QAction::changed, button, [button, action] { button->setEnabled(action->isEnabled()); });
    button->setEnabled(action->isEnabled());
    return button;
}

}  // namespace

ComparePage::ComparePage(Workbench& workbench, QWidget* parent)
    : Page(parent), m_workbench(workbench), m_runs(workbench.dataDirectory()), m_reader(workbench.dataDirectory()),
      m_stack(new QStackedLayout(this))
{
    m_stack->addWidget(makeEmpty());
    m_stack->addWidget(makeBody());
    m_follow.setInterval(kFollow);
    connect(&m_follow, &QTimer::timeout, this, [this] {   // also what another program trains
        const auto& runs = m_runs.runs();
        if (m_workbench.session().isBusy() || std::any_of(runs.begin(), runs.end(), [](const RunRow& run) { return isGoing(run.state); }))
            m_runs.follow();
    });
    connect(&m_runs, &RunTable::loaded, this, &ComparePage::runsLoaded);
    connect(&m_runs, &RunTable::changed, &m_workbench, &Workbench::runsHaveChanged);
    connect(&m_runs, &RunTable::problem, this, [this](const QString& text) { m_messages->say(text, true); });
    connect(m_charts, &CompareCharts::problem, this, [this](const QString& text) { m_messages->say(text, true); });
    connect(&m_runs, &RunTable::ticksChanged, this, [this] { refreshActions(); });
    connect(m_comparison, &ComparisonView::problem, this, [this](const QString& text) { m_messages->say(text, true); });
    connect(m_comparison, &ComparisonView::saved, this,
        [this](const QString& folder) { m_messages->say(tr("The report was saved in %1").arg(folder), false); });
    connect(m_tree, &RunTree::currentChanged, this, &ComparePage::chosen);
    connect(&m_reader, &StoreReader::failed, this, [this](const QString& text) { m_messages->say(text, true); });
    connect(&m_workbench, &Workbench::runsChanged, this, [this] {
        if (isVisible())   // otherwise when it is looked at
            m_runs.reload();
    });
    auto& session = m_workbench.session();
    connect(&session, &RunSession::runStarted, this, &ComparePage::refreshActions);
    connect(&session, &RunSession::idle, this, &ComparePage::refreshActions);
    refreshActions();
}

// Hiding takes the focus away, which ends an edit: now, while everything that the edit needs is still there.
ComparePage::~ComparePage()
{
    hide();
}

QWidget* ComparePage::makeEmpty()
{
    auto* box = new QWidget(this);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(24, 16, 24, 16);
    auto* text = new PlainLabel(tr("Trained runs are listed here, with their curves beside them."), box);
    text->setAlignment(Qt::AlignHCenter);
    auto* go = new QPushButton(tr("Set up a comparison"), box);
    go->setObjectName("compareGoConfigureButton");
    connect(go, &QPushButton::clicked, this, [this] { m_workbench.showPage(QStringLiteral("configure")); });
    column->addWidget(makeTitle(title(), box));
    column->addStretch();
    column->addWidget(text);
    column->addSpacing(8);
    column->addWidget(go, 0, Qt::AlignHCenter);
    column->addStretch();
    return box;
}

QWidget* ComparePage::makeBody()
{
    auto* box = new QWidget(this);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(24, 16, 24, 16);
    column->setSpacing(8);
    m_messages = new MessageBar(box);
    m_messages->setObjectName("compareMessages");
    m_charts = new CompareCharts(m_workbench.dataDirectory(), m_runs, box);
    m_comparison = new ComparisonView(m_workbench.dataDirectory(), box);
    m_right = new QStackedWidget(box);
    m_right->addWidget(m_comparison);
    m_right->addWidget(m_charts);
    auto* both = new QSplitter(Qt::Horizontal, box);
    both->setChildrenCollapsible(false);
    both->setHandleWidth(16);
    both->addWidget(makeRuns());
    both->addWidget(m_right);
    both->setStretchFactor(0, 1);
    both->setStretchFactor(1, 3);
    both->setSizes({kRunsShare, 100 - kRunsShare});
    column->addWidget(makeHeader(box));
    column->addWidget(m_messages);
    column->addWidget(both, 1);
    setView(View::ticked);
    return box;
}

// The title, and which of the two the right side shows.
QWidget* ComparePage::makeHeader(QWidget* parent)
{
    auto* box = new QWidget(parent);
    auto* row = new QHBoxLayout(box);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(4);
    row->addWidget(makeTitle(title(), box));
    row->addStretch();
    auto* chat = makeButton(m_chatAction, "compareChatButton", box);
    chat->setIcon(theme::icon("chat"));
    row->addWidget(chat);
    row->addSpacing(16);
    auto* group = new QButtonGroup(box);
    const auto add = [&](const QString& text, const char* name, const QString& help, View view) {
        auto* button = new QPushButton(text, box);
        button->setObjectName(name);
        button->setCheckable(true);
        setPlainToolTip(button, help);
        connect(button, &QPushButton::clicked, this, [this, view] { setView(view); });
        group->addButton(button);
        row->addWidget(button);
        return button;
    };
    m_comparisonButton = add(tr("Comparison"), "comparisonViewButton", tr("The chosen comparison with its report"), View::comparison);
    m_tickedButton = add(tr("Ticked runs"), "tickedViewButton", tr("The curves of the ticked runs, of whatever comparison"), View::ticked);
    return box;
}

QWidget* ComparePage::makeRuns()
{
    auto* box = new QWidget(this);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    m_tree = new RunTree(m_runs, box);
    makeActions();
    column->addWidget(makeButtons(box));   // above the list: where they are does not change with what is below it
    column->addWidget(m_tree, 3);
    m_against = new QWidget(box);
    auto* below = new QVBoxLayout(m_against);
    below->setContentsMargins(0, 8, 0, 0);
    auto* against = new QHBoxLayout;
    against->addWidget(makeHeading(tr("Against the baseline"), m_against));
    against->addWidget(m_charts->baselineBox(), 1);
    below->addLayout(against);
    below->addWidget(m_charts->reachTable(), 1);
    column->addWidget(m_against, 2);
    return box;
}

QWidget* ComparePage::makeButtons(QWidget* parent)
{
    auto* box = new QWidget(parent);
    auto* row = new QHBoxLayout(box);
    row->setContentsMargins(0, 0, 0, 0);
    row->addWidget(makeButton(m_resumeAction, "resumeButton", box));
    row->addWidget(makeButton(m_renameAction, "renameButton", box));
    row->addWidget(makeButton(m_removeAction, "deleteButton", box));
    row->addWidget(makeButton(m_csvAction, "csvButton", box));
    row->addWidget(makeButton(m_commandAction, "runCommandButton", box));
    row->addStretch();
    return box;
}

QAction* ComparePage::makeAction(const QString& text, const QString& name, const QString& help)
{
    auto* action = new QAction(text, m_tree->view());
    action->setObjectName(name);
    action->setWhatsThis(help);
    action->setShortcutContext(Qt::WidgetShortcut);   // not while a name is being typed
    m_tree->view()->addAction(action);
    return action;
}

void ComparePage::makeActions()
{
    m_resumeAction = makeAction(tr("Resume"), "resumeAction",
        tr("Goes on from the newest checkpoint of a stopped, interrupted or failed run; of a comparison, with all that have not ended"));
    m_renameAction = makeAction(tr("Rename"), "renameAction", tr("Gives the run or the comparison another name (F2)"));
    m_removeAction
        = makeAction(tr("Delete…"), "deleteAction",
            tr("Deletes the run, its checkpoints and its adapter; of a comparison all its runs (Del)"));
    m_csvAction = makeAction(tr("CSV…"), "csvAction", tr("Writes all curves of the run as a CSV file"));
    m_commandAction = makeAction(tr("Command"), "commandAction", tr("Copies the command line that repeats the run"));
    m_baselineAction
        = makeAction(tr("Use as baseline"), "baselineAction", tr("Compares the other ticked runs with this one"));
    m_chatAction = makeAction(tr("Chat"), "chatAction",
        tr("The base model and the ticked runs, the selected run or the best run of each arm of the comparison answer the same prompt "
           "side by side"));
    connect(m_chatAction, &QAction::triggered, this, [this] { m_workbench.chatWith(talkers()); });
    m_renameAction->setShortcut(QKeySequence(Qt::Key_F2));
    m_removeAction->setShortcut(QKeySequence(Qt::Key_Delete));
    m_tree->view()->setContextMenuPolicy(Qt::ActionsContextMenu);
    connect(m_resumeAction, &QAction::triggered, this, &ComparePage::resume);
    connect(m_renameAction, &QAction::triggered, this, &ComparePage::rename);
    connect(m_removeAction, &QAction::triggered, this, &ComparePage::remove);
    connect(m_csvAction, &QAction::triggered, this, &ComparePage::exportCsv);
    connect(m_commandAction, &QAction::triggered, this, &ComparePage::copyCommand);
    connect(m_baselineAction, &QAction::triggered, this, [this] { m_charts->setBaseline(selected()); });
}

void ComparePage::activated()
{
    m_runs.reload();
    m_follow.start();
}

void ComparePage::hideEvent(QHideEvent* event)
{
    m_follow.stop();
    Page::hideEvent(event);
}

QString ComparePage::selected() const
{
    const auto run = m_tree->currentRun();
    return m_runs.find(run) == nullptr ? QString() : run;
}

void ComparePage::setView(View view)
{
    const bool comparison = view == View::comparison;
    m_right->setCurrentWidget(comparison ? static_cast<QWidget*>(m_comparison) : m_charts);
    if (comparison && std::exchange(m_reportOld, false))
        m_comparison->refresh();
    m_against->setVisible(!comparison);
    m_comparisonButton->setChecked(comparison);
    m_tickedButton->setChecked(!comparison);
    m_chatAction->setEnabled(!talkers().isEmpty());
}

void ComparePage::showComparison(const QString& comparison)
{
    m_tree->selectComparison(comparison);
}

// A comparison's row shows its report, a run of none the ticked runs; a run inside a comparison leaves what is shown.
void ComparePage::chosen()
{
    const auto comparison = m_tree->currentComparison();
    if (!comparison.isEmpty())
        showChosenComparison();
    if (m_tree->currentRun().isEmpty() && !comparison.isEmpty())
        setView(View::comparison);
    else if (comparison.isEmpty())
        setView(View::ticked);
    refreshActions();
}

// Reads the report again only where a run of it has gone on, or its name is another.
void ComparePage::showChosenComparison()
{
    const auto id = format::plain(m_tree->currentComparison());
    std::vector<RunRow> runs;
    for (const RunRow& run : m_runs.runs())
        if (run.comparison == id)
            runs.push_back(run);
    const auto title = m_tree->groups().titleOf(m_tree->currentComparison());
    if (m_comparison->comparison() == m_tree->currentComparison() && (runs != m_lastRuns || title != m_lastTitle)) {
        // A report reads every curve of its comparison: not while nobody looks at it.
        m_reportOld = m_right->currentWidget() != m_comparison;
        if (!m_reportOld)
            m_comparison->refresh();
    }
    m_lastRuns = std::move(runs);
    m_lastTitle = title;
    m_comparison->setComparison(m_tree->currentComparison());
}

void ComparePage::runsLoaded()
{
    m_stack->setCurrentIndex(m_runs.runs().empty() ? 0 : 1);
    if (m_tree->currentRun().isEmpty() && m_tree->currentComparison().isEmpty() && !m_runs.runs().empty()) {
        const RunRow& newest = m_runs.runs().front();
        if (newest.comparison.empty())
            m_tree->selectRun(format::text(newest.id));
        else
            m_tree->selectComparison(format::text(newest.comparison));
    } else if (!m_comparison->comparison().isEmpty() || !m_tree->currentComparison().isEmpty()) {
        showChosenComparison();
    }
    m_charts->reload();   // after the table, whose names the curves carry
    refreshActions();
}

// Of the selected run or comparison: what waits, or what began and did not end.
QStringList ComparePage::resumable(bool queued) const
{
    const auto& session = m_workbench.session();
    const auto run = m_tree->currentRun();
    const auto ids = run.isEmpty() ? m_tree->groups().runsOf(m_tree->currentComparison()) : QStringList{run};
    QStringList found;
    for (const QString& id : ids) {
        const RunRow* row = m_runs.find(id);
        if (row == nullptr || row->filesMissing || session.running().contains(id) || session.queued().contains(id))
            continue;
        const bool begun = row->state == RunState::stopped || row->state == RunState::interrupted || row->state == RunState::failed;
        if (queued ? row->state == RunState::queued && run.isEmpty() : begun)
            found << id;
    }
    return found;
}

void ComparePage::refreshActions()
{
    const RunRow* run = m_runs.find(selected());
    m_resumeAction->setEnabled(!resumable(false).isEmpty() || !resumable(true).isEmpty());
    m_removeAction->setEnabled(!removable().isEmpty());
    m_renameAction->setEnabled(m_tree->canEdit());
    for (QAction* action : {m_csvAction, m_commandAction})
        action->setEnabled(run != nullptr);
    m_baselineAction->setEnabled(run != nullptr && m_runs.ticked().contains(selected()));
    m_chatAction->setEnabled(!talkers().isEmpty());
    m_tickedButton->setText(tr("Ticked runs (%1)").arg(m_runs.ticked().size()));
    m_comparisonButton->setEnabled(!m_tree->currentComparison().isEmpty() || !m_comparison->comparison().isEmpty());
}

QStringList ComparePage::talkers() const
{
    const auto talks = [](const RunRow& run) {
        return !run.filesMissing && (run.state == RunState::finished || run.state == RunState::stopped || isGoing(run.state));
    };
    QStringList runs;
    if (m_right->currentWidget() == m_charts) {
        for (const QString& id : m_runs.ticked())
            if (const RunRow* run = m_runs.find(id); run != nullptr && talks(*run))
                runs << id;
        return runs;
    }
    if (const RunRow* run = m_runs.find(selected()))
        return talks(*run) ? QStringList{selected()} : QStringList();
    std::map<std::string, const RunRow*> best;   // by arm
    for (const QString& id : m_tree->groups().runsOf(m_tree->currentComparison())) {
        const RunRow* run = m_runs.find(id);
        if (run == nullptr || !talks(*run))
            continue;
        const RunRow*& chosen = best[run->arm];
        if (chosen == nullptr || run->bestEval < chosen->bestEval || std::isnan(chosen->bestEval))
            chosen = run;
    }
    for (const auto& [arm, run] : best)
        runs << format::text(run->id);
    return runs;
}

void ComparePage::rename()
{
    m_tree->edit();
}

// The selected run, or those of the selected comparison; none while one of them is going.
QStringList ComparePage::removable() const
{
    const auto& session = m_workbench.session();
    const auto runs = selected().isEmpty() ? m_tree->groups().runsOf(m_tree->currentComparison()) : QStringList{selected()};
    const bool going = std::ranges::any_of(runs, [&](const QString& id) {
        const RunRow* run = m_runs.find(id);
        return session.running().contains(id) || session.queued().contains(id) || (run != nullptr && isGoing(run->state));
    });
    return going ? QStringList() : runs;
}

void ComparePage::remove()
{
    const auto runs = removable();
    if (runs.isEmpty())
        return;
    const bool one = !selected().isEmpty();
    const RunRow* run = m_runs.find(runs.front());
    auto* box = new QMessageBox(this);
    box->setObjectName("confirmDelete");
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setIcon(QMessageBox::Warning);
    box->setTextFormat(Qt::PlainText);
    box->setWindowTitle(one ? tr("Delete the run?") : tr("Delete the comparison?"));
    const auto name = one && run != nullptr ? format::shown(run->name.empty() ? run->id : run->name)
                                            : m_tree->groups().titleOf(m_tree->currentComparison());
    const auto question = one ? tr("Delete the run “%1” with its curves, checkpoints and adapter? This cannot be undone.")
        : runs.size() == 1
        ? tr("Delete the comparison “%1” with its run, the curves, checkpoints and adapter? This cannot be undone.")
        : tr("Delete the comparison “%1” with its %n runs, their curves, checkpoints and adapters? This cannot be undone.", nullptr,
            int(runs.size()));
    box->setText(question.arg(name));
    auto* yes = box->addButton(tr("Delete"), QMessageBox::DestructiveRole);
    yes->setObjectName("confirmDeleteButton");
    box->setDefaultButton(box->addButton(QMessageBox::Cancel));
    connect(yes, &QPushButton::clicked, this, [this, runs] { m_runs.removeRuns(runs); });
    box->open();
}

void ComparePage::resume()
{
    const auto begun = resumable(false), waiting = resumable(true);
    if (!begun.isEmpty())
        m_workbench.session().start(begun, true);
    if (!waiting.isEmpty())
        m_workbench.session().start(waiting);
    refreshActions();
    m_workbench.showPage(QStringLiteral("run"));
}

void ComparePage::exportCsv()
{
    auto* dialog = new QFileDialog(this, tr("Save the curves as CSV"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setNameFilter(tr("CSV files (*.csv)"));
    dialog->setDefaultSuffix("csv");
    connect(dialog, &QFileDialog::fileSelected, this,
        [this, id = selected()](const QString& file) { exportCsvTo(id, file); });
    dialog->open();
}

void ComparePage::exportCsvTo(const QString& run, const QString& file)
{
    m_reader.read<std::string>([id = format::plain(run)](RunStore& store) { return store.csv(id); },
        [this, file](std::string& text) {
            QSaveFile out(file);
            const auto bytes = QByteArray::fromStdString(text);
            const bool written = out.open(QIODevice::WriteOnly) && out.write(bytes) == bytes.size() && out.commit();
            m_messages->say(written
                    ? tr("Saved as %1").arg(file)
                    : tr("%1 could not be written: %2. Choose another folder.").arg(file, out.errorString()),
                !written);
        });
}

void ComparePage::copyCommand()
{
    m_reader.read<RunConfig>([id = format::plain(selected())](RunStore& store) { return store.config(id); },
        [this](RunConfig& config) {
            QGuiApplication::clipboard()->setText(format::text(commandLine(config)));
            m_workbench.notify(tr("Command copied"));
        });
}

}  // namespace rankwright
