// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/models/module_list.h"

#include "ui/format.h"

#include <algorithm>

namespace rankwright {

namespace {

// "model.layers.3.mlp.experts.7.w1" -> "mlp.experts.*.w1": what modules of all layers, and of all experts, have in common.
std::string commonName(const ModuleInfo& module)
{
    std::string name;
    bool below = false;   // the layer's number
    size_t from = 0;
    while (from <= module.name.size()) {
        const size_t end = std::min(module.name.find('.', from), module.name.size());
        const std::string part = module.name.substr(from, end - from);
        const bool number = !part.empty() && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
        if (below)
            name += (name.empty() ? "" : ".") + (number ? std::string("*") : part);
        below = below || number;
        from = end + 1;
    }
    return name.empty() ? module.name : name;
}

}  // namespace

void ModuleList::setModules(const std::vector<ModuleInfo>& modules, bool each)
{
    beginResetModel();
    m_lines.clear();
    for (const ModuleInfo& module : modules) {
        const std::string shown = each ? module.name : commonName(module);
        const auto same = each ? m_lines.end() : std::find_if(m_lines.begin(), m_lines.end(), [&](const Line& line) {
            return line.name == shown && line.rows == module.rows && line.cols == module.cols && line.dtype == module.dtype;
        });
        if (same != m_lines.end())
            ++same->count;
        else
            m_lines.push_back({shown, 1, module.rows, module.cols, module.dtype});
    }
    endResetModel();
}

int ModuleList::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_lines.size());
}

int ModuleList::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(columns);
}

QString ModuleList::text(const Line& line, int column) const
{
    switch (column) {
    case name:
        return format::shown(line.name, 160);
    case count:
        return format::count(line.count);
    case rows:
        return format::count(line.rows);
    case cols:
        return format::count(line.cols);
    case parameters:
        return format::count(line.count * line.rows * line.cols);
    case dtype:
        return format::shown(line.dtype, 24);
    default:
        return {};
    }
}

QVariant ModuleList::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || index.row() >= rowCount())
        return {};
    const bool word = index.column() == name || index.column() == dtype;
    if (role == Qt::DisplayRole)
        return text(m_lines[size_t(index.row())], index.column());
    if (role == Qt::TextAlignmentRole)
        return int((word ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    return {};
}

QVariant ModuleList::headerData(int section, Qt::Orientation orientation, int role) const
{
    static const char* const titles[] = {QT_TR_NOOP("Module"), QT_TR_NOOP("How many"), QT_TR_NOOP("Rows (out)"), QT_TR_NOOP("Columns (in)"),
        QT_TR_NOOP("Parameters"), QT_TR_NOOP("Stored as")};
    if (orientation != Qt::Horizontal || section < 0 || section >= columns)
        return {};
    if (role == Qt::TextAlignmentRole)
        return int((section == name || section == dtype ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    return role == Qt::DisplayRole ? QVariant(tr(titles[section])) : QVariant();
}

}  // namespace rankwright
