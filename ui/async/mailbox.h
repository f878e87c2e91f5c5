// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Hands values from a worker thread to a QObject's thread in batches: a mutex and a vector, at most one wake-up
// pending, at most 65,536 values waiting. What is dropped beyond that is counted, so that the receiver can read again
// from the store. A handle: copies share one box, so a worker may keep a copy. The queued wake-up holds the box too,
// and the box lets go of its receiver when that is destroyed; so none of the three can outlive another badly.
#pragma once

#include <QMetaObject>
#include <QObject>

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace rankwright {

template <class T>
class Mailbox
{
public:
    static constexpr size_t kMost = 65'536;
    // Called on receiver's thread. `receive(batch, dropped)` runs there too, never after receiver's destruction or
    // close().
    Mailbox(QObject* receiver, std::function<void(std::vector<T>, size_t dropped)> receive)
        : m_box(std::make_shared<Box>())
    {
        m_box->receiver = receiver;
        m_box->receive = std::move(receive);
        QObject::connect(receiver, &QObject::destroyed, [weak = std::weak_ptr<Box>(m_box)] {
            if (const auto box = weak.lock())
                closeBox(*box);
        });
    }

    // From any thread; dropped where kMost are waiting.
    void post(T value) const { put(std::move(value), kMost); }
    // The same for the few values that must arrive however many wait (a run's end).
    void postAlways(T value) const { put(std::move(value), static_cast<size_t>(-1)); }

    // On the receiver's thread: delivers what is waiting now (the wake-up does it; also called before a result).
    void drain() const { drainBox(m_box); }
    // On the receiver's thread: what waits is thrown away and nothing more is received.
    void close() const { closeBox(*m_box); }

private:
    struct Box
    {
        std::mutex mutex;
        QObject* receiver = nullptr;
        std::function<void(std::vector<T>, size_t)> receive;
        std::vector<T> waiting;
        size_t dropped = 0;
        bool wakeUpPending = false;
    };

    void put(T value, size_t most) const
    {
        // The wake-up is posted under the mutex: the receiver cannot be destroyed in between.
        const std::lock_guard lock(m_box->mutex);
        if (!m_box->receiver)
            return;
        if (m_box->waiting.size() < most)
            m_box->waiting.push_back(std::move(value));
        else
            ++m_box->dropped;
        if (std::exchange(m_box->wakeUpPending, true))
            return;
        QMetaObject::invokeMethod(m_box->receiver, [box = m_box] { drainBox(box); }, Qt::QueuedConnection);
    }

    static void drainBox(const std::shared_ptr<Box>& box)
    {
        std::vector<T> batch;
        size_t dropped = 0;
        {
            const std::lock_guard lock(box->mutex);
            if (!box->receiver)
                return;
            batch.swap(box->waiting);
            std::swap(dropped, box->dropped);
            box->wakeUpPending = false;
        }
        const auto kept = box;  // receive may destroy the receiver and with it the last other handle
        if (!batch.empty() || dropped > 0)
            kept->receive(std::move(batch), dropped);
    }

    static void closeBox(Box& box)
    {
        const std::lock_guard lock(box.mutex);
        box.receiver = nullptr;
        box.waiting.clear();
    }

    std::shared_ptr<Box> m_box;
};

}  // namespace rankwright
