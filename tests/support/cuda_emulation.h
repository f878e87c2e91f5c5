// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// CUDA's kernels as C++: what one needs of the language, and launch(), which runs the threads of a block as threads of the processor
// and blocks one after the other. To be included before a file with kernels. Stricter than a GPU: a thread that leaves while others of its
// block wait at __syncthreads(), or others of its warp at an exchange, is an error. Under ThreadSanitizer a missing __syncthreads()
// is a data race and is reported.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __shared__ static

namespace emulation {

struct Index { unsigned x = 0, y = 0, z = 0; };

constexpr unsigned kWarp = 32;

// Where a number of threads wait for each other, again and again. Those that have left are never waited for.
class Meeting
{
public:
    explicit Meeting(unsigned threads) : m_threads(threads) {}
    void wait()
    {
        std::unique_lock lock(m_mutex);
        const auto turn = m_turn;
        if (m_left > 0)
            m_broken = true;
        if (++m_here == m_threads || m_broken)
            open();
        m_changed.wait(lock, [&] { return m_turn != turn; });
        if (m_broken)
            throw std::logic_error("a thread has left where others wait");
    }
    void leave()
    {
        const std::lock_guard lock(m_mutex);
        ++m_left;
        if (m_here > 0) {
            m_broken = true;
            open();
        }
    }

private:
    void open()
    {
        m_here = 0;
        ++m_turn;
        m_changed.notify_all();
    }
    std::mutex m_mutex;
    std::condition_variable m_changed;
    unsigned m_threads, m_here = 0, m_left = 0;
    uint64_t m_turn = 0;
    bool m_broken = false;
};

// A block that runs: its barrier, and what the lanes of each warp show each other.
struct Block
{
    struct Warp
    {
        explicit Warp(unsigned lanes) : meeting(lanes) {}
        Meeting meeting;
        uint32_t shown[kWarp] = {};
    };
    explicit Block(unsigned threads) : all(threads)
    {
        for (unsigned first = 0; first < threads; first += kWarp)
            warps.push_back(std::make_unique<Warp>(std::min(kWarp, threads - first)));
    }
    Meeting all;
    std::vector<std::unique_ptr<Warp>> warps;
};

inline thread_local Block* block = nullptr;

}  // namespace emulation

inline thread_local emulation::Index threadIdx, blockIdx;

inline void __syncthreads()
{
    emulation::block->all.wait();
}

// Every lane of the warp must take part: `mask` is all ones in the kernels here.
template <class T>
T __shfl_xor_sync(uint32_t mask, T value, int lanes)
{
    static_assert(sizeof(T) == sizeof(uint32_t));
    if (mask != 0xffffffffu)
        throw std::logic_error("only exchanges of whole warps are known");
    auto& warp = *emulation::block->warps[threadIdx.x / emulation::kWarp];
    const auto lane = threadIdx.x % emulation::kWarp;
    std::memcpy(&warp.shown[lane], &value, sizeof(T));
    warp.meeting.wait();
    T other;
    std::memcpy(&other, &warp.shown[lane ^ unsigned(lanes)], sizeof(T));
    warp.meeting.wait();   // nobody shows the next before all have looked
    return other;
}

namespace emulation {

// kernel<<<blocks, threads>>>(arguments...). Throws what a thread threw.
template <class Kernel, class... Arguments>
void launch(unsigned blocks, unsigned threads, Kernel kernel, Arguments... arguments)
{
    std::exception_ptr problem;
    std::mutex problemMutex;
    std::vector<std::unique_ptr<Block>> running;
    for (unsigned b = 0; b < blocks; ++b)
        running.push_back(std::make_unique<Block>(threads));
    Meeting between(threads);   // blocks share the memory that __shared__ stands for
    const auto run = [&](unsigned thread) {
        threadIdx = {thread};
        for (unsigned b = 0; b < blocks; ++b) {
            blockIdx = {b};
            block = running[b].get();
            try {
                kernel(arguments...);
            } catch (...) {
                const std::lock_guard lock(problemMutex);
                problem = problem ? problem : std::current_exception();
            }
            block->all.leave();
            block->warps[thread / kWarp]->meeting.leave();
            between.wait();
        }
    };
    std::vector<std::thread> team;
    for (unsigned thread = 0; thread < threads; ++thread)
        team.emplace_back(run, thread);
    for (auto& one : team)
        one.join();
    if (problem)
        std::rethrow_exception(problem);
}

}  // namespace emulation
