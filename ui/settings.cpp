// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/settings.h"

#include <nlohmann/json.hpp>

#include <QFile>

namespace rankwright {

namespace {

constexpr qint64 kMostBytes = 1 << 20;
constexpr qsizetype kMostFolders = 64;   // of models; and data files whose columns are remembered
const auto kColumnsKey = QStringLiteral("data/columns");

// QSettings skips lines it cannot read without a word; a file of ours is UTF-8 text without NUL, of sections and
// key=value.
bool looksLikeOurs(const QByteArray& bytes)
{
    if (bytes.contains('\0'))
        return false;
    for (const QByteArray& line : bytes.split('\n')) {
        const QByteArray text = line.trimmed();
        if (!text.isEmpty() && !text.startsWith('[') && !text.startsWith(';') && !text.startsWith('#')
            && !text.contains('='))
            return false;
    }
    return true;
}

}  // namespace

Settings::Settings(const std::filesystem::path& file)
{
    const QString path = QString::fromStdString(file.string());
    if (QFile stored(path); stored.exists()) {
        const bool readable = stored.size() <= kMostBytes && stored.open(QIODevice::ReadOnly);
        m_damaged = !readable || !looksLikeOurs(stored.readAll());
    }
    m_store = std::make_unique<QSettings>(path, QSettings::IniFormat);
    if (m_damaged || m_store->status() == QSettings::FormatError) {
        m_damaged = true;
        m_store.reset();
        QFile::remove(path + QStringLiteral(".bad"));
        QFile::rename(path, path + QStringLiteral(".bad"));
        m_store = std::make_unique<QSettings>(path, QSettings::IniFormat);
    }
}

QByteArray Settings::geometry() const
{
    return m_store->value(QStringLiteral("window/geometry")).toByteArray();
}

void Settings::setGeometry(const QByteArray& geometry)
{
    m_store->setValue(QStringLiteral("window/geometry"), geometry);
}

theme::Mode Settings::themeMode() const
{
    const QString word = m_store->value(QStringLiteral("window/theme")).toString();
    return word == QLatin1String("light") ? theme::Mode::light
        : word == QLatin1String("dark")   ? theme::Mode::dark
                                          : theme::Mode::automatic;
}

void Settings::setThemeMode(theme::Mode mode)
{
    const char* word = mode == theme::Mode::light ? "light" : mode == theme::Mode::dark ? "dark" : "automatic";
    m_store->setValue(QStringLiteral("window/theme"), QString::fromLatin1(word));
}

QStringList Settings::modelFolders() const
{
    QStringList folders = m_store->value(QStringLiteral("models/folders")).toStringList();
    folders.removeAll(QString());
    return folders.mid(0, kMostFolders);
}

void Settings::setModelFolders(const QStringList& folders)
{
    m_store->setValue(QStringLiteral("models/folders"), folders.mid(0, kMostFolders));
}

// Stored as one list: a file, its columns as JSON, the next file; the newest first.
std::map<std::string, std::string> Settings::columnsOf(const std::string& file) const
{
    const auto entries = m_store->value(kColumnsKey).toStringList();
    for (qsizetype i = 0; i + 1 < entries.size(); i += 2) {
        if (entries[i].toStdString() != file)
            continue;
        std::map<std::string, std::string> columns;
        const auto stored = nlohmann::json::parse(entries[i + 1].toStdString(), nullptr, false);
        if (stored.is_object())
            for (const auto& [role, column] : stored.items())
                if (column.is_string())
                    columns[role] = column.get<std::string>();
        return columns;
    }
    return {};
}

void Settings::setColumnsOf(const std::string& file, const std::map<std::string, std::string>& columns)
{
    const auto before = m_store->value(kColumnsKey).toStringList();
    QStringList entries;
    if (!columns.empty()) {
        const auto text = nlohmann::json(columns).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        entries << QString::fromStdString(file) << QString::fromStdString(text);
    }
    for (qsizetype i = 0; i + 1 < before.size() && entries.size() < 2 * kMostFolders; i += 2)
        if (before[i].toStdString() != file)
            entries << before[i] << before[i + 1];
    m_store->setValue(kColumnsKey, entries);
}

QString Settings::lastPage() const
{
    return m_store->value(QStringLiteral("window/page")).toString();
}

void Settings::setLastPage(const QString& id)
{
    m_store->setValue(QStringLiteral("window/page"), id);
}

}  // namespace rankwright
