// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/models/fact_table.h"

#include "ui/format.h"
#include "ui/plots/plot_style.h"
#include "ui/theme.h"
#include "ui/widgets/labels.h"

#include <algorithm>
#include <cmath>

namespace rankwright {

void FactTable::setFacts(const QStringList& columns, std::vector<FactRow> rows)
{
    const bool same = columns == m_columns
        && std::equal(rows.begin(), rows.end(), m_rows.begin(), m_rows.end(),
            [](const FactRow& a, const FactRow& b) { return a.key == b.key; });
    if (same) {
        m_rows = std::move(rows);
        if (!m_rows.empty())
            emit dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
        return;
    }
    beginResetModel();
    m_columns = columns;
    m_rows = std::move(rows);
    endResetModel();
}

const FactRow* FactTable::row(int row) const
{
    return row >= 0 && size_t(row) < m_rows.size() ? &m_rows[size_t(row)] : nullptr;
}

int FactTable::rowOf(const QString& key) const
{
    const auto found = std::find_if(m_rows.begin(), m_rows.end(), [&key](const FactRow& row) { return row.key == key; });
    return found == m_rows.end() ? -1 : int(found - m_rows.begin());
}

QString FactTable::csv() const
{
    QStringList titles;
    for (const QString& column : m_columns)
        titles.append(plots::csvField(format::plain(column)));
    QString out = titles.join(',') + '\n';
    for (const FactRow& row : m_rows) {
        QStringList cells{plots::csvField(format::plain(row.title))};
        for (const Fact& fact : row.facts)
            cells.append(std::isnan(fact.value) ? plots::csvField(format::plain(fact.text)) : QString::number(fact.value, 'g', 9));
        out += cells.join(',') + '\n';
    }
    return out;
}

int FactTable::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_rows.size());
}

int FactTable::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_columns.size());
}

QVariant FactTable::data(const QModelIndex& index, int role) const
{
    const FactRow* at = row(index.row());
    if (!index.isValid() || !at)
        return {};
    const bool name = index.column() == 0;
    const Fact fact = !name && size_t(index.column()) <= at->facts.size() ? at->facts[size_t(index.column() - 1)] : Fact();
    switch (role) {
    case Qt::DisplayRole:
        return name ? at->title : fact.text;
    case Qt::DecorationRole:
        return name && at->color.isValid() ? QVariant(at->color) : QVariant();
    case Qt::TextAlignmentRole:
        return int((name ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    case Qt::ForegroundRole:
        return fact.bad ? QVariant(theme::bad()) : QVariant();
    case Qt::ToolTipRole:
        return at->tip.isEmpty() ? QVariant() : QVariant(QStringLiteral("<qt>%1</qt>").arg(plainMessage(at->tip)));
    case Qt::AccessibleTextRole:
        return name ? at->title : QStringLiteral("%1: %2").arg(m_columns[index.column()], fact.text);
    default:
        return {};
    }
}

QVariant FactTable::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return int((section == 0 ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    return role == Qt::DisplayRole ? QVariant(m_columns.value(section)) : QVariant();
}

}  // namespace rankwright
