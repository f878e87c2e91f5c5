// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Rows follow configFields(), so that a new setting appears here without a change.
#include "ui/models/config_diff.h"

#include "ui/format.h"

#include <QFont>

#include <algorithm>

namespace rankwright {

QString configValueText(const nlohmann::json& value)
{
    if (value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty())
        || (value.is_object() && value.empty()))
        return QStringLiteral("—");
    if (value.is_string())
        return format::shown(value.get<std::string>());
    if (value.is_object()) {
        std::string text;
        for (const auto& [key, part] : value.items())
            text += (text.empty() ? "" : ", ") + key + " = "
                + (part.is_string() ? part.get<std::string>() : part.dump());
        return format::shown(text, 400);
    }
    return format::shown(value.dump());
}

namespace {

// That another method has an option is told by the method. What counts is an option that was set, or that two runs have with
// different values.
bool differs(const Field& field, const std::vector<ConfigDiff::Column>& runs, const std::vector<QString>& cells)
{
    const QString* first = nullptr;
    bool unequal = false, set = false;
    for (size_t i = 0; i < cells.size(); ++i) {
        const bool has = field.methods.empty() || std::ranges::find(field.methods, runs[i].config.method) != field.methods.end();
        if (!has)
            continue;
        set |= runs[i].config.options.contains(field.key);
        unequal |= first != nullptr && cells[i] != *first;
        first = first == nullptr ? &cells[i] : first;
    }
    return unequal || (set && std::ranges::any_of(cells, [&](const QString& cell) { return cell != cells.front(); }));
}

}  // namespace

ConfigDiff::ConfigDiff(QObject* parent) : QAbstractTableModel(parent) {}

void ConfigDiff::setRuns(const std::vector<Column>& runs)
{
    beginResetModel();
    m_titles.clear();
    m_rows.clear();
    std::vector<nlohmann::json> documents;
    for (const Column& run : runs) {
        m_titles.push_back(run.title);
        documents.push_back(toJson(run.config));
    }
    for (const Field& field : configFields()) {
        Row row{format::text(field.label), format::text(field.key), format::text(field.help), {}, false};
        for (const auto& document : documents)
            row.cells.push_back(configValueText(document.value(field.key, nlohmann::json())));
        row.differs = differs(field, runs, row.cells);
        m_rows.push_back(std::move(row));
    }
    choose();
    endResetModel();
}

void ConfigDiff::setOnlyDifferences(bool on)
{
    if (on == m_onlyDifferences)
        return;
    beginResetModel();
    m_onlyDifferences = on;
    choose();
    endResetModel();
}

void ConfigDiff::choose()
{
    m_visible.clear();
    for (size_t i = 0; i < m_rows.size(); ++i)
        if (!m_onlyDifferences || m_rows[i].differs)
            m_visible.push_back(i);
}

int ConfigDiff::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() || m_titles.empty() ? 0 : int(m_visible.size());
}

int ConfigDiff::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_titles.size());
}

QVariant ConfigDiff::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || index.row() >= rowCount() || index.column() >= columnCount())
        return {};
    const Row& row = m_rows[m_visible[size_t(index.row())]];
    if (role == Qt::DisplayRole)
        return row.cells[size_t(index.column())];
    if (role == Qt::FontRole && row.differs && !m_onlyDifferences) {
        QFont font;
        font.setBold(true);
        return font;
    }
    return {};
}

QVariant ConfigDiff::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation == Qt::Horizontal) {
        const bool known = section >= 0 && size_t(section) < m_titles.size();
        return known && role == Qt::DisplayRole ? QVariant(m_titles[size_t(section)]) : QVariant();
    }
    if (section < 0 || size_t(section) >= m_visible.size())
        return {};
    const Row& row = m_rows[m_visible[size_t(section)]];
    if (role == Qt::DisplayRole)
        return row.label;
    if (role == Qt::ToolTipRole)
        return QStringLiteral("<qt>%1 (%2)</qt>").arg(row.help.toHtmlEscaped(), row.key.toHtmlEscaped());
    return {};
}

}  // namespace rankwright
