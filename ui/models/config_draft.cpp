// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/models/config_draft.h"

#include <utility>

namespace rankwright {

ConfigDraft::ConfigDraft(RunConfig config, QObject* parent) : QObject(parent), m_config(std::move(config)) {}

void ConfigDraft::edit(const RunConfig& config, const QString& what)
{
    if (config == m_config)
        return;
    m_undo.push(new ValueChange<RunConfig>(what, m_config, config, [this](const RunConfig& state) { set(state); }));
}

void ConfigDraft::setFoundTask(const std::string& task)
{
    if (std::exchange(m_foundTask, task) != task)
        emit taskFound();
}

void ConfigDraft::set(const RunConfig& config)
{
    if (config == m_config)
        return;
    m_config = config;
    emit changed();
}

}  // namespace rankwright
