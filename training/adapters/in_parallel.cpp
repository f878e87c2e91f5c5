// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/adapters/in_parallel.h"

#include <ATen/Parallel.h>
#include <ATen/ThreadLocalState.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace rankwright {

namespace {

class OneThread
{
public:
    OneThread() : m_before(at::get_num_threads()) { at::set_num_threads(1); }
    ~OneThread() { at::set_num_threads(m_before); }
    OneThread(const OneThread&) = delete;
    OneThread& operator=(const OneThread&) = delete;

private:
    int m_before;
};

// What is left to do, and the first failure.
class Tasks
{
public:
    explicit Tasks(int64_t count) : m_count(count) {}
    // Works until nothing is left; `after` follows each task.
    template <class Task, class After>
    void work(const Task& task, const After& after)
    {
        try {
            for (int64_t i = m_next++; i < m_count && !m_failed; i = m_next++) {
                task(i);
                after();
            }
        } catch (...) {
            const std::lock_guard lock(m_mutex);
            if (!m_failure)
                m_failure = std::current_exception();
            m_failed = true;
        }
    }
    void rethrow() const
    {
        if (m_failure)
            std::rethrow_exception(m_failure);
    }

private:
    int64_t m_count;
    std::atomic<int64_t> m_next{0};
    std::atomic<bool> m_failed{false};
    std::mutex m_mutex;
    std::exception_ptr m_failure;
};

}  // namespace

void inParallel(int64_t count, int64_t workers, const std::function<void(int64_t)>& task, const std::function<void()>& between)
{
    const auto after = [&] {
        if (between)
            between();
    };
    workers = std::min(workers, count);
    Tasks tasks(count);
    if (workers <= 1) {
        tasks.work(task, after);
        tasks.rethrow();
        return;
    }
    {
        const at::ThreadLocalState state;
        const OneThread alone;
        std::vector<std::jthread> threads;
        for (int64_t i = 1; i < workers; ++i) {
            threads.emplace_back([&] {
                const at::ThreadLocalStateGuard guard(state);
                at::set_num_threads(1);   // of this thread
                tasks.work(task, [] {});
            });
        }
        tasks.work(task, after);
    }
    tasks.rethrow();
    after();
}

}  // namespace rankwright
