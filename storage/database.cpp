// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// SQLite's C interface behind three classes, and the one place where its result codes become errors of ours. The file
// may come from outside, so the schema is not trusted and cell sizes are checked (sqlite.org/security.html).
#include "storage/database.h"

#include "training/api/error.h"

#include <sqlite3.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <utility>

namespace rankwright {

namespace {

std::atomic<int64_t> statementsMade = 0, rowsRead = 0;
thread_local DatabaseWork ofThread;

ErrorParts partsFor(int code, bool opening)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return {.code = Code::locked,
            .allowed = "one writer at a time",
            .advice = "Another program is writing to it; try again in a moment."};
    case SQLITE_NOTADB:
        return {.code = Code::format,
            .allowed = "an SQLite 3 database, an empty file or none",
            .advice = "The file was left as it is. Move it away and start again: runs are read in from their folders."};
    case SQLITE_CORRUPT:
        return {.code = Code::format,
            .allowed = "an undamaged database",
            .advice = "The file was left as it is. Move it away and start again: runs are read in from their folders."};
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return {.code = opening ? Code::exists : Code::io,
            .allowed = "a folder and a file that can be written to",
            .advice = "Check the permissions, or name another folder with --data-dir."};
    case SQLITE_FULL:
        return {.code = Code::io, .allowed = "space on the disk", .advice = "Free some space; nothing was changed."};
    case SQLITE_NOMEM:
        return {.code = Code::memory, .advice = "Close other programs."};
    case SQLITE_ERROR:
        return {.code = Code::usage,
            .allowed = "one SQL statement that fits the tables",
            .advice = "The tables are listed by: SELECT name, sql FROM sqlite_schema."};
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
    case SQLITE_MISUSE:
        return {.code = Code::internal, .advice = "Please report this as a defect."};
    default:
        return {.code = Code::io, .advice = "Check the disk and its free space."};
    }
}

[[noreturn]] void fail(sqlite3* handle, const std::filesystem::path& file, int code, std::string place,
    bool opening = false)
{
    ErrorParts parts = partsFor(code, opening);
    parts.file = file;
    parts.place = std::move(place);
    parts.found = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
    throw Error(std::move(parts));
}

void limitResources(sqlite3* handle)
{
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, 64 << 20);
    sqlite3_limit(handle, SQLITE_LIMIT_SQL_LENGTH, 1 << 20);
    sqlite3_limit(handle, SQLITE_LIMIT_EXPR_DEPTH, 200);
    sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(handle, SQLITE_LIMIT_TRIGGER_DEPTH, 8);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
}

// What is left of the SQL after one statement, without spaces and semicolons.
std::string_view rest(const char* tail)
{
    std::string_view text(tail == nullptr ? "" : tail);
    const auto first = text.find_first_not_of(" \t\r\n;");
    return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

}  // namespace

DatabaseWork databaseWork()
{
    return {.statements = statementsMade, .rows = rowsRead};
}

DatabaseWork databaseWorkOfThread()
{
    return ofThread;
}

Database::Database(const std::filesystem::path& file, Access access, int busyMilliseconds) : m_file(file)
{
    std::error_code error;
    if (access == Access::read && !std::filesystem::exists(file, error))
        throw Error(ErrorParts{.code = Code::missing,
            .file = file,
            .place = "database",
            .found = "not there",
            .advice = "It is made by the first run; check --data-dir."});
    if (std::filesystem::exists(file, error) && !std::filesystem::is_regular_file(file, error))
        throw Error(ErrorParts{.code = Code::format,
            .file = file,
            .place = "database",
            .found = "not a regular file",
            .allowed = "an SQLite 3 database",
            .advice = "Move it away, or name another folder with --data-dir."});
    // Readers open for writing as well: only such a connection may roll a hot journal back after a kill.
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        | (access == Access::write ? SQLITE_OPEN_CREATE : 0);
    const int code = sqlite3_open_v2(file.c_str(), &m_handle, flags, nullptr);
    try {
        if (code != SQLITE_OK)
            fail(m_handle, m_file, code, "opening the database", true);
        sqlite3_busy_timeout(m_handle, busyMilliseconds);
        limitResources(m_handle);
        execute("PRAGMA mmap_size=0; PRAGMA cell_size_check=ON; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;"
                "PRAGMA schema_version; PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=FULL;");
        if (access == Access::read)
            execute("PRAGMA query_only=ON");
    } catch (...) {
        sqlite3_close_v2(m_handle);
        throw;
    }
}

Database::~Database() { sqlite3_close_v2(m_handle); }

Database::Database(Database&& other) noexcept
    : m_file(std::move(other.m_file)), m_handle(std::exchange(other.m_handle, nullptr))
{
}

void Database::execute(const std::string& sql)
{
    const int code = sqlite3_exec(m_handle, sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK)
        fail(m_handle, m_file, code, sql.substr(0, 60));
}

int64_t Database::lastInsertId() const { return sqlite3_last_insert_rowid(m_handle); }

int64_t Database::changes() const { return sqlite3_changes64(m_handle); }

