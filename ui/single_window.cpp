// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/single_window.h"

#include <QCryptographicHash>
#include <QFileInfo>
#include <QLocalSocket>

#include <unistd.h>

namespace rankwright {

namespace {

constexpr int kConnectMilliseconds = 500, kAnswerMilliseconds = 3000;
constexpr QByteArrayView kAnswer = "shown\n";

// In the user's runtime folder where there is one; a socket's path must be short, so the data directory is hashed.
QString socketName(const std::filesystem::path& dataDirectory)
{
    const std::string folder = std::filesystem::weakly_canonical(dataDirectory).string();
    const QByteArray hash
        = QCryptographicHash::hash(QByteArrayView(folder.data(), qsizetype(folder.size())), QCryptographicHash::Sha256);
    const QString name
        = QStringLiteral("rankwright-%1-%2").arg(::getuid()).arg(QString::fromLatin1(hash.toHex().left(16)));
    const QString runtime = qEnvironmentVariable("XDG_RUNTIME_DIR");
    return QFileInfo(runtime).isDir() && QFileInfo(runtime).isWritable() ? runtime + QLatin1Char('/') + name : name;
}

}  // namespace

SingleWindow::SingleWindow(const std::filesystem::path& dataDirectory) : m_name(socketName(dataDirectory))
{
    connect(&m_server, &QLocalServer::newConnection, this, [this] {
        while (QLocalSocket* client = m_server.nextPendingConnection()) {
            connect(client, &QLocalSocket::disconnected, client, &QObject::deleteLater);
            client->write(kAnswer.data(), kAnswer.size());
            client->disconnectFromServer();
            emit wanted();
        }
    });
}

bool SingleWindow::raisedOther()
{
    QLocalSocket socket;
    socket.connectToServer(m_name);
    if (!socket.waitForConnected(kConnectMilliseconds))
        return false;
    return socket.waitForReadyRead(kAnswerMilliseconds);
}

void SingleWindow::listen()
{
    // A crash leaves the socket's file behind; nobody answered on it.
    QLocalServer::removeServer(m_name);
    m_server.setSocketOptions(QLocalServer::UserAccessOption);
    m_server.listen(m_name);  // without it, two windows may open: no harm, runs are locked one by one
}

}  // namespace rankwright
