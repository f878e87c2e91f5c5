// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The table over stored runs: what each cell shows, ticks with their dash patterns, rename and delete through the
// store.
#include "ui/models/run_table.h"

#include "training/api/catalog.h"
#include "ui/format.h"
#include "ui/models/curve_store.h"
#include "ui/theme.h"

#include <QGuiApplication>
#include <QIcon>
#include <QPainter>
#include <QPalette>
#include <QPixmap>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace rankwright {

QString methodTitle(const std::string& method)
{
    // A stored run may be of a method that this program does not have.
    const MethodCard* card = findMethodCard(method);
    return card == nullptr ? format::shown(method, 24) : format::text(card->title);
}

QString stateTitle(RunState state)
{
    switch (state) {
    case RunState::queued:
        return RunTable::tr("Queued");
    case RunState::running:
        return RunTable::tr("Running");
    case RunState::paused:
        return RunTable::tr("Paused");
    case RunState::stopped:
        return RunTable::tr("Stopped");
    case RunState::finished:
        return RunTable::tr("Finished");
    case RunState::diverged:
        return RunTable::tr("Diverged");
    case RunState::failed:
        return RunTable::tr("Failed");
    case RunState::interrupted:
        return RunTable::tr("Interrupted");
    }
    return {};
}

QIcon curveSwatch(const QColor& color, Qt::PenStyle style)
{
    constexpr int kWidth = 26, kHeight = 16, kScale = 2;
    QPixmap picture(kWidth * kScale, kHeight * kScale);
    picture.setDevicePixelRatio(kScale);
    picture.fill(Qt::transparent);
    QPainter painter(&picture);
    painter.setRenderHint(QPainter::Antialiasing);
    if (color.alpha() > 0) {   // its own ground: the line must be seen on a selected row too
        painter.setPen(Qt::NoPen);
        painter.setBrush(QGuiApplication::palette().color(QPalette::Base));
        painter.drawRoundedRect(QRectF(0, 0, kWidth, kHeight), 3, 3);
    }
    painter.setPen(QPen(color, 3, style, Qt::FlatCap));
    painter.drawLine(QPointF(1, kHeight / 2.0), QPointF(kWidth - 1, kHeight / 2.0));
    painter.end();
    QIcon icon(picture);
    icon.addPixmap(picture, QIcon::Selected);   // not tinted with the selection's colour
    return icon;
}

RunTable::RunTable(std::filesystem::path dataDirectory, QObject* parent)
    : QAbstractTableModel(parent), m_reader(std::move(dataDirectory))
{
    connect(&m_reader, &StoreReader::failed, this, &RunTable::problem);
}

void RunTable::reload()
{
    m_reader.read<Stored>(
        [](RunStore& store) {
            Stored stored{.runs = store.runs(), .comparisons = storedComparisons(store.dataDirectory()), .metrics = lastMetrics(store)};
            return stored;
        },
        [this](Stored& stored) { receive(stored); });
}

// SQLite gives the other columns of a group from the row of its MAX.
RunTable::Metrics RunTable::lastMetrics(RunStore& store)
{
    Metrics found;
    const auto table = store.query("SELECT run.id, series.name, metric.value, MAX(metric.step) FROM metric"
                                   " JOIN series ON series.id = metric.series JOIN run ON run.key = metric.run"
                                   " WHERE series.name LIKE 'metric/%' GROUP BY metric.run, metric.series");
    for (const auto& row : table.rows)
        if (row.size() >= 3 && row[0] && row[1] && row[2])
            found[format::text(*row[0])][format::text(*row[1])] = QString::fromStdString(*row[2]).toDouble();
    return found;
}

const std::map<QString, double>& RunTable::metrics(const QString& id) const
{
    static const std::map<QString, double> none;
    const auto found = m_metrics.find(id);
    return found == m_metrics.end() ? none : found->second;
}

double RunTable::metricOf(const RunRow& run) const
{
    const auto& all = metrics(format::text(run.id));
    return all.empty() ? std::numeric_limits<double>::quiet_NaN() : all.begin()->second;
}

// Every metric there is rises with quality.
bool RunTable::isBestMetric(const RunRow& run) const
{
    const double value = metricOf(run);
    if (std::isnan(value) || run.comparison.empty())
        return false;
    return std::none_of(m_runs.begin(), m_runs.end(),
        [&](const RunRow& other) { return other.comparison == run.comparison && metricOf(other) > value; });
}

QString RunTable::tip(const RunRow& run) const
{
    auto text = tr("%1, created %2").arg(format::shown(run.name), format::shown(run.created));
    for (const auto& [series, value] : metrics(format::text(run.id)))
        text += '\n' + tr("%1: %2").arg(metricTitle(series), format::number(value));
    if (isBestMetric(run))
        text += '\n' + tr("The best of its comparison.");
    return text;
}

