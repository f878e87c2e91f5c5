// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Rows of a Parquet file. It is read by a program of its own, rankwright-parquet, which links Arrow's C++ libraries, gives up every right
// that it does not need and may die of a bad file alone. It writes the rows as lines of JSON into a nameless file of the cache, from which
// they are read like those of a .jsonl file.
#pragma once

#include "training/formats/dataset_rows.h"

namespace rankwright {

struct ParquetLimits
{
    int64_t rows = 0;        // most rows to read; 0: all
    uint64_t bytes = 0;      // of JSON, after which reading ends with the row; 0: all
};

class ParquetRows final : public RowSource
{
public:
    // Throws Error: missing (the program is not built), format (not Parquet, damaged, encrypted), limit, io, stopped.
    ParquetRows(const FileReader& file, ParquetLimits limits, ReadingWatch watch);
    ~ParquetRows() override;
    std::optional<FileRow> next() override;
    FileRow at(uint64_t byte) override;
    [[nodiscard]] uint64_t position() const override;
    [[nodiscard]] uint64_t bytes() const override;
    std::string hash() override;

private:
    struct Spool;
    const FileReader& m_file;
    std::unique_ptr<Spool> m_spool;
};

// The program: $RANKWRIGHT_PARQUET, or beside the running one, or in ../bin; empty where it is not there.
std::filesystem::path parquetProgram();

}  // namespace rankwright
