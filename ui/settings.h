// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the window remembers between starts, in window.ini. A damaged file is set aside as window.ini.bad and the
// defaults hold; nothing here can keep the window from opening.
#pragma once

#include "ui/theme.h"

#include <QByteArray>
#include <QSettings>
#include <QStringList>

#include <filesystem>
#include <map>
#include <memory>

namespace rankwright {

class Settings
{
public:
    explicit Settings(const std::filesystem::path& file);   // settingsFile() of training/api/paths.h
    [[nodiscard]] QByteArray geometry() const;
    void setGeometry(const QByteArray& geometry);
    [[nodiscard]] theme::Mode themeMode() const;
    void setThemeMode(theme::Mode mode);
    [[nodiscard]] QStringList modelFolders() const;
    void setModelFolders(const QStringList& folders);
    // The columns that a person has chosen for a data file, by role; none where nothing was chosen.
    [[nodiscard]] std::map<std::string, std::string> columnsOf(const std::string& file) const;
    void setColumnsOf(const std::string& file, const std::map<std::string, std::string>& columns);
    [[nodiscard]] QString lastPage() const;
    void setLastPage(const QString& id);
    [[nodiscard]] bool wasDamaged() const { return m_damaged; }

private:
    std::unique_ptr<QSettings> m_store;
    bool m_damaged = false;
};

}  // namespace rankwright