void RunTable::receive(Stored& stored)
{
    auto& runs = stored.runs;
    m_metrics = std::move(stored.metrics);
    const bool sameRows = runs.size() == m_runs.size() && stored.comparisons == m_comparisons
        && std::equal(
            runs.begin(), runs.end(), m_runs.begin(), [](const RunRow& a, const RunRow& b) { return a.id == b.id; });
    if (sameRows) {   // keeps selection, scroll position and an open editor
        m_runs = std::move(runs);
        if (!m_runs.empty())
            emit dataChanged(index(0, 0), index(rowCount() - 1, columns - 1));
    } else {
        beginResetModel();
        m_runs = std::move(runs);
        m_comparisons = std::move(stored.comparisons);
        std::erase_if(m_dash, [this](const auto& entry) { return find(entry.first) == nullptr; });
        endResetModel();
    }
    // At first the newest comparison is on the chart, or the newest run where it belongs to none.
    if (!m_loadedOnce && !m_runs.empty()) {
        m_loadedOnce = true;
        QStringList newest;
        for (const RunRow& run : m_runs)
            if (run.id == m_runs.front().id || (!run.comparison.empty() && run.comparison == m_runs.front().comparison))
                newest << format::text(run.id);
        tick(newest);
    }
    emit loaded();
}

const RunRow* RunTable::find(const QString& id) const
{
    const int row = rowOf(id);
    return row < 0 ? nullptr : &m_runs[size_t(row)];
}

int RunTable::rowOf(const QString& id) const
{
    const auto plain = format::plain(id);
    const auto found = std::find_if(m_runs.begin(), m_runs.end(), [&](const RunRow& run) { return run.id == plain; });
    return found == m_runs.end() ? -1 : int(found - m_runs.begin());
}

QStringList RunTable::ticked() const
{
    QStringList ids;
    for (const RunRow& run : m_runs)
        if (const auto id = format::text(run.id); m_dash.contains(id))
            ids << id;
    return ids;
}

void RunTable::setTick(const QString& id, bool on)
{
    const RunRow* run = find(id);
    if (!on || run == nullptr) {
        m_dash.erase(id);
        return;
    }
    if (m_dash.contains(id))
        return;
    int dash = 0;
    const auto taken = [&](int candidate) {
        return std::any_of(m_dash.begin(), m_dash.end(), [&](const auto& entry) {
            const RunRow* other = find(entry.first);
            return entry.second == candidate && other != nullptr && other->method == run->method;
        });
    };
    while (taken(dash))
        ++dash;
    m_dash[id] = dash;
}

void RunTable::tick(const QStringList& ids)
{
    std::erase_if(m_dash, [&](const auto& entry) { return !ids.contains(entry.first); });
    for (const QString& id : ids)
        setTick(id, true);
    if (!m_runs.empty())
        emit dataChanged(index(0, nameColumn), index(rowCount() - 1, nameColumn));
    emit ticksChanged();
}

QColor RunTable::colorOf(const QString& id) const
{
    const RunRow* run = find(id);
    return theme::methodColor(run == nullptr ? QString() : format::text(run->method));
}

Qt::PenStyle RunTable::styleOf(const QString& id) const
{
    const auto dash = m_dash.find(id);
    const RunRow* run = find(id);
    return theme::methodStyle(
        run == nullptr ? QString() : format::text(run->method), dash == m_dash.end() ? 0 : dash->second);
}

void RunTable::removeRun(const QString& id)
{
    m_reader.change([plain = format::plain(id)](RunStore& store) { store.remove(plain); },
        [this](const QString& text) {
            if (!text.isEmpty())
                emit problem(text);
            else
                emit changed();
            reload();
        });
}

void RunTable::rename(const QString& id, const QString& name)
{
    m_reader.change([plain = format::plain(id), wanted = format::plain(name)](
                        RunStore& store) { store.rename(plain, wanted); },
        [this](const QString& text) {
            if (!text.isEmpty())
                emit problem(text);
            else
                emit changed();
            reload();
        });
}

int RunTable::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_runs.size());
}

int RunTable::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(columns);
}

