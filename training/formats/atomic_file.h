// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Writing files so that a reader sees the old one or the new one, never half: temporary name, fsync, rename, fsync of
// the folder. Temporary names are NAME.tmp-PID.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace rankwright {

class AtomicFile
{
public:
    // Creates PATH.tmp-PID beside the target. Throws Error{exists} where that cannot be created.
    explicit AtomicFile(std::filesystem::path path);
    ~AtomicFile();  // removes the temporary file unless committed
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;
    // Throws Error{io} naming the file and the space needed where the disk is full.
    void write(std::span<const std::byte> bytes);
    void write(std::string_view text);
    // fsync, rename over the target, fsync the folder. Throws Error{io}; an fsync error is never retried.
    void commit();

private:
    std::filesystem::path m_path, m_temporary;
    int m_fd = -1;
    bool m_committed = false;
};

void writeFileAtomically(const std::filesystem::path& path, std::string_view text);
void syncDirectory(const std::filesystem::path& folder);
// The folder must not exist, or be empty and not a symbolic link. Creates it. Throws Error{exists}.
void createOutputFolder(const std::filesystem::path& folder);

}  // namespace rankwright
