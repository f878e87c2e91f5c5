// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Configurations side by side: a row a setting, a column a run; optionally only the settings that differ.
#pragma once

#include "training/api/config.h"

#include <QAbstractTableModel>
#include <QString>

namespace rankwright {

class ConfigDiff : public QAbstractTableModel
{
    Q_OBJECT
public:
    struct Column { QString title; RunConfig config; };
    explicit ConfigDiff(QObject* parent = nullptr);
    void setRuns(const std::vector<Column>& runs);
    void setOnlyDifferences(bool on);
    [[nodiscard]] bool onlyDifferences() const { return m_onlyDifferences; }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    struct Row { QString label, key, help; std::vector<QString> cells; bool differs = false; };
    void choose();
    std::vector<QString> m_titles;
    std::vector<Row> m_rows;
    std::vector<size_t> m_visible;
    bool m_onlyDifferences = true;
};

// A configuration value as people read it: "—" for an empty text, maps as "a = b, ...".
[[nodiscard]] QString configValueText(const nlohmann::json& value);

}  // namespace rankwright
