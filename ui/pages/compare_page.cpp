// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The page's actions stand in the context menu, on buttons and on keys alike. The store is never touched on this
// thread.
#include "ui/pages/compare_page.h"

#include "ui/format.h"
#include "ui/widgets/compare_charts.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/message_bar.h"

#include <QAction>
#include <QClipboard>
#include <QComboBox>
#include <QFileDialog>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QMessageBox>
#include <QPushButton>
#include <QSaveFile>
#include <QSortFilterProxyModel>
#include <QSplitter>
#include <QStackedLayout>
#include <QTableView>
#include <QTableWidget>

namespace rankwright {

namespace {

constexpr int kFollow = 2000;   // ms between two reads while a run goes on

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
    connect(&m_follow, &QTimer::timeout, this, [this] {
        if (m_workbench.session().isBusy())
            m_runs.reload();
    });
    connect(&m_runs, &RunTable::loaded, this, &ComparePage::runsLoaded);
    connect(&m_runs, &RunTable::changed, &m_workbench, &Workbench::runsHaveChanged);
    connect(&m_runs, &RunTable::problem, this, [this](const QString& text) { m_messages->say(text, true); });
    connect(m_charts, &CompareCharts::problem, this, [this](const QString& text) { m_messages->say(text, true); });
    connect(&m_reader, &StoreReader::failed, this, [this](const QString& text) { m_messages->say(text, true); });
    connect(&m_workbench, &Workbench::runsChanged, &m_runs, &RunTable::reload);
    auto& session = m_workbench.session();
    connect(&session, &RunSession::runStarted, this, &ComparePage::refreshActions);
    connect(&session, &RunSession::idle, this, &ComparePage::refreshActions);
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
    auto* both = new QSplitter(Qt::Horizontal, box);
    both->setChildrenCollapsible(false);
    both->setHandleWidth(16);
    both->addWidget(makeRuns());
    both->addWidget(m_charts);
    both->setStretchFactor(0, 0);
    both->setStretchFactor(1, 1);
    both->setSizes({612, 548});
    column->addWidget(makeTitle(title(), box));
    column->addWidget(m_messages);
    column->addWidget(both, 1);
    return box;
}

QWidget* ComparePage::makeRuns()
{
    auto* box = new QWidget(this);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    m_sorted = new QSortFilterProxyModel(this);
    m_sorted->setSourceModel(&m_runs);
    m_sorted->setSortRole(RunTable::kSortRole);
    m_view = new QTableView(box);
    m_view->setObjectName("runTable");
    m_view->setAccessibleName(tr("Stored runs"));
    m_view->setModel(m_sorted);
    m_view->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_view->setSelectionMode(QAbstractItemView::SingleSelection);
    m_view->setEditTriggers(QAbstractItemView::DoubleClicked);
    m_view->setSortingEnabled(true);
    m_view->horizontalHeader()->setSortIndicator(-1, Qt::AscendingOrder);   // newest first until a header is clicked
    m_view->setTabKeyNavigation(false);
    m_view->setShowGrid(false);
    m_view->setAlternatingRowColors(true);
    m_view->setWordWrap(false);
    m_view->setIconSize({26, 16});
    m_view->verticalHeader()->hide();
    m_view->verticalHeader()->setDefaultSectionSize(28);
    m_view->horizontalHeader()->setHighlightSections(false);
    // Pixels. The name stays readable; what does not fit beside it is reached by scrolling. Wide enough for "1,000 / 1,000".
    const std::map<int, int> widths
        = {{RunTable::nameColumn, 170}, {RunTable::methodColumn, 64}, {RunTable::stateColumn, 80}, {RunTable::bestEvalColumn, 76},
            {RunTable::lossColumn, 76}, {RunTable::stepsColumn, 96}, {RunTable::timeColumn, 76}};
    m_view->horizontalHeader()->setMinimumSectionSize(48);
    for (const auto& [section, width] : widths)
        m_view->setColumnWidth(section, width);
    makeActions();
    connect(m_view->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& index) {
        if (index.isValid())
            m_selected = index.data(RunTable::kIdRole).toString();
        refreshActions();
    });
    column->addWidget(m_view, 3);
    column->addWidget(makeButtons(box));
    column->addSpacing(8);
    auto* against = new QHBoxLayout;
    against->addWidget(makeHeading(tr("Against the baseline"), box));
    against->addWidget(m_charts->baselineBox(), 1);
    column->addLayout(against);
    column->addWidget(m_charts->reachTable(), 2);
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
    auto* action = new QAction(text, m_view);
    action->setObjectName(name);
    action->setWhatsThis(help);
    action->setShortcutContext(Qt::WidgetShortcut);   // not while a name is being typed
    m_view->addAction(action);
    return action;
}