QString RunTable::text(const RunRow& run, int column) const
{
    switch (column) {
    case nameColumn:
        return format::shown(run.name.empty() ? run.id : run.name, 80);
    case methodColumn:
        return methodTitle(run.method);
    case stateColumn:
        return run.filesMissing ? tr("Files missing") : stateTitle(run.state);
    case bestEvalColumn:
        return format::number(run.bestEval);
    case metricColumn:
        return std::isnan(metricOf(run)) ? QString() : format::number(metricOf(run));
    case lossColumn:
        return format::number(run.loss);
    case stepsColumn:
        return run.steps > 0 ? tr("%1 / %2").arg(format::count(run.step), format::count(run.steps))
                             : format::count(run.step);
    case timeColumn:
        return format::duration(run.seconds);
    case rateColumn:
        return run.learningRate > 0 ? QString::number(run.learningRate, 'g', 4) : QString();
    case seedColumn:
        return QString::number(run.seed);
    case peakColumn:
        return run.peakBytes > 0 ? format::bytes(run.peakBytes) : QString();
    default:
        return {};
    }
}

QVariant RunTable::sortValue(const RunRow& run, int column) const
{
    // Runs without a value go to the end of an ascending order.
    const auto last = [](double value) { return std::isnan(value) ? HUGE_VAL : value; };
    switch (column) {
    case bestEvalColumn:
        return last(run.bestEval);
    case metricColumn:
        return last(metricOf(run));
    case lossColumn:
        return last(run.loss);
    case stepsColumn:
        return qlonglong(run.step);
    case timeColumn:
        return run.seconds;
    case rateColumn:
        return run.learningRate;
    case seedColumn:
        return qlonglong(run.seed);
    case peakColumn:
        return qlonglong(run.peakBytes);
    default:
        return text(run, column);
    }
}

QVariant RunTable::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || index.row() >= rowCount())
        return {};
    const RunRow& run = m_runs[size_t(index.row())];
    const auto id = format::text(run.id);
    const bool isName = index.column() == nameColumn;
    switch (role) {
    case Qt::DisplayRole:
        return text(run, index.column());
    case Qt::EditRole:
        return isName ? format::text(run.name) : text(run, index.column());
    case Qt::CheckStateRole:
        return isName ? QVariant(m_dash.contains(id) ? Qt::Checked : Qt::Unchecked) : QVariant();
    case Qt::DecorationRole:
        return isName && m_dash.contains(id) ? QVariant(curveSwatch(colorOf(id), styleOf(id)))
            : isName                         ? QVariant(curveSwatch(Qt::transparent, Qt::SolidLine))
                                             : QVariant();
    case Qt::TextAlignmentRole:
        return int((index.column() >= bestEvalColumn ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    case Qt::ToolTipRole:   // escaped: a view shows tool tips as rich text where they look like it
        return QStringLiteral("<qt>%1</qt>").arg(tip(run).toHtmlEscaped().replace('\n', "<br>"));
    case Qt::FontRole:
        return index.column() == metricColumn && isBestMetric(run) ? QVariant(theme::headingFont()) : QVariant();
    case kIdRole:
        return id;
    case kSortRole:
        return sortValue(run, index.column());
    default:
        return {};
    }
}

bool RunTable::setData(const QModelIndex& index, const QVariant& value, int role)
{
    if (!index.isValid() || index.column() != nameColumn)
        return false;
    const auto id = format::text(m_runs[size_t(index.row())].id);
    if (role == Qt::CheckStateRole) {
        setTick(id, value.toInt() == Qt::Checked);
        emit dataChanged(index, index);
        emit ticksChanged();
        return true;
    }
    if (role != Qt::EditRole)
        return false;
    const auto name = value.toString().trimmed();
    if (name.isEmpty() || name == format::text(m_runs[size_t(index.row())].name))
        return false;
    rename(id, name);
    return true;
}

QVariant RunTable::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return int((section >= bestEvalColumn ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    static const char* const titles[] = {QT_TR_NOOP("Run"), QT_TR_NOOP("Method"), QT_TR_NOOP("State"),
        QT_TR_NOOP("Best eval"), QT_TR_NOOP("Metric"), QT_TR_NOOP("Last loss"), QT_TR_NOOP("Step"), QT_TR_NOOP("Time"),
        QT_TR_NOOP("Rate"), QT_TR_NOOP("Seed"), QT_TR_NOOP("Memory")};
    // Where all runs have the same metric it gives the column its name.
    if (section == metricColumn) {
        std::set<QString> first;
        for (const auto& [run, metrics] : m_metrics)
            first.insert(metrics.begin()->first);
        if (first.size() == 1)
            return metricTitle(*first.begin());
    }
    return section >= 0 && section < columns ? tr(titles[section]) : QString();
}

Qt::ItemFlags RunTable::flags(const QModelIndex& index) const
{
    auto flags = QAbstractTableModel::flags(index);
    if (index.isValid() && index.column() == nameColumn)
        flags |= Qt::ItemIsUserCheckable | Qt::ItemIsEditable;
    return flags;
}

}  // namespace rankwright
