// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The run table as a tree: a comparison is a row that opens into its runs; runs of none follow.
#pragma once

#include "ui/models/run_table.h"

#include <QAbstractItemModel>
#include <QSortFilterProxyModel>

#include <optional>

namespace rankwright {

class RunGroups : public QAbstractItemModel
{
    Q_OBJECT
public:
    static constexpr int kComparisonRole = Qt::UserRole + 2;   // id of the comparison that a row is or belongs to

    explicit RunGroups(RunTable& runs, QObject* parent = nullptr);
    [[nodiscard]] QModelIndex indexOfRun(const QString& run) const;                 // invalid: not there
    [[nodiscard]] QModelIndex indexOfComparison(const QString& comparison) const;
    [[nodiscard]] bool isComparison(const QModelIndex& index) const;
    [[nodiscard]] QString titleOf(const QString& comparison) const;                 // as its row shows it
    [[nodiscard]] QStringList runsOf(const QString& comparison) const;              // as they were planned
    [[nodiscard]] const RunTable& table() const { return m_runs; }
    [[nodiscard]] int tableRow(const QModelIndex& index) const;                     // -1: a comparison
    [[nodiscard]] bool matches(const QModelIndex& index, const QString& lowerCase) const;
    [[nodiscard]] bool isLess(const QModelIndex& left, const QModelIndex& right) const;   // two comparisons, or two runs

    [[nodiscard]] QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
    [[nodiscard]] QModelIndex parent(const QModelIndex& child) const override;
    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    [[nodiscard]] Qt::ItemFlags flags(const QModelIndex& index) const override;

private:
    struct Group
    {
        QString id, title;
        std::optional<QString> name = std::nullopt;   // as it was given, maybe empty; nothing: of no stored comparison
        std::vector<int> rows = {};                   // of the table
    };
    void rebuild();
    void refresh(const QModelIndex& first, const QModelIndex& last);
    [[nodiscard]] QModelIndex inTable(const QModelIndex& index) const;   // of a run; invalid for a comparison
    [[nodiscard]] QVariant groupData(const Group& group, int column, int role) const;
    [[nodiscard]] QVariant groupSort(const Group& group, int column) const;
    [[nodiscard]] QString groupText(const Group& group, int column) const;
    [[nodiscard]] Qt::CheckState tickOf(const Group& group) const;

    RunTable& m_runs;
    std::vector<Group> m_groups;
    std::vector<int> m_loose;
    struct Place { int group = -1, position = 0; };   // group -1: among the loose ones
    std::vector<Place> m_places;                      // by the table's row
};

// Comparisons stay above the runs of none however the rows are sorted; a comparison is found by its runs and the reverse.
class RunSort : public QSortFilterProxyModel
{
    Q_OBJECT
public:
    explicit RunSort(QObject* parent = nullptr);

    void setText(const QString& text);

protected:
    [[nodiscard]] bool filterAcceptsRow(int row, const QModelIndex& parent) const override;
    [[nodiscard]] bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;

private:
    QString m_text;   // lower case; empty: all
};

}  // namespace rankwright
