// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// SQLite behind three small classes. One connection a thread; journal_mode=TRUNCATE (Debian 12's SQLite has the
// WAL-reset defect), synchronous=FULL, foreign keys on, trusted_schema off.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace rankwright {

// What all connections of this process have asked and read so far: tests count these where a time would be noise.
struct DatabaseWork { int64_t statements = 0, rows = 0; };
[[nodiscard]] DatabaseWork databaseWork();
[[nodiscard]] DatabaseWork databaseWorkOfThread();   // by the caller's thread alone

class Database
{
public:
    enum class Access { write, read };  // read: opened read-write with PRAGMA query_only=ON
    // Throws Error: format (not a database, damaged), locked (busy for 5 s), missing, exists, io.
    Database(const std::filesystem::path& file, Access access, int busyMilliseconds = 5000);
    ~Database();
    Database(Database&& other) noexcept;
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    void execute(const std::string& sql);
    [[nodiscard]] const std::filesystem::path& file() const { return m_file; }
    [[nodiscard]] sqlite3* handle() const { return m_handle; }
    [[nodiscard]] int64_t lastInsertId() const;
    [[nodiscard]] int64_t changes() const;     // rows changed by the last statement
    [[nodiscard]] bool isReadOnly() const;     // the file or its folder cannot be written to
    [[nodiscard]] int64_t pragma(const std::string& name);  // a pragma with one number as its answer
    [[nodiscard]] int64_t userVersion() { return pragma("user_version"); }
    // A whole copy through SQLite (a plain file copy would drop this process's locks on the file).
    void copyTo(const std::filesystem::path& target);

private:
    std::filesystem::path m_file;
    sqlite3* m_handle = nullptr;
};

class Statement
{
public:
    Statement(Database& database, const std::string& sql);
    ~Statement();
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    Statement& bind(int index, int64_t value);
    Statement& bind(int index, double value);  // NaN becomes NULL
    Statement& bind(int index, std::string_view text);
    Statement& bindBlob(int index, std::string_view bytes);
    bool step();                               // true: a row is there. Throws Error{locked, io, format}
    void reset();
    void run();                                // step() and reset(): for statements without rows
    [[nodiscard]] int columns() const;
    [[nodiscard]] std::string columnName(int column) const;
    [[nodiscard]] bool isNull(int column) const;
    [[nodiscard]] int64_t integer(int column) const;
    [[nodiscard]] double number(int column) const;  // NULL becomes NaN
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::string blob(int column) const;
    [[nodiscard]] sqlite3_stmt* handle() const { return m_statement; }

private:
    void check(int code);
    Database& m_database;
    sqlite3_stmt* m_statement = nullptr;
};

// BEGIN IMMEDIATE (or EXCLUSIVE) ... COMMIT, or ROLLBACK when it goes out of scope uncommitted.
class Transaction
{
public:
    enum class Kind { reading, immediate, exclusive };   // reading: what is read is of one moment
    explicit Transaction(Database& database, Kind kind = Kind::immediate);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

private:
    Database& m_database;
    bool m_open = true;
};

}  // namespace rankwright
