// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Opening, bounded reading and change detection of other people's files, and the recognition of files that are
// something else than their name says.
#include "training/formats/file_reader.h"

#include "training/api/error.h"
#include "training/api/paths.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace rankwright {

namespace {

namespace fs = std::filesystem;

std::string systemText(int error)
{
    return std::generic_category().message(error);
}

std::string kindOf(mode_t mode)
{
    if (S_ISDIR(mode))
        return "a folder";
    if (S_ISFIFO(mode))
        return "a FIFO";
    if (S_ISSOCK(mode))
        return "a socket";
    if (S_ISCHR(mode) || S_ISBLK(mode))
        return "a device";
    if (S_ISLNK(mode))
        return "a symbolic link";
    return "an unknown kind of file";
}

[[noreturn]] void throwNotRegular(const fs::path& path, const std::string& kind)
{
    throw Error({.code = Code::unsupported, .file = path, .place = "file type",
        .found = "not a regular file but " + kind, .allowed = "a regular file", .advice = "Choose the file itself"});
}

[[noreturn]] void throwOpenError(const fs::path& path, int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        throw Error({.code = Code::missing, .file = path, .place = "path", .found = "no such file",
            .allowed = "an existing file", .advice = "Check the path, or fetch the file"});
    case ENXIO:
    case ENODEV:
        throwNotRegular(path, "a socket or device");
    case ELOOP:
        throwNotRegular(path, "a symbolic link");
    default:
        throw Error({.code = Code::io, .file = path, .place = "opening", .found = systemText(error),
            .allowed = "a readable file", .advice = "Check the permissions of the file and of its folders"});
    }
}

int64_t nanoseconds(const timespec& time)
{
    return static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

[[noreturn]] void throwChanged(const fs::path& path, const std::string& place, const std::string& found)
{
    throw Error({.code = Code::changed, .file = path, .place = place, .found = "changed while reading: " + found,
        .allowed = "a file that stays as it is", .advice = "Wait until nothing writes to it, then open it again"});
}

bool liesIn(const fs::path& file, const fs::path& folder)
{
    const auto [end, unused] = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
    return !folder.empty() && end == folder.end();
}

// The cache's root without links, empty where there is none.
fs::path canonicalCache()
{
    try {
        std::error_code error;
        auto cache = fs::canonical(huggingFaceCache(), error);
        return error ? fs::path() : cache;
    } catch (const Error&) {
        return {};  // HOME is not set: no cache
    }
}

}  // namespace

FileReader::FileReader(fs::path path, Links links)
    : m_path(std::move(path))
{
    // O_NONBLOCK: opening a FIFO without a writer would wait for ever. It means nothing for regular files.
    const int noFollow = links == Links::refuse ? O_NOFOLLOW : 0;
    m_fd = ::open(m_path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | noFollow);
    if (m_fd < 0)
        throwOpenError(m_path, errno);
    struct stat status {};
    const bool known = ::fstat(m_fd, &status) == 0;
    if (!known || !S_ISREG(status.st_mode)) {
        const int error = errno;
        ::close(std::exchange(m_fd, -1));
        if (!known)
            throwOpenError(m_path, error);
        throwNotRegular(m_path, kindOf(status.st_mode));
    }
    m_size = static_cast<uint64_t>(status.st_size);
    m_inode = status.st_ino;
    m_mtimeNs = nanoseconds(status.st_mtim);
}

FileReader::~FileReader()
{
    if (m_fd >= 0)
        ::close(m_fd);
}

FileReader::FileReader(FileReader&& other) noexcept
    : m_path(std::move(other.m_path))
    , m_fd(std::exchange(other.m_fd, -1))
    , m_size(other.m_size)
    , m_inode(other.m_inode)
    , m_mtimeNs(other.m_mtimeNs)
{
}

void FileReader::read(uint64_t offset, std::span<std::byte> to) const
{
    if (offset > m_size || to.size() > m_size - offset) {
        throwChanged(m_path, "byte offset " + std::to_string(offset),
            std::to_string(to.size()) + " bytes wanted, the file ends at " + std::to_string(m_size));
    }
    size_t done = 0;
    while (done < to.size()) {
        const auto got = ::pread(m_fd, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
        if (got > 0) {
            done += static_cast<size_t>(got);
        } else if (got == 0) {
            throwChanged(m_path, "byte offset " + std::to_string(offset + done),
                "the file ends here, it had " + std::to_string(m_size) + " bytes");
        } else if (errno != EINTR) {
            throw Error({.code = Code::io, .file = m_path, .place = "byte offset " + std::to_string(offset + done),
                .found = "reading failed: " + systemText(errno), .allowed = "a readable file",
                .advice = "Check the disk or the network drive"});
        }
    }
}

std::string FileReader::text(uint64_t offset, uint64_t bytes) const
{
    if (offset > m_size || bytes > m_size - offset)
        read(offset, std::span(static_cast<std::byte*>(nullptr), bytes));  // throws before anything is allocated
    std::string text(bytes, '\0');
    read(offset, std::as_writable_bytes(std::span(text)));
    return text;
}

void FileReader::checkUnchanged() const
{
    struct stat opened {}, named {};
    if (::fstat(m_fd, &opened) != 0 || ::stat(m_path.c_str(), &named) != 0)
        throwChanged(m_path, "file", "it is no longer there");
    if (named.st_ino != m_inode || named.st_dev != opened.st_dev)
        throwChanged(m_path, "inode", "another file has taken its place");
    if (static_cast<uint64_t>(opened.st_size) != m_size) {
        throwChanged(m_path, "size",
            std::to_string(opened.st_size) + " bytes, at opening " + std::to_string(m_size));
    }
    if (nanoseconds(opened.st_mtim) != m_mtimeNs)
        throwChanged(m_path, "modification time", "something has written to it");
}

std::string readWholeFile(const fs::path& path, uint64_t limit)
{
    const FileReader file(path);
    if (file.size() > limit) {
        throw Error({.code = Code::limit, .file = path, .place = "size",
            .found = std::to_string(file.size()) + " bytes", .allowed = "at most " + std::to_string(limit) + " bytes",
            .advice = "Check that this is the file you mean"});
    }
    std::string text = file.text(0, file.size());
    file.checkUnchanged();
    return text;
}

fs::path resolveInFolder(const fs::path& folder, const std::string& name, const fs::path& namedBy,
    const std::string& place)
{
    if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos
        || name.find('\0') != std::string::npos) {
        throw Error({.code = Code::format, .file = namedBy, .place = place, .found = "the file name \"" + name + "\"",
            .allowed = "the plain name of a file in the same folder",
            .advice = "Do not use this model: it reaches for files outside its folder"});
    }
    const auto path = folder / name;
    std::error_code error;
    if (!fs::is_symlink(fs::symlink_status(path, error)))
        return path;
    const auto target = fs::canonical(path, error);
    if (error)
        return path;  // a link to nothing: opening it reports what is missing
    if (!fs::is_regular_file(target, error))
        throwNotRegular(path, "a symbolic link to " + target.native());
    if (!liesIn(target, fs::canonical(folder, error)) && !liesIn(target, canonicalCache())) {
        throw Error({.code = Code::unsupported, .file = path, .place = "symbolic link",
            .found = "it leads out of the folder, to " + target.native(),
            .allowed = "links inside the folder or into the Hugging Face cache",
            .advice = "Copy the file into the folder, or set HF_HUB_CACHE if it belongs to a cache elsewhere"});
    }
    return target;
}

}  // namespace rankwright
