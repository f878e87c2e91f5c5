// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Reads and changes the run store on a thread of its own, so that a busy database never holds up the window. Of several
// reads asked in a row only the newest is delivered; changes are never dropped and keep their order.
#pragma once

#include "storage/run_store.h"

#include <QObject>
#include <QString>

#include <functional>
#include <memory>
#include <thread>

namespace rankwright {

class StoreReader : public QObject
{
    Q_OBJECT
public:
    explicit StoreReader(std::filesystem::path dataDirectory, QObject* parent = nullptr);
    ~StoreReader() override;   // waits for the read that is under way

    // `work` runs on the reader's thread, `receive` on this object's thread.
    template <class T>
    void read(std::function<T(RunStore&)> work, std::function<void(T&)> receive)
    {
        postRead([work = std::move(work), receive = std::move(receive)](RunStore& store) -> Delivery {
            auto answer = std::make_shared<T>(work(store));
            return [answer, receive] { receive(*answer); };
        });
    }
    // `done` gets the error's message, or an empty text.
    void change(std::function<void(RunStore&)> work, std::function<void(const QString& problem)> done);
    [[nodiscard]] bool isBusy() const;

signals:
    void failed(const QString& message);   // of the newest read

private:
    using Delivery = std::function<void()>;
    struct Shared;
    void postRead(std::function<Delivery(RunStore&)> work);
    void readOne(uint64_t number, const std::function<Delivery(RunStore&)>& work);
    void work(const std::stop_token& stop);

    std::filesystem::path m_dataDirectory;
    std::shared_ptr<Shared> m_shared;
    std::jthread m_thread;
};

}  // namespace rankwright
