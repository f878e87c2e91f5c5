// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Rows of .csv (RFC 4180, also with semicolons or tabs between the cells) and .tsv files as JSON objects of strings. GLUE's own .tsv
// files have no quoting: there a quote is a letter.
#pragma once

#include "training/formats/dataset_rows.h"

namespace rankwright {

struct TableOptions
{
    char separator = 0;                      // 0: found in the first line (comma, semicolon or tab)
    bool quoting = true;
    std::optional<bool> header = {};         // whether the first row names the columns; empty: found out
    std::vector<std::string> names = {};     // column names (lower case) that make a first row a header where they occur in it
};

class TableReader final : public RowSource
{
public:
    TableReader(const FileReader& file, TableOptions options, size_t block, ReadingWatch watch);
    std::optional<FileRow> next() override;
    FileRow at(uint64_t byte) override;
    [[nodiscard]] uint64_t position() const override { return m_stream.place().byte; }
    [[nodiscard]] uint64_t bytes() const override { return m_stream.file().size(); }
    std::string hash() override { return m_stream.hash(); }
    // Columns without a header are called #1, #2, ...
    [[nodiscard]] std::vector<std::string> header() const override { return m_header; }

private:
    struct Cell
    {
        std::string text;
        TextPlace place;
        bool quoted = false;
    };
    struct Record
    {
        std::vector<Cell> cells;
        TextPlace place, end;
        std::string raw;        // the bytes of the row, for the check that they are text
    };
    [[nodiscard]] char separatorOf(std::string_view head) const;
    std::optional<Record> record();
    void cell(Record& record);
    void quotedCell(Record& record, Cell& cell);
    bool endOfRow(Record& record);
    void take(Record& record, std::string* into);
    [[nodiscard]] bool isHeader(const Record& first) const;
    void readHeader(const Record& first);
    FileRow row(Record record) const;
    [[noreturn]] void fail(const TextPlace& place, std::string found, std::string allowed, std::string advice) const;

    TextStream m_stream;
    TableOptions m_options;
    std::vector<std::string> m_header;
    std::optional<Record> m_first;   // the first row where it is no header
};

// `text` as a whole number or any number; nothing else in it.
bool isInteger(std::string_view text);
bool isNumber(std::string_view text);

}  // namespace rankwright
