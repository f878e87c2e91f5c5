// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What is selected and what is open survive a new list.
#include "ui/widgets/run_tree.h"

#include "ui/theme.h"

#include <QAction>
#include <QEvent>
#include <QHeaderView>
#include <QLineEdit>
#include <QVBoxLayout>

#include <array>

namespace rankwright {

namespace {

constexpr int kNameWidth = 236;   // px; the name gets at least this much before another column is shown
// In the order in which they are shown as room grows. Wide enough for "Interrupted", "1,000 / 1,000", "1 h 05 min".
struct ColumnWidth { int column, width; };
constexpr std::array<ColumnWidth, 10> kWidths{{{RunTable::stateColumn, 80}, {RunTable::metricColumn, 84},
    {RunTable::bestEvalColumn, 76}, {RunTable::lossColumn, 76}, {RunTable::stepsColumn, 96}, {RunTable::timeColumn, 88}, {RunTable::rateColumn, 72},
    {RunTable::seedColumn, 48}, {RunTable::methodColumn, 72}, {RunTable::peakColumn, 80}}};

}  // namespace

RunTree::RunTree(RunTable& runs, QWidget* parent)
    : QWidget(parent), m_runs(runs), m_groups(runs), m_search(new QLineEdit(this)), m_view(new QTreeView(this))
{
    m_search->setObjectName("runSearch");
    m_search->setAccessibleName(tr("Search runs"));
    m_search->setPlaceholderText(tr("Search by name, method or state"));
    m_search->setClearButtonEnabled(true);
    m_search->addAction(theme::icon("search"), QLineEdit::LeadingPosition);
    m_sorted.setSourceModel(&m_groups);
    makeView();
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(m_search);
    column->addWidget(m_view, 1);
    connect(m_search, &QLineEdit::textChanged, this, [this](const QString& text) {
        m_sorted.setText(text.trimmed());
        if (!text.trimmed().isEmpty())
            m_view->expandAll();
    });
    connect(&runs, &RunTable::loaded, this, &RunTree::fitColumns);   // a metric's column comes with the first metric
    connect(&m_groups, &QAbstractItemModel::modelAboutToBeReset, this, &RunTree::remember);
    connect(&m_sorted, &QAbstractItemModel::modelReset, this, &RunTree::restore);
    connect(m_view->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& index) {
        if (m_resetting || !index.isValid())
            return;
        const auto source = m_sorted.mapToSource(index);
        m_run = m_groups.isComparison(source) ? QString() : index.data(RunTable::kIdRole).toString();
        m_comparison = index.data(RunGroups::kComparisonRole).toString();
        emit currentChanged();
    });
    // A click beside the rows takes the mark away, but what the buttons act on stays: so does its mark.
    connect(m_view->selectionModel(), &QItemSelectionModel::selectionChanged, this, [this] {
        auto* selection = m_view->selectionModel();
        if (!m_resetting && !selection->hasSelection() && selection->currentIndex().isValid())
            selection->select(selection->currentIndex(), QItemSelectionModel::Select | QItemSelectionModel::Rows);
    });
}

void RunTree::makeView()
{
    m_view->setObjectName("runTable");
    m_view->setAccessibleName(tr("Stored comparisons and runs"));
    m_view->setModel(&m_sorted);
    m_view->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_view->setSelectionMode(QAbstractItemView::SingleSelection);
    m_view->setEditTriggers(QAbstractItemView::DoubleClicked);
    m_view->setSortingEnabled(true);
    m_view->header()->setSortIndicator(-1, Qt::AscendingOrder);   // newest first until a header is clicked
    m_view->header()->setHighlightSections(false);
    m_view->header()->setStretchLastSection(false);
    m_view->header()->setMinimumSectionSize(40);
    m_view->header()->setSectionResizeMode(RunTable::nameColumn, QHeaderView::Stretch);
    m_view->setTabKeyNavigation(false);
    m_view->setUniformRowHeights(true);
    m_view->setAlternatingRowColors(true);
    m_view->setIndentation(12);
    m_view->setIconSize({26, 16});
    m_view->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_view->viewport()->installEventFilter(this);
    for (const ColumnWidth& width : kWidths)
        m_view->setColumnWidth(width.column, width.width);
    fitColumns();
}

bool RunTree::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_view->viewport() && event->type() == QEvent::Resize)
        fitColumns();
    return QWidget::eventFilter(watched, event);
}

void RunTree::fitColumns()
{
    int left = m_view->viewport()->width() - kNameWidth;
    bool fits = true;
    for (const ColumnWidth& width : kWidths) {
        if (width.column == RunTable::metricColumn && !m_runs.hasMetrics()) {
            m_view->setColumnHidden(width.column, true);
            continue;
        }
        fits = fits && left >= width.width;
        left -= fits ? width.width : 0;
        if (m_view->isColumnHidden(width.column) == fits)
            m_view->setColumnHidden(width.column, !fits);
    }
}

void RunTree::remember()
{
    m_resetting = true;
    m_open.clear();
    for (int row = 0; row < m_sorted.rowCount(); ++row)
        if (const auto index = m_sorted.index(row, 0); m_view->isExpanded(index))
            m_open.insert(index.data(RunGroups::kComparisonRole).toString());
}

void RunTree::restore()
{
    for (int row = 0; row < m_sorted.rowCount(); ++row)
        if (const auto index = m_sorted.index(row, 0); m_open.contains(index.data(RunGroups::kComparisonRole).toString()))
            m_view->setExpanded(index, true);
    const auto source = m_run.isEmpty() ? m_groups.indexOfComparison(m_comparison) : m_groups.indexOfRun(m_run);
    if (source.isValid())
        m_view->setCurrentIndex(m_sorted.mapFromSource(source));
    else
        m_run.clear(), m_comparison.clear();
    m_resetting = false;
}

QString RunTree::currentRun() const
{
    return m_run;
}

QString RunTree::currentComparison() const
{
    return m_comparison;
}

void RunTree::selectRun(const QString& run)
{
    const auto index = m_sorted.mapFromSource(m_groups.indexOfRun(run));
    if (!index.isValid())
        return;
    m_view->setExpanded(index.parent(), true);
    m_view->setCurrentIndex(index);
}

void RunTree::selectComparison(const QString& comparison)
{
    m_view->setCurrentIndex(m_sorted.mapFromSource(m_groups.indexOfComparison(comparison)));
}

bool RunTree::canEdit() const
{
    return m_view->currentIndex().siblingAtColumn(RunTable::nameColumn).flags().testFlag(Qt::ItemIsEditable);
}

void RunTree::edit()
{
    if (canEdit())
        m_view->edit(m_view->currentIndex().siblingAtColumn(RunTable::nameColumn));
}

}  // namespace rankwright
