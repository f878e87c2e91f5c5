// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Who runs a run. The text in the lock file only names the owner in messages; the lock alone decides.
#include "storage/file_lock.h"
#include "storage/runs/run_folder.h"
#include "storage/utc_time.h"
#include "training/api/error.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <thread>
#include <tuple>
#include <unistd.h>

namespace rankwright {

namespace {

std::filesystem::path lockFile(const std::filesystem::path& runFolder) { return runFolder / "lock"; }

std::string bootId()
{
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(file, id);
    return id;
}

// What the owner wrote, cut to a size that fits a message.
std::string ownerOf(const std::filesystem::path& file)
{
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    std::array<char, 256> text{};
    const ssize_t got = fd < 0 ? 0 : ::read(fd, text.data(), text.size());
    if (fd >= 0)
        ::close(fd);
    std::string owner(text.data(), size_t(std::max<ssize_t>(0, got)));
    owner.erase(owner.find_last_not_of('\n') + 1);
    return owner.empty() ? "another process" : owner;
}

FileLock take(const std::filesystem::path& runFolder)
{
    const auto file = lockFile(runFolder);
    // A program that opens the store takes the lock for some milliseconds to find interrupted runs: so try again.
    for (int attempt = 0; attempt < 10; ++attempt) {
        if (auto lock = FileLock::tryTake(file))
            return std::move(*lock);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    throw Error(ErrorParts{.code = Code::locked,
        .file = runFolder,
        .place = "lock",
        .found = "the run is held by " + ownerOf(file),
        .allowed = "one program at a time on a run",
        .advice = "Wait until it ends, or stop it there."});
}

}  // namespace

RunLock::RunLock(const std::filesystem::path& runFolder) : m_lock(take(runFolder))
{
    struct stat status{};
    if (::fstat(m_lock.descriptor(), &status) != 0 || status.st_nlink == 0)
        throw Error(ErrorParts{.code = Code::missing,
            .file = runFolder,
            .place = "lock",
            .found = "the run was removed in this moment",
            .advice = "Choose another run."});
    const std::string owner =
        "process " + std::to_string(::getpid()) + " since " + utcNow() + " (boot " + bootId() + ")\n";
    // On a full disk the lock holds without its text.
    if (::ftruncate(m_lock.descriptor(), 0) == 0)
        std::ignore = ::pwrite(m_lock.descriptor(), owner.data(), owner.size(), 0);
}

bool RunLock::isHeld(const std::filesystem::path& runFolder) { return FileLock::isHeld(lockFile(runFolder)); }

}  // namespace rankwright
