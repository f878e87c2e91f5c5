// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// An index inside a comparison carries its group's number plus one; rows at the top carry zero.
#include "ui/models/run_groups.h"

#include "ui/format.h"
#include "ui/theme.h"

#include <QSize>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace rankwright {

namespace {

constexpr int kRowHeight = 24;   // px

// Comparisons that are called by their arms are told apart by their dates.
QString shownTitle(const Comparison& comparison)
{
    Comparison unnamed = comparison;
    unnamed.name.clear();
    const auto title = titleOf(comparison), arms = titleOf(unnamed);
    return title != arms ? format::shown(title, 80)
                         : QStringLiteral("%1 · %2").arg(format::shown(arms, 80), format::when(comparison.created));
}

}  // namespace

RunGroups::RunGroups(RunTable& runs, QObject* parent) : QAbstractItemModel(parent), m_runs(runs)
{
    connect(&m_runs, &QAbstractItemModel::modelReset, this, [this] {
        beginResetModel();
        rebuild();
        endResetModel();
    });
    connect(&m_runs, &QAbstractItemModel::dataChanged, this, &RunGroups::refresh);
    rebuild();
}

// The table has the newest run first; within a comparison the order of training reads better.
void RunGroups::rebuild()
{
    m_groups.clear();
    m_loose.clear();
    std::map<std::string, size_t> numbers;
    const auto group = [&](Group group) {
        if (!group.id.isEmpty() && numbers.emplace(format::plain(group.id), m_groups.size()).second)
            m_groups.push_back(std::move(group));
    };
    for (const Comparison& comparison : m_runs.comparisons())
        group({format::text(comparison.id), shownTitle(comparison), format::text(comparison.name)});
    const auto& rows = m_runs.runs();
    for (const RunRow& run : rows)   // of an earlier version, or whose runs came alone
        group({format::text(run.comparison), tr("Comparison %1").arg(format::shown(run.comparison, 40))});
    for (int row = int(rows.size()) - 1; row >= 0; --row)
        if (const auto found = numbers.find(rows[size_t(row)].comparison); found != numbers.end())
            m_groups[found->second].rows.push_back(row);
    for (int row = 0; row < int(rows.size()); ++row)
        if (!numbers.contains(rows[size_t(row)].comparison))
            m_loose.push_back(row);
    std::erase_if(m_groups, [](const Group& group) { return group.rows.empty(); });
    m_places.assign(rows.size(), {});
    for (size_t number = 0; number < m_groups.size(); ++number)
        for (size_t i = 0; i < m_groups[number].rows.size(); ++i)
            m_places[size_t(m_groups[number].rows[i])] = {int(number), int(i)};
    for (size_t i = 0; i < m_loose.size(); ++i)
        m_places[size_t(m_loose[i])] = {-1, int(i)};
}

// Rows of the table; a comparison's own row changes with any of its runs.
void RunGroups::refresh(const QModelIndex& first, const QModelIndex& last)
{
    std::set<int> groups;
    int from = -1, to = -1;   // of the loose ones, which lie as in the table
    for (int row = first.row(); row <= last.row() && row < int(m_places.size()); ++row) {
        const Place& place = m_places[size_t(row)];
        if (place.group >= 0) {
            groups.insert(place.group);
        } else {
            from = from < 0 ? place.position : from;
            to = place.position;
        }
    }
    const int columns = columnCount() - 1;
    if (from >= 0)
        emit dataChanged(index(int(m_groups.size()) + from, 0), index(int(m_groups.size()) + to, columns));
    for (const int number : groups) {
        const auto group = index(number, 0);
        emit dataChanged(index(0, 0, group), index(rowCount(group) - 1, columns, group));
        emit dataChanged(group, index(number, columns));
    }
}

int RunGroups::tableRow(const QModelIndex& index) const
{
    return isComparison(index) ? -1 : inTable(index).row();
}

bool RunGroups::matches(const QModelIndex& index, const QString& lowerCase) const
{
    return isComparison(index) ? m_groups[size_t(index.row())].title.toLower().contains(lowerCase) : m_runs.matches(tableRow(index), lowerCase);
}

