// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "app/command_output.h"

#include "training/api/error.h"

#include <cerrno>
#include <cstring>
#include <poll.h>
#include <unistd.h>

namespace rankwright {

namespace {

// 0, or the errno of the write that failed.
int writeAll(int descriptor, std::string_view text)
{
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(size_t(written));
        } else if (errno == EAGAIN) {  // a reader that made the pipe non-blocking
            pollfd wait{.fd = descriptor, .events = POLLOUT, .revents = 0};
            ::poll(&wait, 1, -1);
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

}  // namespace

Output::Output(int descriptor)
    : m_descriptor(descriptor)
    , m_terminal(::isatty(descriptor) == 1)
{
}

void Output::write(std::string_view text)
{
    if (m_closed)
        return;
    const int problem = writeAll(m_descriptor, text);
    if (problem == EPIPE) {
        m_closed = true;
    } else if (problem != 0) {
        throw Error{ErrorParts{.code = Code::io,
            .file = {},
            .place = "standard output",
            .found = std::strerror(problem),
            .allowed = {},
            .advice = "Free some space or send the output elsewhere."}};
    }
}

void writeToPeople(std::string_view text) { writeAll(2, text); }

std::string shownText(std::string_view text, bool terminal)
{
    if (!terminal)
        return std::string(text);
    std::string shown;
    size_t from = 0;
    while (from < text.size()) {
        const size_t end = text.find_first_of("\n\t", from);
        shown += escaped(text.substr(from, end == std::string_view::npos ? end : end - from));
        if (end == std::string_view::npos)
            break;
        shown += text[end];
        from = end + 1;
    }
    return shown;
}

}  // namespace rankwright