bool Database::isReadOnly() const { return sqlite3_db_readonly(m_handle, "main") == 1; }

int64_t Database::pragma(const std::string& name)
{
    Statement statement(*this, "PRAGMA " + name);
    return statement.step() ? statement.integer(0) : 0;
}

void Database::copyTo(const std::filesystem::path& target)
{
    sqlite3* copy = nullptr;
    int code = sqlite3_open_v2(target.c_str(), &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    if (code == SQLITE_OK) {
        sqlite3_backup* backup = sqlite3_backup_init(copy, "main", m_handle, "main");
        // -1: all pages in one step, under one read lock. With BUSY nothing was copied.
        code = backup == nullptr ? sqlite3_errcode(copy) : sqlite3_backup_step(backup, -1);
        if (backup != nullptr)
            sqlite3_backup_finish(backup);
    }
    sqlite3_close_v2(copy);
    if (code != SQLITE_DONE)
        fail(nullptr, target, code, "copying the database before it is changed");
}

Statement::Statement(Database& database, const std::string& sql) : m_database(database)
{
    statementsMade.fetch_add(1, std::memory_order_relaxed);
    ++ofThread.statements;
    const char* tail = nullptr;
    const int code = sqlite3_prepare_v2(database.handle(), sql.c_str(), int(sql.size()) + 1, &m_statement, &tail);
    if (code != SQLITE_OK)
        fail(database.handle(), database.file(), code, "SQL");
    if (m_statement != nullptr && rest(tail).empty())
        return;
    const bool nothing = m_statement == nullptr;
    sqlite3_finalize(m_statement);
    throw Error(ErrorParts{.code = Code::usage,
        .file = database.file(),
        .place = "SQL",
        .found = nothing ? "no statement" : "more than one statement",
        .allowed = "one statement",
        .advice = "Give one SELECT."});
}

Statement::~Statement() { sqlite3_finalize(m_statement); }

void Statement::check(int code)
{
    if (code != SQLITE_OK)
        fail(m_database.handle(), m_database.file(), code, "binding a value");
}

Statement& Statement::bind(int index, int64_t value)
{
    check(sqlite3_bind_int64(m_statement, index, value));
    return *this;
}

Statement& Statement::bind(int index, double value)
{
    check(std::isnan(value) ? sqlite3_bind_null(m_statement, index) : sqlite3_bind_double(m_statement, index, value));
    return *this;
}

Statement& Statement::bind(int index, std::string_view text)
{
    const char* bytes = text.data() == nullptr ? "" : text.data();
    check(sqlite3_bind_text64(m_statement, index, bytes, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
    return *this;
}

Statement& Statement::bindBlob(int index, std::string_view bytes)
{
    const char* data = bytes.data() == nullptr ? "" : bytes.data();
    check(sqlite3_bind_blob64(m_statement, index, data, bytes.size(), SQLITE_TRANSIENT));
    return *this;
}

bool Statement::step()
{
    const int code = sqlite3_step(m_statement);
    if (code == SQLITE_ROW) {
        rowsRead.fetch_add(1, std::memory_order_relaxed);
        ++ofThread.rows;
        return true;
    }
    if (code == SQLITE_DONE)
        return false;
    sqlite3_reset(m_statement);
    fail(m_database.handle(), m_database.file(), code, "SQL");
}

void Statement::reset()
{
    sqlite3_reset(m_statement);
    sqlite3_clear_bindings(m_statement);
}

void Statement::run()
{
    step();
    reset();
}

int Statement::columns() const { return sqlite3_column_count(m_statement); }

std::string Statement::columnName(int column) const
{
    const char* name = sqlite3_column_name(m_statement, column);
    return name == nullptr ? std::string() : std::string(name);
}

bool Statement::isNull(int column) const { return sqlite3_column_type(m_statement, column) == SQLITE_NULL; }

int64_t Statement::integer(int column) const { return sqlite3_column_int64(m_statement, column); }

double Statement::number(int column) const
{
    return isNull(column) ? std::numeric_limits<double>::quiet_NaN() : sqlite3_column_double(m_statement, column);
}

std::string Statement::text(int column) const
{
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(m_statement, column));
    return bytes == nullptr ? std::string() : std::string(bytes, size_t(sqlite3_column_bytes(m_statement, column)));
}

std::string Statement::blob(int column) const
{
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(m_statement, column));
    return bytes == nullptr ? std::string() : std::string(bytes, size_t(sqlite3_column_bytes(m_statement, column)));
}

Transaction::Transaction(Database& database, Kind kind) : m_database(database)
{
    m_database.execute(kind == Kind::reading ? "BEGIN" : kind == Kind::exclusive ? "BEGIN EXCLUSIVE" : "BEGIN IMMEDIATE");
}

Transaction::~Transaction()
{
    // SQLite may have rolled back by itself (disk full); a second ROLLBACK would be an error.
    if (m_open && sqlite3_get_autocommit(m_database.handle()) == 0)
        sqlite3_exec(m_database.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit()
{
    m_database.execute("COMMIT");
    m_open = false;
}

}  // namespace rankwright
