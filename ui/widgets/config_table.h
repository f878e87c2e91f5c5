// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Configurations side by side with the choice to see only what differs.
#pragma once

#include "ui/models/config_diff.h"

#include <QWidget>

class QTableView;

namespace rankwright {

class ConfigTable : public QWidget
{
    Q_OBJECT
public:
    ConfigTable(const QString& accessibleName, QWidget* parent = nullptr);
    void setColumns(const std::vector<ConfigDiff::Column>& columns);

private:
    ConfigDiff m_diff;
    QTableView* m_table;   // "configTable"; the box over it: "onlyDifferences"
};

}  // namespace rankwright