bool RunGroups::isLess(const QModelIndex& left, const QModelIndex& right) const
{
    if (!isComparison(left))
        return m_runs.isLess(tableRow(left), tableRow(right), left.column());
    const auto &a = m_groups[size_t(left.row())], &b = m_groups[size_t(right.row())];
    if (left.column() != RunTable::bestEvalColumn && left.column() != RunTable::timeColumn)
        return groupText(a, left.column()) < groupText(b, left.column());
    const double one = groupSort(a, left.column()).toDouble(), other = groupSort(b, left.column()).toDouble();
    return std::isnan(other) ? !std::isnan(one) : one < other;
}

QModelIndex RunGroups::indexOfRun(const QString& run) const
{
    const int row = m_runs.rowOf(run);
    if (row < 0 || size_t(row) >= m_places.size())
        return {};
    const Place& place = m_places[size_t(row)];
    return place.group < 0 ? index(int(m_groups.size()) + place.position, 0) : index(place.position, 0, index(place.group, 0));
}

QModelIndex RunGroups::indexOfComparison(const QString& comparison) const
{
    for (size_t i = 0; i < m_groups.size(); ++i)
        if (m_groups[i].id == comparison)
            return index(int(i), 0);
    return {};
}

bool RunGroups::isComparison(const QModelIndex& index) const
{
    return index.isValid() && index.internalId() == 0 && index.row() < int(m_groups.size());
}

QString RunGroups::titleOf(const QString& comparison) const
{
    const auto found = std::ranges::find(m_groups, comparison, &Group::id);
    return found == m_groups.end() ? QString() : found->title;
}

QStringList RunGroups::runsOf(const QString& comparison) const
{
    QStringList ids;
    for (const Group& group : m_groups)
        if (group.id == comparison)
            for (const int row : group.rows)
                ids << format::text(m_runs.runs()[size_t(row)].id);
    return ids;
}

QModelIndex RunGroups::index(int row, int column, const QModelIndex& parent) const
{
    if (row < 0 || row >= rowCount(parent) || column < 0 || column >= columnCount(parent))
        return {};
    return createIndex(row, column, parent.isValid() ? quintptr(parent.row()) + 1 : quintptr(0));
}

QModelIndex RunGroups::parent(const QModelIndex& child) const
{
    return child.isValid() && child.internalId() > 0 ? createIndex(int(child.internalId()) - 1, 0, quintptr(0)) : QModelIndex();
}

int RunGroups::rowCount(const QModelIndex& parent) const
{
    if (!parent.isValid())
        return int(m_groups.size() + m_loose.size());
    return parent.column() == 0 && isComparison(parent) ? int(m_groups[size_t(parent.row())].rows.size()) : 0;
}

int RunGroups::columnCount(const QModelIndex&) const
{
    return int(RunTable::columns);
}

QModelIndex RunGroups::inTable(const QModelIndex& index) const
{
    if (!index.isValid() || isComparison(index))
        return {};
    const auto row = size_t(index.row());
    return m_runs.index(
        index.internalId() > 0 ? m_groups[index.internalId() - 1].rows[row] : m_loose[row - m_groups.size()], index.column());
}

QVariant RunGroups::data(const QModelIndex& index, int role) const
{
    if (!index.isValid())
        return {};
    if (role == Qt::SizeHintRole)
        return index.column() == 0 ? QVariant(QSize(0, kRowHeight)) : QVariant();
    if (isComparison(index))
        return groupData(m_groups[size_t(index.row())], index.column(), role);
    if (role == kComparisonRole)
        return index.internalId() > 0 ? m_groups[index.internalId() - 1].id : QString();
    return m_runs.data(inTable(index), role);
}

Qt::CheckState RunGroups::tickOf(const Group& group) const
{
    const auto count = std::count_if(group.rows.begin(), group.rows.end(),
        [&](int row) { return m_runs.isTicked(m_runs.runs()[size_t(row)]); });
    return count == 0 ? Qt::Unchecked : count == qsizetype(group.rows.size()) ? Qt::Checked : Qt::PartiallyChecked;
}

QString RunGroups::groupText(const Group& group, int column) const
{
    const auto& runs = m_runs.runs();
    switch (column) {
    case RunTable::nameColumn:
        return group.title;
    case RunTable::stateColumn: {
        const auto over = std::count_if(group.rows.begin(), group.rows.end(), [&](int row) {
            return runs[size_t(row)].state == RunState::finished || runs[size_t(row)].state == RunState::diverged;
        });
        return tr("%1 of %2").arg(over).arg(group.rows.size());
    }
    case RunTable::bestEvalColumn:
        return format::number(groupSort(group, column).toDouble());
    case RunTable::timeColumn:
        return format::duration(groupSort(group, column).toDouble());
    default:
        return {};
    }
}

