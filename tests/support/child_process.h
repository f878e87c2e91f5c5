// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A second, real process for tests of locks, crashes and shared files: a fork that runs a function and leaves without
// running destructors of the parent. Fork before starting threads. The child can send bytes and numbers to the parent.
#pragma once

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace rankwright {

// ThreadSanitizer ends a forked child that starts threads.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool kChildrenMayStartThreads = false;
#else
inline constexpr bool kChildrenMayStartThreads = true;
#endif

class ChildProcess
{
public:
    class Pipe
    {
    public:
        explicit Pipe(int fd) : m_fd(fd) { }
        void say(int64_t number) const  // one write: whole or not at all
        {
            if (::write(m_fd, &number, sizeof number) != ssize_t(sizeof number))
                ::_exit(98);
        }

    private:
        int m_fd;
    };

    explicit ChildProcess(const std::function<void(Pipe)>& work)
    {
        int ends[2];
        if (::pipe(ends) != 0)
            throw std::runtime_error("pipe");
        m_pid = ::fork();
        if (m_pid == 0) {
            ::close(ends[0]);
            try {
                work(Pipe(ends[1]));
                ::_exit(0);
            } catch (const std::exception& error) {
                std::fprintf(stderr, "child: %s\n", error.what());
            }
            ::_exit(99);
        }
        ::close(ends[1]);
        m_read = ends[0];
        if (m_pid < 0)
            throw std::runtime_error("fork");
    }
    ~ChildProcess()
    {
        kill();
        ::close(m_read);
    }
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    // The next number that the child has said; waits for it. Empty: the child has ended.
    std::optional<int64_t> hear() const
    {
        int64_t number = 0;
        ssize_t got = 0;
        do {
            got = ::read(m_read, &number, sizeof number);
        } while (got < 0 && errno == EINTR);
        return got == ssize_t(sizeof number) ? std::optional(number) : std::nullopt;
    }
    void kill()  // SIGKILL: nothing of the child runs any more
    {
        if (m_pid > 0) {
            ::kill(m_pid, SIGKILL);
            wait();
        }
    }
    int wait()  // exit status, or 128 + signal
    {
        int status = 0;
        if (m_pid > 0)
            ::waitpid(m_pid, &status, 0);
        m_pid = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    [[nodiscard]] pid_t pid() const { return m_pid; }

private:
    pid_t m_pid = -1;
    int m_read = -1;
};

}  // namespace rankwright
