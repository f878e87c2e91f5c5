// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The matrices of a model that can carry an adapter: one row for those of a kind, shape and stored type, or one for each.
#pragma once

#include "training/api/reports.h"

#include <QAbstractTableModel>

namespace rankwright {

class ModuleList : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column { name, count, rows, cols, parameters, dtype, columns };
    using QAbstractTableModel::QAbstractTableModel;
    void setModules(const std::vector<ModuleInfo>& modules, bool each);

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    struct Line { std::string name; int64_t count = 0, rows = 0, cols = 0; std::string dtype; };
    [[nodiscard]] QString text(const Line& line, int column) const;
    std::vector<Line> m_lines;
};

}  // namespace rankwright
