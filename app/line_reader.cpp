// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "app/line_reader.h"

#include "training/api/error.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace rankwright {

namespace {

constexpr size_t kLongest = size_t(1) << 20;
constexpr int kAskEvery = 100;   // milliseconds between two looks at the stop

}  // namespace

LineReader::LineReader(int descriptor) : m_descriptor(descriptor), m_terminal(::isatty(descriptor) == 1) {}

std::optional<std::string> LineReader::next(std::stop_token stop)
{
    size_t searched = 0;
    for (;;) {
        if (const size_t end = m_buffer.find('\n', searched); end != std::string::npos) {
            std::string line = m_buffer.substr(0, end);
            m_buffer.erase(0, end + 1);
            if (line.ends_with('\r'))
                line.pop_back();
            return line;
        }
        searched = m_buffer.size();
        if (searched > kLongest) {
            throw Error({.code = Code::limit, .file = {}, .place = "standard input", .found = "a line of more than 1 MiB",
                .allowed = "prompts, one a line", .advice = "Break the input into lines."});
        }
        if (fill(stop))
            continue;
        if (m_buffer.empty() || stop.stop_requested())
            return std::nullopt;
        return std::exchange(m_buffer, {});   // a last line without an end
    }
}

bool LineReader::fill(const std::stop_token& stop)
{
    while (!stop.stop_requested()) {
        pollfd ready{m_descriptor, POLLIN, 0};
        if (const int count = ::poll(&ready, 1, kAskEvery); count == 0 || (count < 0 && errno == EINTR))
            continue;
        std::array<char, 4096> bytes{};
        const auto got = ::read(m_descriptor, bytes.data(), bytes.size());
        if (got > 0) {
            m_buffer.append(bytes.data(), size_t(got));
            return true;
        }
        if (got == 0)
            return false;
        if (errno != EINTR && errno != EAGAIN) {
            throw Error({.code = Code::io, .file = {}, .place = "standard input", .found = std::strerror(errno), .allowed = {},
                .advice = "Give the prompts in another way."});
        }
    }
    return false;
}

}  // namespace rankwright
