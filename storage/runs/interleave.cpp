// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "storage/runs/interleave.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace rankwright {

namespace {

// Whose turn it is.
class Turns
{
public:
    explicit Turns(size_t count) : m_working(count, true) {}

    void wait(size_t index)
    {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [&] { return m_now == index; });
    }

    // To the next that has not ended; to itself where all others have.
    void handOver(size_t index, bool ended)
    {
        {
            const std::lock_guard lock(m_mutex);
            m_working[index] = !ended;
            for (size_t ahead = 1; ahead <= m_working.size(); ++ahead) {
                m_now = (index + ahead) % m_working.size();
                if (m_working[m_now])
                    break;
            }
        }
        m_changed.notify_all();
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::vector<bool> m_working;
    size_t m_now = 0;
};

// Between two steps, a few times in an evaluation and again and again while it is paused, a run asks for controls: that is where it
// lets the others go first.
class Turn : public Events
{
public:
    Turn(Turns& turns, size_t index) : m_turns(turns), m_index(index) {}
    void on(const Event& event) override { m_begun = m_begun || std::holds_alternative<StepEvent>(event); }
    Controls controls() override
    {
        if (m_begun) {
            m_turns.handOver(m_index, false);
            m_turns.wait(m_index);
        }
        return {};
    }

private:
    Turns& m_turns;
    size_t m_index;
    bool m_begun = false;   // it has opened its model and taken a step
};

}  // namespace

void inTurns(size_t count, const std::function<void(size_t index, Events& turn)>& work)
{
    Turns turns(count);
    std::vector<std::jthread> threads;
    for (size_t index = 0; index < count; ++index) {
        threads.emplace_back([&turns, &work, index] {
            turns.wait(index);
            Turn turn(turns, index);
            work(index, turn);
            turns.handOver(index, true);
        });
    }
}

void atOnce(size_t count, const std::function<void(size_t index)>& work)
{
#if defined(__GLIBC__)
    // glibc gives every thread that begins a place of its own to allocate in, and what one has freed the others cannot use: 80 MB of 1,490
    // with four runs (SmolLM2, bfloat16). Mostly one of them works at a time.
    // It holds for the whole process from here on (ADR 0012).
    ::mallopt(M_ARENA_MAX, 1);
#endif
    std::vector<std::jthread> threads;
    for (size_t index = 0; index < count; ++index)
        threads.emplace_back([&work, index] { work(index); });
}

}  // namespace rankwright
