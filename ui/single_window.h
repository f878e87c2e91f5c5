// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// One window a data directory: a second start asks the first to come forward and ends.
#pragma once

#include <QLocalServer>
#include <QObject>

#include <filesystem>

namespace rankwright {

class SingleWindow : public QObject
{
    Q_OBJECT
public:
    explicit SingleWindow(const std::filesystem::path& dataDirectory);
    // True where another program answered: this one should end.
    [[nodiscard]] bool raisedOther();
    void listen();

signals:
    void wanted();   // another start asks for the window

private:
    QString m_name;
    QLocalServer m_server;
};

}  // namespace rankwright
