// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A small table of figures: a named row with numbers to the right of it, a colour beside the name where the row is a curve.
#pragma once

#include <QAbstractTableModel>
#include <QColor>
#include <QString>

#include <limits>
#include <vector>

namespace rankwright {

struct Fact
{
    QString text;                    // as shown
    double value = std::numeric_limits<double>::quiet_NaN();   // as copied; NaN: the text
    bool bad = false;                // in the colour of problems
};
struct FactRow
{
    QString key;                     // stable over changes
    QString title, tip;              // plain text
    std::vector<Fact> facts;         // from the second column on
    QColor color;                    // invalid: none
};

class FactTable : public QAbstractTableModel
{
    Q_OBJECT
public:
    using QAbstractTableModel::QAbstractTableModel;
    // Rows whose keys stay the same keep their selection.
    void setFacts(const QStringList& columns, std::vector<FactRow> rows);
    [[nodiscard]] const FactRow* row(int row) const;
    [[nodiscard]] int rowOf(const QString& key) const;            // -1: not there
    [[nodiscard]] QString csv() const;

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    QStringList m_columns;
    std::vector<FactRow> m_rows;
};

}  // namespace rankwright