QVariant RunGroups::groupSort(const Group& group, int column) const
{
    double best = std::numeric_limits<double>::quiet_NaN(), seconds = 0;
    for (const int row : group.rows) {
        const RunRow& run = m_runs.runs()[size_t(row)];
        best = std::isnan(best) || run.bestEval < best ? run.bestEval : best;
        seconds += run.seconds;
    }
    return column == RunTable::bestEvalColumn ? QVariant(best)
        : column == RunTable::timeColumn      ? QVariant(seconds)
                                              : QVariant(groupText(group, column));
}

QVariant RunGroups::groupData(const Group& group, int column, int role) const
{
    const bool isName = column == RunTable::nameColumn;
    switch (role) {
    case Qt::DisplayRole:
        return groupText(group, column);
    case Qt::EditRole:
        return isName ? QVariant(group.name.value_or(QString())) : QVariant();
    case Qt::CheckStateRole:
        return isName ? QVariant(tickOf(group)) : QVariant();
    case Qt::FontRole:
        return isName ? QVariant(theme::headingFont()) : QVariant();
    case Qt::TextAlignmentRole:
        return int((column >= RunTable::bestEvalColumn ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    case Qt::ToolTipRole:   // escaped: a view shows tool tips as rich text where they look like it
        return QStringLiteral("<qt>%1</qt>").arg(
            tr("The comparison %1 of %2 runs: %3 have finished\nId %4").arg(group.title).arg(group.rows.size())
                .arg(groupText(group, RunTable::stateColumn), format::shown(format::plain(group.id), 40)).toHtmlEscaped()
                .replace('\n', "<br>"));
    case kComparisonRole:
        return group.id;
    case RunTable::kSortRole: {
        const auto value = groupSort(group, column);   // what has none goes to the end of an ascending order
        return std::isnan(value.toDouble()) && column == RunTable::bestEvalColumn ? QVariant(HUGE_VAL) : value;
    }
    default:
        return {};
    }
}

bool RunGroups::setData(const QModelIndex& index, const QVariant& value, int role)
{
    if (!isComparison(index))
        return index.isValid() && m_runs.setData(inTable(index), value, role);
    const Group& group = m_groups[size_t(index.row())];
    if (role == Qt::EditRole && group.name && value.toString().trimmed() != *group.name) {
        m_runs.renameComparison(group.id, value.toString().trimmed());
        return true;
    }
    if (role != Qt::CheckStateRole)
        return false;
    QStringList ticked = m_runs.ticked();
    for (const QString& run : runsOf(group.id)) {
        ticked.removeAll(run);
        if (value.toInt() == Qt::Checked)
            ticked << run;
    }
    m_runs.tick(ticked);
    return true;
}

QVariant RunGroups::headerData(int section, Qt::Orientation orientation, int role) const
{
    return m_runs.headerData(section, orientation, role);
}

Qt::ItemFlags RunGroups::flags(const QModelIndex& index) const
{
    if (!isComparison(index))
        return index.isValid() ? m_runs.flags(inTable(index)) : Qt::NoItemFlags;
    auto flags = QAbstractItemModel::flags(index);
    if (index.column() == RunTable::nameColumn)
        flags |= Qt::ItemIsUserCheckable;
    if (index.column() == RunTable::nameColumn && m_groups[size_t(index.row())].name)
        flags |= Qt::ItemIsEditable;
    return flags;
}

RunSort::RunSort(QObject* parent) : QSortFilterProxyModel(parent)
{
    setSortRole(RunTable::kSortRole);
    setRecursiveFilteringEnabled(true);
    setAutoAcceptChildRows(true);
}

void RunSort::setText(const QString& text)
{
    m_text = text.toLower();
    invalidateFilter();
}

bool RunSort::filterAcceptsRow(int row, const QModelIndex& parent) const
{
    const auto* groups = static_cast<const RunGroups*>(sourceModel());
    return m_text.isEmpty() || groups->matches(groups->index(row, 0, parent), m_text);
}

bool RunSort::lessThan(const QModelIndex& left, const QModelIndex& right) const
{
    const auto* groups = static_cast<const RunGroups*>(sourceModel());
    const bool first = groups->isComparison(left), second = groups->isComparison(right);
    if (first != second)
        return first == (sortOrder() == Qt::AscendingOrder);
    return groups->isLess(left, right);
}

}  // namespace rankwright