void ComparePage::makeActions()
{
    m_resumeAction = makeAction(
        tr("Resume"), "resumeAction", tr("Goes on from the newest checkpoint of a stopped, interrupted or failed run"));
    m_renameAction = makeAction(tr("Rename"), "renameAction", tr("Gives the run another name (F2)"));
    m_removeAction
        = makeAction(tr("Delete…"), "deleteAction", tr("Deletes the run, its checkpoints and its adapter (Del)"));
    m_csvAction = makeAction(tr("CSV…"), "csvAction", tr("Writes all curves of the run as a CSV file"));
    m_commandAction = makeAction(tr("Command"), "commandAction", tr("Copies the command line that repeats the run"));
    m_baselineAction
        = makeAction(tr("Use as baseline"), "baselineAction", tr("Compares the other ticked runs with this one"));
    m_renameAction->setShortcut(QKeySequence(Qt::Key_F2));
    m_removeAction->setShortcut(QKeySequence(Qt::Key_Delete));
    m_view->setContextMenuPolicy(Qt::ActionsContextMenu);
    connect(m_resumeAction, &QAction::triggered, this, &ComparePage::resume);
    connect(m_renameAction, &QAction::triggered, this, &ComparePage::rename);
    connect(m_removeAction, &QAction::triggered, this, &ComparePage::remove);
    connect(m_csvAction, &QAction::triggered, this, &ComparePage::exportCsv);
    connect(m_commandAction, &QAction::triggered, this, &ComparePage::copyCommand);
    connect(m_baselineAction, &QAction::triggered, this, [this] { m_charts->setBaseline(selected()); });
    refreshActions();
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
    return m_runs.find(m_selected) == nullptr ? QString() : m_selected;
}

void ComparePage::select(const QString& run)
{
    const int row = m_runs.rowOf(run);
    if (row >= 0)
        m_view->setCurrentIndex(m_sorted->mapFromSource(m_runs.index(row, RunTable::nameColumn)));
}

void ComparePage::runsLoaded()
{
    m_stack->setCurrentIndex(m_runs.runs().empty() ? 0 : 1);
    if (!m_view->currentIndex().isValid() && !m_runs.runs().empty())
        select(selected().isEmpty() ? format::text(m_runs.runs().front().id) : selected());
    m_charts->reload();   // after the table, whose names the curves carry
    refreshActions();
}

void ComparePage::refreshActions()
{
    const RunRow* run = m_runs.find(m_selected);
    const auto& session = m_workbench.session();
    const bool here = session.current() == m_selected || session.queued().contains(m_selected);
    const bool going = run != nullptr && (here || isGoing(run->state));
    const bool resumable = run != nullptr
        && (run->state == RunState::stopped || run->state == RunState::interrupted || run->state == RunState::failed);
    m_resumeAction->setEnabled(resumable && !here && !run->filesMissing);
    m_removeAction->setEnabled(run != nullptr && !going);
    for (QAction* action : {m_renameAction, m_csvAction, m_commandAction})
        action->setEnabled(run != nullptr);
    m_baselineAction->setEnabled(run != nullptr && m_runs.ticked().contains(m_selected));
}

void ComparePage::rename()
{
    const int row = m_runs.rowOf(m_selected);
    if (row < 0)
        return;
    const auto index = m_sorted->mapFromSource(m_runs.index(row, RunTable::nameColumn));
    m_view->setCurrentIndex(index);
    m_view->edit(index);
}

void ComparePage::remove()
{
    const RunRow* run = m_runs.find(m_selected);
    if (run == nullptr)
        return;
    auto* box = new QMessageBox(this);
    box->setObjectName("confirmDelete");
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setIcon(QMessageBox::Warning);
    box->setTextFormat(Qt::PlainText);
    box->setWindowTitle(tr("Delete the run?"));
    box->setText(tr("Delete the run “%1” with its curves, checkpoints and adapter? This cannot be undone.")
        .arg(format::shown(run->name.empty() ? run->id : run->name)));
    auto* yes = box->addButton(tr("Delete"), QMessageBox::DestructiveRole);
    yes->setObjectName("confirmDeleteButton");
    box->setDefaultButton(box->addButton(QMessageBox::Cancel));
    connect(yes, &QPushButton::clicked, this, [this, id = m_selected] { m_runs.removeRun(id); });
    box->open();
}

void ComparePage::resume()
{
    m_workbench.session().start({m_selected}, true);
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
        [this, id = m_selected](const QString& file) { exportCsvTo(id, file); });
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
    m_reader.read<RunConfig>([id = format::plain(m_selected)](RunStore& store) { return store.config(id); },
        [this](RunConfig& config) {
            QGuiApplication::clipboard()->setText(format::text(commandLine(config)));
            m_workbench.notify(tr("Command copied"));
        });
}

}  // namespace rankwright
