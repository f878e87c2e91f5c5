// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Reading files that others own: pread with bounds, regular files only, no memory mapping (a mapped file that is cut
// short kills the program with SIGBUS), and a notice when the file changes while it is read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace rankwright {

class FileReader
{
public:
    enum class Links { follow, refuse };
    // Opens for reading. Throws Error: missing (not there, with advice), unsupported ("not a regular file": a folder,
    // FIFO, socket, device; with Links::refuse also a symbolic link), io.
    explicit FileReader(std::filesystem::path path, Links links = Links::follow);
    ~FileReader();
    FileReader(FileReader&& other) noexcept;
    FileReader(const FileReader&) = delete;
    FileReader& operator=(const FileReader&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return m_path; }
    [[nodiscard]] uint64_t size() const { return m_size; }
    // Fills `to` from `offset`. Throws Error{changed} where the file has become shorter, Error{io} on a read error.
    void read(uint64_t offset, std::span<std::byte> to) const;
    [[nodiscard]] std::string text(uint64_t offset, uint64_t bytes) const;
    // Throws Error{changed} where inode, size or modification time differ from those at opening.
    void checkUnchanged() const;

private:
    std::filesystem::path m_path;
    int m_fd = -1;
    uint64_t m_size = 0;
    uint64_t m_inode = 0;
    int64_t m_mtimeNs = 0;
};

// A whole file of at most `limit` bytes. Throws Error{limit} above it, otherwise as FileReader.
std::string readWholeFile(const std::filesystem::path& path, uint64_t limit);
// Names what a file really is where its first bytes tell: "a pickle (PyTorch checkpoint)", "a Git LFS pointer",
// "an HTML page", "a zip archive", "gzip data"...; empty where nothing is recognised.
std::string recognisedKind(std::string_view firstBytes);
// ".jsonl" of "A.JSONL": only the letters of ASCII change.
std::string lowerExtension(const std::filesystem::path& file);
// The file that `name`, read from `namedBy` at `place`, stands for in a folder: a plain name, and where that is a
// symbolic link, its target, which must lie in the folder or in the Hugging Face cache. A path to nothing is returned
// as it is.
std::filesystem::path resolveInFolder(const std::filesystem::path& folder, const std::string& name,
    const std::filesystem::path& namedBy, const std::string& place);
// Throws Error{pickle} for a pickle (bare or in a zip) and Error{format} for the other recognised kinds.
void refuseKnownWrongKinds(const FileReader& file);

}  // namespace rankwright
