// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Stored runs as a table: tick, colour and dash of the run's curve, name (editable), method, state, best evaluation
// loss, metric, last loss, steps, time, learning rate, seed, most memory; and the stored comparisons that they belong to.
#pragma once

#include "storage/runs/comparison.h"
#include "ui/models/store_reader.h"

#include <QAbstractTableModel>
#include <QColor>
#include <QStringList>

#include <functional>
#include <map>
#include <unordered_map>

namespace rankwright {

class RunTable : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column
    {
        nameColumn, methodColumn, stateColumn, bestEvalColumn, metricColumn, lossColumn, stepsColumn, timeColumn, rateColumn,
        seedColumn, peakColumn, columns
    };
    static constexpr int kIdRole = Qt::UserRole;
    static constexpr int kSortRole = Qt::UserRole + 1;

    explicit RunTable(std::filesystem::path dataDirectory, QObject* parent = nullptr);
    void reload();                                            // answers with loaded() or problem()
    // Reads those runs again that are under way, and everything where runs came or went; loaded() where anything was new.
    void follow();
    [[nodiscard]] const std::vector<RunRow>& runs() const { return m_runs; }
    [[nodiscard]] const std::vector<Comparison>& comparisons() const { return m_comparisons; }   // newest first
    [[nodiscard]] const RunRow* find(const QString& id) const;
    [[nodiscard]] int rowOf(const QString& id) const;         // -1: not there
    [[nodiscard]] QStringList ticked() const;                 // in the table's order
    void tick(const QStringList& ids);                        // exactly these
    [[nodiscard]] bool isTicked(const RunRow& run) const;
    [[nodiscard]] QColor colorOf(const QString& id) const;
    [[nodiscard]] Qt::PenStyle styleOf(const QString& id) const;
    void removeRuns(const QStringList& ids);   // one after the other, until one cannot be removed
    void renameComparison(const QString& id, const QString& name);
    // Last measured values of a run, by the series' name ("metric/accuracy"); and whether any run has one.
    [[nodiscard]] const std::map<QString, double>& metrics(const QString& id) const;
    [[nodiscard]] bool hasMetrics() const { return !m_metrics.empty(); }
    // Straight from the rows: a view asks a hundred thousand times for one sorting.
    [[nodiscard]] bool matches(int row, const QString& lowerCase) const;   // in its name, method, state, arm or id
    [[nodiscard]] bool isLess(int left, int right, int column) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;

signals:
    void loaded();
    void ticksChanged();
    void changed();                                           // a run was renamed or deleted
    void problem(const QString& text);

private:
    using Metrics = std::map<QString, std::map<QString, double>>;   // run -> series -> value
    struct Stored { std::vector<RunRow> runs; std::vector<Comparison> comparisons; Metrics metrics; RunStore::Extent extent; };
    struct Followed { std::vector<RunRow> runs; Metrics metrics; RunStore::Extent extent; };
    static Metrics lastMetrics(RunStore& store);
    void lookUp();                                            // what is looked up by id, and the best of each comparison
    void receiveFollowed(Followed& followed);
    [[nodiscard]] double metricOf(const RunRow& run) const;      // the first of them; NaN where there is none
    [[nodiscard]] bool isBestMetric(const RunRow& run) const;    // of its comparison
    [[nodiscard]] QString tip(const RunRow& run) const;
    void receive(Stored& stored);
    void setTick(const QString& id, bool on);
    void tellRows(std::vector<int> rows);
    void rename(const QString& id, const QString& name);
    void change(const std::function<void(RunStore&)>& work);
    [[nodiscard]] QString text(const RunRow& run, int column) const;
    [[nodiscard]] QVariant sortValue(const RunRow& run, int column) const;

    StoreReader m_reader;
    std::vector<RunRow> m_runs;
    std::vector<Comparison> m_comparisons;
    Metrics m_metrics;
    RunStore::Extent m_extent;
    std::unordered_map<std::string, int> m_rowOf;
    std::unordered_map<std::string, double> m_bestMetric;   // of a comparison
    QString m_metricTitle;                                  // where all runs have the same
    mutable std::vector<QString> m_searched;                // lower case, made at the first search
    std::map<QString, int> m_dash;   // ticked runs -> dash pattern, unique among the ticked runs of one method
    bool m_loadedOnce = false;
};

// "LoRA", "PiSSA": how a method is written for people.
[[nodiscard]] QString methodTitle(const std::string& method);
[[nodiscard]] QString stateTitle(RunState state);
// A short line in a run's colour and dash pattern, for lists.
[[nodiscard]] QIcon curveSwatch(const QColor& color, Qt::PenStyle style);

}  // namespace rankwright
