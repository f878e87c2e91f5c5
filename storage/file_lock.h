// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// An exclusive lock on a whole file, owned by the open file description (F_OFD_SETLK): it ends with the process however
// that dies, holds between two openings in one process, and can be tested without being taken.
#pragma once

#include <filesystem>
#include <optional>

namespace rankwright {

class FileLock
{
public:
    // Creates the file where it is not there; never follows a symbolic link. Empty: somebody else holds it.
    static std::optional<FileLock> tryTake(const std::filesystem::path& file);
    static FileLock wait(const std::filesystem::path& file);  // blocks; for sections that take milliseconds
    static bool isHeld(const std::filesystem::path& file);    // by anybody, this process included
    ~FileLock();
    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&&) = delete;
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;
    [[nodiscard]] int descriptor() const { return m_fd; }

private:
    explicit FileLock(int fd) : m_fd(fd) { }
    int m_fd;
};

}  // namespace rankwright
