// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The schema. A run has an integer key inside the file and a short text id outside; curves are rows of one narrow table
// without row ids (about 18 bytes a value); `value` is NULL where a loss or a gradient was not finite.
#include "storage/migrations.h"

#include "storage/file_lock.h"
#include "training/api/error.h"

#include <array>
#include <chrono>
#include <fstream>

namespace rankwright {

namespace {

const std::array<std::string, 3> kSteps = {R"sql(
CREATE TABLE run(
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    method TEXT NOT NULL,
    model TEXT NOT NULL,
    comparison TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,
    created TEXT NOT NULL,
    step INTEGER NOT NULL DEFAULT 0,
    steps INTEGER NOT NULL DEFAULT 0,
    loss REAL,
    best_eval REAL,
    last_eval REAL,
    seconds REAL NOT NULL DEFAULT 0,
    tokens INTEGER NOT NULL DEFAULT 0,
    trainable INTEGER NOT NULL DEFAULT 0,
    config TEXT NOT NULL,
    indexed INTEGER NOT NULL DEFAULT 0  -- bytes of metrics.jsonl whose events are in these tables
) STRICT;
CREATE INDEX run_name ON run(name);
CREATE TABLE series(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
INSERT INTO series(name) VALUES ('loss'), ('lr'), ('gradNorm'), ('tokensPerSecond'), ('evalLoss');
CREATE TABLE metric(
    run INTEGER NOT NULL REFERENCES run(key) ON DELETE CASCADE,
    series INTEGER NOT NULL REFERENCES series(id),
    step INTEGER NOT NULL,
    value REAL,
    tokens INTEGER NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY(run, series, step)
) STRICT, WITHOUT ROWID;
CREATE TABLE note(
    key INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run(key) ON DELETE CASCADE,
    time TEXT NOT NULL,
    level TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX note_run ON note(run);
CREATE TABLE artifact(
    key INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run(key) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    step INTEGER,
    UNIQUE(run, kind, path)
) STRICT;
CREATE TABLE spectrum(
    hash TEXT PRIMARY KEY,              -- SHA-256 of the tensor's bytes, dtype and shape
    name TEXT NOT NULL,
    rows INTEGER NOT NULL,
    cols INTEGER NOT NULL,
    energy REAL NOT NULL,
    stable_rank REAL NOT NULL,
    effective_rank REAL NOT NULL,
    singular_values BLOB NOT NULL       -- float32, largest first
) STRICT;
)sql",
    // Arms, rates and seeds of comparisons; memory and work as expected and measured; drift.
    R"sql(
ALTER TABLE run ADD COLUMN arm TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN learning_rate REAL;
ALTER TABLE run ADD COLUMN seed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN peak_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN estimated_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN products_per_step REAL NOT NULL DEFAULT 0;
UPDATE run SET learning_rate = CAST(json_extract(config, '$.learningRate') AS REAL),
    seed = coalesce(CAST(json_extract(config, '$.seed') AS INTEGER), 0) WHERE json_valid(config);
CREATE INDEX run_comparison ON run(comparison) WHERE comparison <> '';
CREATE TABLE drift(
    run INTEGER NOT NULL REFERENCES run(key) ON DELETE CASCADE,
    step INTEGER NOT NULL,
    position INTEGER NOT NULL,          -- of the module in its event: the model's order
    module TEXT NOT NULL,
    rank INTEGER NOT NULL,
    update_norm REAL,
    inside REAL,
    angle_mean REAL,
    angle_largest REAL,
    effective_rank REAL,
    intruders INTEGER NOT NULL,
    seconds REAL NOT NULL,              -- that measuring the whole event took
    PRIMARY KEY(run, step, position)
) STRICT, WITHOUT ROWID;
)sql",
    // The newest runs and those under way are found without reading the others.
    R"sql(
CREATE INDEX run_created ON run(created);
CREATE INDEX run_state ON run(state);
)sql"};

[[noreturn]] void refuse(const Database& database, Code code, std::string place, std::string found, std::string allowed,
    std::string advice)
{
    throw Error(ErrorParts{.code = code,
        .file = database.file(),
        .place = std::move(place),
        .found = std::move(found),
        .allowed = std::move(allowed),
        .advice = std::move(advice)});
}

// Version and owner; returns the version.
int64_t checkedVersion(Database& database, int64_t newest)
{
    // Another process may be making the database: its commit falls before all three or behind them.
    const Transaction moment(database, Transaction::Kind::reading);
    const int64_t version = database.userVersion();
    if (version > newest)
        refuse(database, Code::unsupported, "user_version", "version " + std::to_string(version),
            "at most version " + std::to_string(newest) + ", which is what this program knows",
            "Use the newer program that wrote it, or name another folder with --data-dir.");
    const int64_t owner = database.pragma("application_id");
    const bool empty = version == 0 && owner == 0 && database.pragma("schema_version") == 0;
    if (!empty && owner != kApplicationId)
        refuse(database, Code::format, "application_id", std::to_string(owner),
            std::to_string(kApplicationId) + " (a database of Rankwright)",
            "It belongs to another program: move it away, or name another folder with --data-dir.");
    return version;
}

// FILE.checked: when it was written, the whole file was sound.
std::filesystem::path stampOf(const Database& database)
{
    std::filesystem::path stamp = database.file();
    return stamp += ".checked";
}

// The check reads every page, 2.7 ms a megabyte: small files at every opening, large ones once a day. Damage that it
// does not see is found by SQLite when it reads that page.
bool isCheckDue(const Database& database)
{
    constexpr uintmax_t kSmall = 4 << 20;
    std::error_code error;
    if (std::filesystem::file_size(database.file(), error) <= kSmall || error)
        return true;
    const auto checked = std::filesystem::last_write_time(stampOf(database), error);
    const auto age = std::filesystem::file_time_type::clock::now() - checked;
    return error || age > std::chrono::hours(24) || age < std::chrono::hours(0);
}

void checkUndamaged(Database& database)
{
    if (!isCheckDue(database))
        return;
    Statement check(database, "PRAGMA quick_check(1)");
    const std::string verdict = check.step() ? check.text(0) : "no answer";
    if (verdict != "ok")
        refuse(database, Code::format, "quick_check", verdict, "an undamaged database",
            "The file was left as it is. Move it away and start again: runs are read in from their folders.");
    std::ofstream(stampOf(database)) << "sound at the time of this file\n";
}

}  // namespace

std::span<const std::string> schemaSteps() { return kSteps; }

void bringUpToDate(Database& database, std::span<const std::string> steps)
{
    const auto newest = int64_t(steps.size());
    checkUndamaged(database);
    if (checkedVersion(database, newest) == newest || database.isReadOnly())
        return;
    std::filesystem::path lockFile = database.file();
    lockFile += ".lock";
    const FileLock others = FileLock::wait(lockFile);
    const int64_t version = checkedVersion(database, newest);
    if (version == newest)
        return;
    if (version > 0) {
        std::filesystem::path copy = database.file();
        copy += ".version-" + std::to_string(version) + ".bak";
        std::filesystem::path half = copy;
        half += ".tmp";
        std::filesystem::remove(half);
        database.copyTo(half);
        std::filesystem::rename(half, copy);
    }
    Transaction transaction(database, Transaction::Kind::exclusive);
    for (size_t step = size_t(version); step < steps.size(); ++step)
        database.execute(steps[step]);
    database.execute("PRAGMA application_id=" + std::to_string(kApplicationId));
    database.execute("PRAGMA user_version=" + std::to_string(newest));
    transaction.commit();
}

bool isUpToDate(Database& database)
{
    const auto newest = int64_t(schemaSteps().size());
    return checkedVersion(database, newest) == newest;
}

}  // namespace rankwright
