// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The models found on this machine, one a row; those that cannot be used are grey and say why.
#pragma once

#include "training/api/reports.h"

#include <QAbstractTableModel>

namespace rankwright {

class ModelTable : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column { name, architecture, parameters, dtype, size, context, license, source, columns };
    static constexpr int kSortRole = Qt::UserRole;

    using QAbstractTableModel::QAbstractTableModel;
    void setModels(std::vector<ModelInfo> models);
    void add(const ModelInfo& model);  // replaces the one of the same spec
    [[nodiscard]] const ModelInfo* model(int row) const;
    [[nodiscard]] int rowOf(const std::string& spec) const;

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    std::vector<ModelInfo> m_models;
};

// The dtype that most bytes are stored in, and how many other ones there are: "Q4_1 +2".
[[nodiscard]] QString dtypeText(const ModelInfo& model);

}  // namespace rankwright
