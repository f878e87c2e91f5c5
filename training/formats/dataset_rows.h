// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The rows of a data set's file as a stream of JSON objects with their places, never more in memory than the longest row may be:
// .jsonl (a row is a line) and .json (a row is an element of the outermost array); tables and Parquet are in files of their own.
#pragma once

#include "training/formats/text_stream.h"

#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace rankwright {

struct RawRow
{
    std::string text;   // one JSON value, white space around it; empty where the file holds no JSON
    TextPlace place;    // where the row begins
};
struct FileRow
{
    nlohmann::json value;
    RawRow raw;
};

// Told before each block of a file how many bytes of it were read; false ends the reading with Error{stopped}.
using ReadingWatch = std::function<bool(uint64_t bytes)>;

class RowSource
{
public:
    virtual ~RowSource() = default;
    // The next row that is not blank, nothing after the last. Throws Error: data (syntax, text), limit, stopped, changed.
    virtual std::optional<FileRow> next() = 0;
    // The row that begins at `byte` (RawRow::place) again. Afterwards next() goes on behind it.
    virtual FileRow at(uint64_t byte) = 0;
    // Bytes taken so far, of bytes().
    [[nodiscard]] virtual uint64_t position() const = 0;
    [[nodiscard]] virtual uint64_t bytes() const = 0;
    // SHA-256 of the file: after next() has returned nothing, once.
    virtual std::string hash() = 0;
    // The columns of a table in their order; empty where rows name their own.
    [[nodiscard]] virtual std::vector<std::string> header() const { return {}; }
};

class RowReader final : public RowSource
{
public:
    enum class Layout { lines, array };
    RowReader(const FileReader& file, Layout layout, size_t block, ReadingWatch watch);
    std::optional<FileRow> next() override;
    FileRow at(uint64_t byte) override;
    [[nodiscard]] uint64_t position() const override { return m_stream.place().byte; }
    [[nodiscard]] uint64_t bytes() const override { return m_stream.file().size(); }
    std::string hash() override { return m_stream.hash(); }

private:
    std::optional<RawRow> nextLine();
    std::optional<RawRow> nextElement();
    RawRow element();
    int afterSpace();
    [[noreturn]] void fail(std::string found, std::string allowed, std::string advice) const;
    void refuseArrayOfLines(const RawRow& row) const;

    TextStream m_stream;
    Layout m_layout;
    bool m_opened = false, m_closed = false;  // the array's brackets
};

// Throws Error{limit} where a row is longer than limits::kJsonLine.
void checkRowLength(uint64_t bytes, const TextPlace& place, const std::filesystem::path& file);
// The row's value. Throws Error{data} (or limit) at the place in the file where the JSON is wrong.
nlohmann::json parseRow(const RawRow& row, const std::filesystem::path& file);

}  // namespace rankwright
