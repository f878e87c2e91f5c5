// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Reads a data set's file as a stream: one JSON text a row with its position, never more in memory than the longest row
// may be. Used for .jsonl (a row is a line) and .json (a row is an element of the outermost array).
#pragma once

#include "training/formats/file_reader.h"
#include "training/formats/sha256.h"

#include <nlohmann/json.hpp>

#include <functional>
#include <optional>
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

struct RawRow
{
    std::string text;   // one JSON value, white space around it
    TextPlace place;    // of the first byte of `text`
};

class RowReader
{
public:
    enum class Layout { lines, array };
    RowReader(const FileReader& file, Layout layout, std::function<bool()> cancelled);
    // The next row that is not blank, nothing after the last. Throws Error: data (syntax, text), limit (a row longer
    // than limits::kJsonLine), stopped, changed.
    std::optional<RawRow> next();
    // SHA-256 of the file: after next() has returned nothing.
    [[nodiscard]] std::string hash() { return m_hash.hex(); }

private:
    bool fill();
    std::optional<RawRow> nextLine();
    std::optional<RawRow> nextElement();
    RawRow element();
    int peek();
    void take(std::string* into);
    int afterSpace();
    [[noreturn]] void fail(std::string found, std::string allowed, std::string advice) const;
    void checkLength(const RawRow& row) const;

    const FileReader& m_file;
    Layout m_layout;
    std::function<bool()> m_cancelled;
    Sha256 m_hash;
    std::string m_buffer;
    size_t m_at = 0;            // in m_buffer
    uint64_t m_read = 0;        // bytes of the file read so far
    TextPlace m_place;          // of the next byte
    bool m_opened = false, m_closed = false;  // the array's brackets
};

// The row's value. Throws Error{data} (or limit) at the place in the file where the JSON is wrong.
nlohmann::json parseRow(const RawRow& row, const std::filesystem::path& file);

}  // namespace rankwright
