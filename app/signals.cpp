// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "app/signals.h"

#include "training/api/error.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace rankwright {

namespace {

constexpr std::array<int, 3> kSignals{SIGINT, SIGTERM, SIGHUP};
constexpr char kEnd = 'e', kSignal = 's';

// Read by the handler: only lock-free atomics and async-signal-safe calls are allowed there.
std::atomic<int> writeEnd{-1};
std::atomic<bool> stopping{false};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

void onSignal(int signal)
{
    const int before = errno;
    if (stopping.exchange(true)) {
        if (signal == SIGINT)
            ::_exit(130);
    } else if (const int descriptor = writeEnd.load(); descriptor >= 0) {
        [[maybe_unused]] const auto written = ::write(descriptor, &kSignal, 1);
    }
    errno = before;
}

}  // namespace

Signals::Signals(bool quiet)
{
    if (::pipe2(m_pipe.data(), O_CLOEXEC) != 0) {
        throw Error{ErrorParts{.code = Code::io,
            .file = {},
            .place = "signals",
            .found = std::string("no pipe could be made: ") + std::strerror(errno),
            .allowed = {},
            .advice = "Raise the limit of open files (ulimit -n)."}};
    }
    stopping = false;
    writeEnd = m_pipe[1];
    m_thread = std::jthread([this, quiet] { wait(quiet); });
    struct sigaction action
    {
    };
    action.sa_handler = onSignal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < kSignals.size(); ++i)
        ::sigaction(kSignals[i], &action, &m_before[i]);
}

Signals::~Signals()
{
    for (size_t i = 0; i < kSignals.size(); ++i)
        ::sigaction(kSignals[i], &m_before[i], nullptr);
    writeEnd = -1;
    [[maybe_unused]] const auto written = ::write(m_pipe[1], &kEnd, 1);
    m_thread.join();
    ::close(m_pipe[0]);
    ::close(m_pipe[1]);
}

void Signals::wait(bool quiet)
{
    char what = 0;
    while (::read(m_pipe[0], &what, 1) < 0 && errno == EINTR) { }
    if (what != kSignal)
        return;
    m_source.request_stop();
    if (quiet)
        return;
    constexpr std::string_view text
        = "\nStopping, with a checkpoint where a run is on its way. Ctrl+C again ends at once.\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

void ignoreBrokenPipes() { std::signal(SIGPIPE, SIG_IGN); }

}  // namespace rankwright
