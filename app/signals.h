// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// SIGINT, SIGTERM and SIGHUP as a stop request: the job ends with a checkpoint and the program with status 130.
#pragma once

#include <array>
#include <csignal>
#include <stop_token>
#include <thread>

namespace rankwright {

// While one lives, the first signal asks for a stop and says so on standard error; a SIGINT after that ends the program
// at once. At most one at a time: signal handlers belong to the whole process.
class Signals
{
public:
    explicit Signals(bool quiet);
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;
    [[nodiscard]] std::stop_token token() const { return m_source.get_token(); }
    [[nodiscard]] bool arrived() const { return m_source.stop_requested(); }

private:
    void wait(bool quiet);
    std::stop_source m_source;
    std::array<int, 2> m_pipe{-1, -1};
    std::array<struct sigaction, 3> m_before{};
    std::jthread m_thread;
};

// For the whole program, once: a closed pipe is an error of write(), never a signal that kills a training.
void ignoreBrokenPipes();

}  // namespace rankwright
