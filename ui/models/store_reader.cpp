// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The queue behind StoreReader: at most one read waits (a newer one takes its place), changes wait in order.
#include "ui/models/store_reader.h"

#include "training/api/error.h"

#include <QMetaObject>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

namespace rankwright {

struct StoreReader::Shared
{
    struct Change
    {
        std::function<void(RunStore&)> work;
        std::function<void(const QString&)> done;
    };
    mutable std::mutex mutex;
    std::condition_variable_any wake;
    std::function<Delivery(RunStore&)> waitingRead;
    uint64_t newestRead = 0;
    std::deque<Change> changes;
    size_t open = 0;   // asked for and not delivered yet
};

namespace {

// A database that was never written to is created once; after that reading alone is enough.
RunStore openReader(const std::filesystem::path& dataDirectory)
{
    try {
        return RunStore::openForReading(dataDirectory);
    } catch (const Error& error) {
        if (error.code() != Code::missing)
            throw;
    }
    const RunStore created(dataDirectory);
    return RunStore::openForReading(dataDirectory);
}

}  // namespace

StoreReader::StoreReader(std::filesystem::path dataDirectory, QObject* parent)
    : QObject(parent), m_dataDirectory(std::move(dataDirectory)), m_shared(std::make_shared<Shared>()),
      m_thread([this](const std::stop_token& stop) { work(stop); })
{
}

StoreReader::~StoreReader()
{
    m_thread.request_stop();
    if (m_thread.joinable())
        m_thread.join();
}

bool StoreReader::isBusy() const
{
    const std::lock_guard lock(m_shared->mutex);
    return m_shared->open > 0;
}

void StoreReader::change(std::function<void(RunStore&)> work, std::function<void(const QString&)> done)
{
    {
        const std::lock_guard lock(m_shared->mutex);
        m_shared->changes.push_back({std::move(work), std::move(done)});
        ++m_shared->open;
    }
    m_shared->wake.notify_one();
}

void StoreReader::postRead(std::function<Delivery(RunStore&)> work)
{
    {
        const std::lock_guard lock(m_shared->mutex);
        if (!m_shared->waitingRead)
            ++m_shared->open;
        m_shared->waitingRead = std::move(work);
        ++m_shared->newestRead;
    }
    m_shared->wake.notify_one();
}

// Runs one read and sends its answer home; an answer that a newer question has overtaken is thrown away there.
void StoreReader::readOne(uint64_t number, const std::function<Delivery(RunStore&)>& work)
{
    Delivery delivery;
    QString problem;
    try {
        auto store = openReader(m_dataDirectory);
        delivery = work(store);
    } catch (const std::exception& error) {
        problem = QString::fromUtf8(error.what());
    }
    QMetaObject::invokeMethod(
        this,
        [this, number, delivery, problem] {
            bool current = false;
            {
                const std::lock_guard lock(m_shared->mutex);
                current = number == m_shared->newestRead;
                --m_shared->open;
            }
            if (!current)
                return;
            if (delivery)
                delivery();
            else
                emit failed(problem);
        },
        Qt::QueuedConnection);
}

void StoreReader::work(const std::stop_token& stop)
{
    while (true) {
        std::optional<Shared::Change> change;
        std::function<Delivery(RunStore&)> read;
        uint64_t number = 0;
        {
            std::unique_lock lock(m_shared->mutex);
            m_shared->wake.wait(lock, stop, [&] { return !m_shared->changes.empty() || m_shared->waitingRead; });
            if (!m_shared->changes.empty()) {   // changes are finished even when the window closes
                change = std::move(m_shared->changes.front());
                m_shared->changes.pop_front();
            } else if (stop.stop_requested()) {
                return;
            } else {
                read = std::exchange(m_shared->waitingRead, nullptr);
                number = m_shared->newestRead;
            }
        }
        if (!change) {
            readOne(number, read);
            continue;
        }
        QString problem;
        try {
            RunStore store(m_dataDirectory);
            change->work(store);
        } catch (const std::exception& error) {
            problem = QString::fromUtf8(error.what());
        }
        QMetaObject::invokeMethod(
            this,
            [this, done = std::move(change->done), problem] {
                {
                    const std::lock_guard lock(m_shared->mutex);
                    --m_shared->open;
                }
                if (done)
                    done(problem);
            },
            Qt::QueuedConnection);
    }
}

}  // namespace rankwright
