// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/config_table.h"

#include <QCheckBox>
#include <QHeaderView>
#include <QTableView>
#include <QVBoxLayout>

namespace rankwright {

ConfigTable::ConfigTable(const QString& accessibleName, QWidget* parent) : QWidget(parent), m_table(new QTableView(this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 8, 0, 0);
    auto* only = new QCheckBox(tr("Only differences"), this);
    only->setObjectName("onlyDifferences");
    only->setChecked(m_diff.onlyDifferences());
    connect(only, &QCheckBox::toggled, &m_diff, &ConfigDiff::setOnlyDifferences);
    m_table->setObjectName("configTable");
    m_table->setAccessibleName(accessibleName);
    m_table->setModel(&m_diff);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setTabKeyNavigation(false);
    m_table->setAlternatingRowColors(true);
    m_table->setShowGrid(false);
    m_table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_table->horizontalHeader()->setHighlightSections(false);
    m_table->horizontalHeader()->setDefaultSectionSize(168);
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_table->verticalHeader()->setDefaultSectionSize(26);
    column->addWidget(only);
    column->addWidget(m_table, 1);
}

void ConfigTable::setColumns(const std::vector<ConfigDiff::Column>& columns)
{
    m_diff.setRuns(columns);
}

}  // namespace rankwright
