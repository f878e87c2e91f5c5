// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A text file byte by byte with the place of each byte, a block of it in memory at a time; and what text may not hold.
#pragma once

#include "training/formats/file_reader.h"
#include "training/formats/sha256.h"

#include <functional>
#include <string>

namespace rankwright {

// Where something is in a text file: line and column count from 1, columns in characters; bytes from 0.
struct TextPlace
{
    int64_t line = 1, column = 1;
    uint64_t byte = 0;
    [[nodiscard]] std::string text() const { return std::to_string(line) + ":" + std::to_string(column); }
};

// The place `bytes` further on in `text`, which begins at `start`.
TextPlace advanced(TextPlace start, std::string_view text, size_t bytes);
// The first byte of `text` that is NUL or not valid UTF-8; npos where there is none.
size_t firstBadByte(std::string_view text);
// Throws Error{data} with the place where `text` has a NUL or is not valid UTF-8.
void checkText(std::string_view text, TextPlace start, const std::filesystem::path& file);

class TextStream
{
public:
    static constexpr int kEnd = -1;
    static constexpr size_t kWholeFile = 1 << 20, kOneRow = 1 << 14;   // bytes read at a time
    // Begins behind a byte order mark. `watch(bytes)` is told before each block how much was read; false ends with Error{stopped}.
    TextStream(const FileReader& file, size_t block, std::function<bool(uint64_t bytes)> watch);
    // The next byte without taking it, kEnd at the end of the file. There the file is checked to be unchanged.
    int peek() { return m_at < m_buffer.size() || fill() ? uint8_t(m_buffer[m_at]) : kEnd; }
    // Takes the byte that peek() has shown.
    void take(std::string* into);
    // The bytes at hand, from the present place on; empty at the end of the file.
    std::string_view rest();
    // Takes `bytes` of rest(); only the last of them may be a line break.
    void skip(size_t bytes);
    [[nodiscard]] const TextPlace& place() const { return m_place; }
    // Goes on from a byte of the file; its line is not known then, and what is read no longer counts for hash().
    void seek(uint64_t byte);
    // SHA-256 of the file: after the end was reached, once.
    [[nodiscard]] std::string hash() { return m_hash.hex(); }
    [[nodiscard]] const FileReader& file() const { return m_file; }

private:
    bool fill();

    const FileReader& m_file;
    size_t m_block;
    std::function<bool(uint64_t)> m_watch;
    Sha256 m_hash;
    bool m_hashing = true;
    std::string m_buffer;
    size_t m_at = 0;            // in m_buffer
    uint64_t m_read = 0;        // bytes of the file read so far
    TextPlace m_place;          // of the next byte
};

}  // namespace rankwright
