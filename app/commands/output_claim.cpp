// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "app/commands/output_claim.h"

#include "training/api/error.h"
#include "training/formats/atomic_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rankwright {

namespace {

// Who holds the lock, from the kernel's table: "1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF", where 5678 is the
// inode.
std::string ownerOf(int descriptor)
{
    struct stat status
    {
    };
    if (::fstat(descriptor, &status) != 0)
        return "another process";
    std::ifstream table("/proc/locks");
    const std::string ending = ':' + std::to_string(status.st_ino);
    for (std::string line; std::getline(table, line);) {
        std::istringstream words(line);
        std::string number, kind, mode, access, process, place;
        words >> number >> kind >> mode >> access >> process >> place;
        if (kind == "FLOCK" && place.ends_with(ending) && process != "0")
            return "process " + process;
    }
    return "another process";
}

// The folder's descriptor with the lock, or -1 where it cannot be opened (a symbolic link is not followed).
int lockFolder(const std::filesystem::path& folder)
{
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0 || ::flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        return descriptor;
    const bool held = errno == EWOULDBLOCK;
    const std::string found = held ? "in use by " + ownerOf(descriptor) : std::strerror(errno);
    ::close(descriptor);
    throw Error(ErrorParts{.code = held ? Code::locked : Code::io,
        .file = folder,
        .place = "--out",
        .found = found,
        .allowed = {},
        .advice = "Name another folder, or wait until that run has ended."});
}

}  // namespace

void refuseExisting(const std::string& file)
{
    std::error_code ignored;
    if (!std::filesystem::exists(std::filesystem::symlink_status(file, ignored)))
        return;
    throw Error(ErrorParts{.code = Code::exists,
        .file = file,
        .place = "--out",
        .found = "already there",
        .allowed = "a file that is not there yet",
        .advice = "Name another file, or remove this one first."});
}

std::string withoutLastSlashes(std::string folder)
{
    while (folder.size() > 1 && folder.ends_with('/'))
        folder.pop_back();
    return folder;
}

OutputClaim::OutputClaim(std::filesystem::path folder)
    : m_folder(std::move(folder))
{
    m_fd = lockFolder(m_folder);  // before the look inside: the holder may be writing there
    std::error_code ignored;
    m_created = !std::filesystem::exists(m_folder, ignored);
    try {
        createOutputFolder(m_folder);
        if (m_fd < 0)
            m_fd = lockFolder(m_folder);
    } catch (...) {
        if (m_fd >= 0)
            ::close(m_fd);
        throw;
    }
}

OutputClaim::~OutputClaim()
{
    if (m_fd >= 0)
        ::close(m_fd);
    if (m_created)
        ::rmdir(m_folder.c_str());  // fails, as it should, where something was written
}

}  // namespace rankwright
