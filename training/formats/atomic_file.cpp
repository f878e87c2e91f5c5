// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Temporary file, fsync, rename, fsync of the folder: after a crash a reader finds the old file or the new one.
#include "training/formats/atomic_file.h"

#include "training/api/error.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace rankwright {

namespace {

namespace fs = std::filesystem;

std::string systemText(int error)
{
    return std::generic_category().message(error);
}

[[noreturn]] void throwCannotCreate(const fs::path& path, const std::string& place, const std::string& found)
{
    throw Error({.code = Code::exists, .file = path, .place = place, .found = found,
        .allowed = "a new or empty place in a folder that can be written to",
        .advice = "Choose another place, or check the folder's permissions"});
}

[[noreturn]] void throwIo(const fs::path& path, const std::string& doing, int error)
{
    throw Error({.code = Code::io, .file = path, .place = doing, .found = systemText(error),
        .allowed = "a disk that takes the whole file", .advice = "Check the disk; the earlier file is unchanged"});
}

[[noreturn]] void throwWriteError(const fs::path& path, int fd, uint64_t missing, int error)
{
    if (error != ENOSPC && error != EDQUOT && error != EFBIG)
        throwIo(path, "writing", error);
    struct statvfs disk {};
    std::string found = systemText(error) + "; at least " + std::to_string(missing) + " bytes more are needed";
    if (::fstatvfs(fd, &disk) == 0)
        found += ", " + std::to_string(static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize) + " are free";
    throw Error({.code = Code::io, .file = path, .place = "writing", .found = found,
        .allowed = "enough space, and files of this size", .advice = "Free some space or choose another disk"});
}

fs::path folderOf(const fs::path& file)
{
    return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

}  // namespace

AtomicFile::AtomicFile(fs::path path)
    : m_path(std::move(path))
{
    // A file of that name is of a dead process with our id, or of another thread of ours: leave it, take the next name.
    constexpr int kTries = 100;
    const std::string base = m_path.native() + ".tmp-" + std::to_string(::getpid());
    for (int i = 0; m_fd < 0 && i < kTries; ++i) {
        m_temporary = i == 0 ? base : base + "-" + std::to_string(i);
        m_fd = ::open(m_temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (m_fd < 0 && errno != EEXIST)
            break;
    }
    if (m_fd < 0)
        throwCannotCreate(m_path, "creating", systemText(errno));
}

AtomicFile::~AtomicFile()
{
    if (m_fd >= 0)
        ::close(m_fd);
    if (!m_committed)
        ::unlink(m_temporary.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes)
{
    while (!bytes.empty()) {
        const auto put = ::write(m_fd, bytes.data(), bytes.size());
        if (put >= 0)
            bytes = bytes.subspan(static_cast<size_t>(put));
        else if (errno != EINTR)
            throwWriteError(m_path, m_fd, bytes.size(), errno);
    }
}

void AtomicFile::write(std::string_view text)
{
    write(std::as_bytes(std::span(text)));
}

void AtomicFile::commit()
{
    // After a failed fsync the kernel counts the pages as clean: trying again would only seem to succeed.
    if (::fsync(m_fd) != 0)
        throwIo(m_path, "fsync", errno);
    if (::close(std::exchange(m_fd, -1)) != 0)
        throwIo(m_path, "closing", errno);
    if (::rename(m_temporary.c_str(), m_path.c_str()) != 0)
        throwIo(m_path, "renaming " + m_temporary.filename().native(), errno);
    m_committed = true;
    syncDirectory(folderOf(m_path));
}

void writeFileAtomically(const fs::path& path, std::string_view text)
{
    AtomicFile file(path);
    file.write(text);
    file.commit();
}

void syncDirectory(const fs::path& folder)
{
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        throwIo(folder, "opening the folder", errno);
    const int error = ::fsync(fd) == 0 ? 0 : errno;
    ::close(fd);
    // Some file systems (network, FUSE) do not know fsync of a folder; there is nothing better to do there.
    if (error != 0 && error != EINVAL && error != ENOSYS && error != ENOTSUP)
        throwIo(folder, "fsync of the folder", error);
}

void createOutputFolder(const fs::path& folder)
{
    std::error_code error;
    const auto status = fs::symlink_status(folder, error);
    if (fs::is_symlink(status))
        throwCannotCreate(folder, "output folder", "a symbolic link, which is not followed");
    if (fs::exists(status) && !fs::is_directory(status))
        throwCannotCreate(folder, "output folder", "there is a file of this name");
    if (fs::exists(status)) {
        const bool empty = fs::is_empty(folder, error);
        if (error)
            throwCannotCreate(folder, "output folder", error.message());
        if (!empty)
            throwCannotCreate(folder, "output folder", "the folder is not empty");
        return;
    }
    fs::create_directories(folder, error);
    if (error)
        throwCannotCreate(folder, "output folder", error.message());
}

}  // namespace rankwright
