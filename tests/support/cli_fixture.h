// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Runs the built rankwright-cli (RANKWRIGHT_CLI_PATH) with a home and a data folder of its own.
#pragma once

#include <QDir>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

namespace rankwright {

class CliFixture
{
protected:
    struct Answer
    {
        int status = -1;
        QByteArray out, err;
    };

    // A fresh folder for the next test.
    bool renew()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        return m_folder->isValid() && QFile::exists(RANKWRIGHT_CLI_PATH);
    }
    [[nodiscard]] std::filesystem::path dataFolder() const { return m_folder->filePath("data").toStdString(); }

    [[nodiscard]] QProcessEnvironment environment() const
    {
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        for (const char* name :
            {"XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "NO_COLOR", "TERM"})
            environment.remove(name);
        environment.insert("HOME", m_folder->path());
        environment.insert("RANKWRIGHT_DATA_DIR", m_folder->filePath("data"));
        return environment;
    }
    [[nodiscard]] QProcessEnvironment withoutEngine() const
    {
        auto environment = this->environment();
        environment.insert("RANKWRIGHT_ENGINE", m_folder->filePath("not-there.so"));
        return environment;
    }

    [[nodiscard]] Answer cli(const QStringList& arguments, const QProcessEnvironment& with) const
    {
        QProcess process;
        process.setProcessEnvironment(with);
        process.setWorkingDirectory(m_folder->path());
        process.start(RANKWRIGHT_CLI_PATH, arguments);
        if (!process.waitForFinished(120'000) || process.exitStatus() != QProcess::NormalExit)
            return {
                -1, process.readAllStandardOutput(), process.readAllStandardError() + process.errorString().toUtf8()};
        return {process.exitCode(), process.readAllStandardOutput(), process.readAllStandardError()};
    }
    [[nodiscard]] Answer cli(const QStringList& arguments) const { return cli(arguments, environment()); }

    [[nodiscard]] bool hasEngine()
    {
        if (!m_engine)
            m_engine = !cli({"--version"}).out.contains("LibTorch none");
        return *m_engine;
    }

    [[nodiscard]] static QString goldenPath(const char* name)
    {
        return QString(RANKWRIGHT_SOURCE_DIR) + "/tests/golden/" + name;
    }
    // A run on the model that the tests carry along: a few steps take well below a second.
    [[nodiscard]] static QStringList tinyRun(const char* command)
    {
        return {command, goldenPath("tiny"), goldenPath("rows.jsonl"), "--template", "none", "--rank", "2", "--batch",
            "2", "--max-length", "256"};
    }

    // Whether `bytes` hold a control character other than line end and tab.
    [[nodiscard]] static bool hasControls(const QByteArray& bytes)
    {
        return std::any_of(bytes.begin(), bytes.end(),
            [](char byte) { return static_cast<unsigned char>(byte) < 0x20 && byte != '\n' && byte != '\t'; });
    }
    [[nodiscard]] static QList<QJsonObject> jsonLines(const QByteArray& bytes)
    {
        QList<QJsonObject> objects;
        for (const QByteArray& line : bytes.split('\n')) {
            if (!line.isEmpty())
                objects.append(QJsonDocument::fromJson(line).object());
        }
        return objects;
    }
    void writeFile(const QString& name, const QByteArray& bytes) const
    {
        QFile file(m_folder->filePath(name));
        if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size())
            qFatal("%s cannot be written", qPrintable(name));
    }

    std::unique_ptr<QTemporaryDir> m_folder;

private:
    std::optional<bool> m_engine;
};

}  // namespace rankwright
