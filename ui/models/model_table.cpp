// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/models/model_table.h"

#include "ui/format.h"
#include "ui/theme.h"
#include "ui/widgets/labels.h"

#include <algorithm>

namespace rankwright {

QString dtypeText(const ModelInfo& model)
{
    if (model.dtypes.empty())
        return {};
    // Adaptable matrices are nearly all of a model: their dtype is the model's; norms are stored otherwise.
    std::map<std::string, int64_t> weight;
    for (const ModuleInfo& module : model.modules)
        weight[module.dtype] += module.rows * module.cols;
    const auto& from = weight.empty() ? model.dtypes : weight;
    const auto most = std::max_element(
        from.begin(), from.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    QString text = format::shown(most->first, 24);
    if (model.dtypes.size() > 1)
        text += QStringLiteral(" +%1").arg(model.dtypes.size() - 1);
    return text;
}

void ModelTable::setModels(std::vector<ModelInfo> models)
{
    beginResetModel();
    m_models = std::move(models);
    endResetModel();
}

void ModelTable::add(const ModelInfo& model)
{
    if (const int row = rowOf(model.spec); row >= 0) {
        m_models[size_t(row)] = model;
        emit dataChanged(index(row, 0), index(row, columns - 1));
        return;
    }
    const int row = rowCount();
    beginInsertRows({}, row, row);
    m_models.push_back(model);
    endInsertRows();
}

const ModelInfo* ModelTable::model(int row) const
{
    return row >= 0 && size_t(row) < m_models.size() ? &m_models[size_t(row)] : nullptr;
}

int ModelTable::rowOf(const std::string& spec) const
{
    const auto found = std::find_if(
        m_models.begin(), m_models.end(), [&spec](const ModelInfo& model) { return model.spec == spec; });
    return found == m_models.end() ? -1 : int(found - m_models.begin());
}

int ModelTable::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_models.size());
}

int ModelTable::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : columns;
}

namespace {

QString cellText(const ModelInfo& model, int column)
{
    switch (column) {
    case ModelTable::name:
        return format::shown(model.name.empty() ? model.spec : model.name);
    case ModelTable::architecture:
        return format::shown(model.architecture, 60);
    case ModelTable::parameters:
        return model.parameters > 0 ? format::shortCount(model.parameters) : QString();
    case ModelTable::dtype:
        return dtypeText(model);
    case ModelTable::size:
        return model.bytes > 0 ? format::bytes(model.bytes) : QString();
    case ModelTable::context:
        return model.contextLength > 0 ? format::count(model.contextLength) : QString();
    case ModelTable::license:
        return format::shown(model.license, 40);
    case ModelTable::source:
        return format::shown(model.source, 60);
    default:
        return {};
    }
}

QVariant sortKey(const ModelInfo& model, int column)
{
    switch (column) {
    case ModelTable::parameters:
        return qlonglong(model.parameters);
    case ModelTable::size:
        return qlonglong(model.bytes);
    case ModelTable::context:
        return qlonglong(model.contextLength);
    default:
        return cellText(model, column).toLower();
    }
}

QString withoutTokenizer()
{
    return ModelTable::tr("It has no tokenizer and cannot be trained");
}

bool isNumber(int column)
{
    return column == ModelTable::parameters || column == ModelTable::size || column == ModelTable::context;
}

}  // namespace

QVariant ModelTable::data(const QModelIndex& index, int role) const
{
    const ModelInfo* at = index.isValid() ? model(index.row()) : nullptr;
    if (!at)
        return {};
    switch (role) {
    case Qt::DisplayRole:
        return cellText(*at, index.column());
    case kSortRole:
        return sortKey(*at, index.column());
    case Qt::TextAlignmentRole:
        return int((isNumber(index.column()) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    case Qt::ForegroundRole:
        return at->usable && !at->tokenizer.empty() ? QVariant() : QVariant(theme::secondary());
    case Qt::ToolTipRole: {
        const std::string text = !at->usable ? at->problem : at->tokenizer.empty() ? format::plain(withoutTokenizer()) + "\n" + at->path : at->path;
        return text.empty() ? QString() : QStringLiteral("<qt>%1</qt>").arg(plainMessage(format::shown(text, 600)));
    }
    case Qt::AccessibleTextRole:
        return at->usable && at->tokenizer.empty() ? tr("%1, %2").arg(cellText(*at, index.column()), withoutTokenizer())
            : at->usable ? cellText(*at, index.column())
                         : tr("%1, cannot be used: %2").arg(cellText(*at, index.column()), format::shown(at->problem));
    default:
        return {};
    }
}

QVariant ModelTable::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return int((isNumber(section) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case name:
        return tr("Name");
    case architecture:
        return tr("Architecture");
    case parameters:
        return tr("Parameters");
    case dtype:
        return tr("Stored as");
    case size:
        return tr("Size");
    case context:
        return tr("Context");
    case license:
        return tr("Licence");
    case source:
        return tr("Found in");
    default:
        return {};
    }
}

}  // namespace rankwright
