// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The table over stored runs: what each cell shows, ticks with their dash patterns, rename and delete through the store. Reading
// is in run_table_read.cpp.
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
    const auto best = m_bestMetric.find(run.comparison);
    return best != m_bestMetric.end() && metricOf(run) == best->second;
}

bool RunTable::matches(int row, const QString& lowerCase) const
{
    if (m_searched.empty()) {
        m_searched.reserve(m_runs.size());
        for (const RunRow& run : m_runs)
            m_searched.push_back((text(run, nameColumn) + '\n' + methodTitle(run.method) + '\n' + text(run, stateColumn) + '\n'
                + format::text(run.arm) + '\n' + format::text(run.id)).toLower());
    }
    return m_searched[size_t(row)].contains(lowerCase);
}

// What has no value goes to the end of an ascending order.
bool RunTable::isLess(int left, int right, int column) const
{
    const RunRow &a = m_runs[size_t(left)], &b = m_runs[size_t(right)];
    const auto less = [](double one, double other) { return std::isnan(other) ? !std::isnan(one) : one < other; };
    switch (column) {
    case nameColumn:
        return a.name < b.name;
    case methodColumn:
        return a.method != b.method && methodTitle(a.method) < methodTitle(b.method);
    case stateColumn:
        return text(a, column) < text(b, column);
    case bestEvalColumn:
        return less(a.bestEval, b.bestEval);
    case metricColumn:
        return less(metricOf(a), metricOf(b));
    case lossColumn:
        return less(a.loss, b.loss);
    case stepsColumn:
        return a.step < b.step;
    case timeColumn:
        return a.seconds < b.seconds;
    case rateColumn:
        return less(a.learningRate, b.learningRate);
    case seedColumn:
        return a.seed < b.seed;
    case peakColumn:
        return a.peakBytes < b.peakBytes;
    default:
        return false;
    }
}

QString RunTable::tip(const RunRow& run) const
{
    auto text = tr("%1, created %2").arg(format::shown(run.name), format::when(run.created));
    for (const auto& [series, value] : metrics(format::text(run.id)))
        text += '\n' + tr("%1: %2").arg(metricTitle(series), format::number(value));
    if (isBestMetric(run))
        text += '\n' + tr("The best of its comparison.");
    return text;
}

const RunRow* RunTable::find(const QString& id) const
{
    const int row = rowOf(id);
    return row < 0 ? nullptr : &m_runs[size_t(row)];
}

int RunTable::rowOf(const QString& id) const
{
    const auto found = m_rowOf.find(format::plain(id));
    return found == m_rowOf.end() ? -1 : found->second;
}

QStringList RunTable::ticked() const
{
    std::map<int, QString> ordered;
    for (const auto& [id, dash] : m_dash)
        if (const int row = rowOf(id); row >= 0)
            ordered[row] = id;
    QStringList ids;
    for (const auto& [row, id] : ordered)
        ids << id;
    return ids;
}

bool RunTable::isTicked(const RunRow& run) const
{
    return m_dash.contains(format::text(run.id));
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
    const auto before = m_dash;
    std::erase_if(m_dash, [&](const auto& entry) { return !ids.contains(entry.first); });
    for (const QString& id : ids)
        setTick(id, true);
    std::vector<int> rows;
    for (const auto* ticks : {&before, static_cast<const decltype(m_dash)*>(&m_dash)})
        for (const auto& [id, dash] : *ticks)
            if (const int row = rowOf(id); row >= 0)
                rows.push_back(row);
    tellRows(std::move(rows));
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

// A change that failed may have been made in part.
void RunTable::change(const std::function<void(RunStore&)>& work)
{
    m_reader.change(work, [this](const QString& text) {
        if (!text.isEmpty())
            emit problem(text);
        emit changed();
        reload();
    });
}

void RunTable::removeRuns(const QStringList& ids)
{
    change([ids](RunStore& store) {
        for (const QString& id : ids)
            store.remove(format::plain(id));
    });
}

void RunTable::rename(const QString& id, const QString& name)
{
    change([plain = format::plain(id), wanted = format::plain(name)](RunStore& store) { store.rename(plain, wanted); });
}

void RunTable::renameComparison(const QString& id, const QString& name)
{
    change([plain = format::plain(id), wanted = format::plain(name)](RunStore& store) {
        rankwright::renameComparison(store.dataDirectory(), plain, wanted);
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
    if (section == metricColumn && !m_metricTitle.isEmpty())   // where all runs have the same it gives the column its name
        return m_metricTitle;
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
