// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The stored queue as the window sees it: what waits and what has ended lately; and its changes, made on the store's thread.
#pragma once

#include "ui/models/store_reader.h"

#include <QStringList>

#include <map>
#include <optional>

namespace rankwright {

class QueueList : public QObject
{
    Q_OBJECT
public:
    struct Ended { RunRow row; QString reason; };
    struct State
    {
        std::vector<RunRow> waiting;                      // in order of training
        std::vector<Ended> ended;                         // newest first
        std::vector<RunRow> others;                       // running or paused
        std::map<std::string, std::string> comparisons;   // id -> name
        bool continuesOnError = true;
    };
    explicit QueueList(std::filesystem::path dataDirectory, QObject* parent = nullptr);
    void reload();                                        // loaded() follows, or problem()
    // These train, though the store may call them waiting for a moment still.
    void setRunning(const QStringList& runs);
    [[nodiscard]] const State& state() const { return m_state; }
    [[nodiscard]] int indexOf(const QString& run) const;  // among the waiting; -1: it is not there
    [[nodiscard]] const RunRow* find(const QString& run) const;   // running or waiting

    // Each is followed by changed(), or problem(); and by loaded().
    void move(const QStringList& runs, int position);     // to this place among the others; they keep their order
    void remove(const QStringList& runs);
    void duplicate(const QStringList& runs);
    void setContinuesOnError(bool on);
    // `done` gets what is wrong with the configuration, or an empty text.
    void edit(const QString& run, const RunConfig& config, std::function<void(const QString& problem)> done);
    void readConfig(const QString& run, std::function<void(const RunConfig& config)> receive);

signals:
    void loaded();
    void changed();
    void problem(const QString& text);

private:
    void change(std::function<void(RunStore&)> work);
    std::filesystem::path m_dataDirectory;
    StoreReader m_reader, m_configs;                      // a second one: of two reads in a row only the newer is delivered
    State m_state;
};

}  // namespace rankwright
