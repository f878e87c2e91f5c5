// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Open-file-description locks (Linux 3.15 and newer, fcntl(2)).
#include "storage/file_lock.h"

#include "training/api/error.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace rankwright {

namespace {

struct flock wholeFile()
{
    struct flock range{};
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    return range;
}

[[noreturn]] void failed(const std::filesystem::path& file, const std::string& doing, int error)
{
    const bool absent = error == ENOENT || error == ENOTDIR;
    throw Error(ErrorParts{.code = absent ? Code::missing : Code::io,
        .file = file,
        .place = "lock file",
        .found = doing + ": " + std::strerror(error),
        .allowed = "a folder on this machine that can be written to",
        .advice = absent ? "Put the folder back, or remove the run." : "Check the folder's permissions and space."});
}

int openForLock(const std::filesystem::path& file)
{
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
    if (fd < 0)
        failed(file, "cannot be opened", errno);
    return fd;
}

}  // namespace

std::optional<FileLock> FileLock::tryTake(const std::filesystem::path& file)
{
    FileLock lock(openForLock(file));
    struct flock range = wholeFile();
    if (::fcntl(lock.m_fd, F_OFD_SETLK, &range) == 0)
        return lock;
    if (errno != EAGAIN && errno != EACCES)
        failed(file, "cannot be locked", errno);
    return std::nullopt;
}

FileLock FileLock::wait(const std::filesystem::path& file)
{
    FileLock lock(openForLock(file));
    struct flock range = wholeFile();
    while (::fcntl(lock.m_fd, F_OFD_SETLKW, &range) != 0) {
        if (errno != EINTR)
            failed(file, "cannot be locked", errno);
    }
    return lock;
}

bool FileLock::isHeld(const std::filesystem::path& file)
{
    // Asking for a write lock needs no write access when it is only tested.
    const FileLock probe(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (probe.m_fd < 0)
        return false;
    struct flock range = wholeFile();
    return ::fcntl(probe.m_fd, F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

FileLock::~FileLock()
{
    if (m_fd >= 0)
        ::close(m_fd);
}

FileLock::FileLock(FileLock&& other) noexcept : m_fd(std::exchange(other.m_fd, -1)) { }

}  // namespace rankwright
