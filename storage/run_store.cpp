// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Runs as rows and folders: create, find, rename, remove, read curves. Appending is in run_append.cpp, notes, exports and drift in
// run_records.cpp, importing run folders in run_import.cpp, spectra in spectrum_rows.cpp.
#include "storage/run_store.h"

#include "storage/migrations.h"
#include "storage/run_csv.h"
#include "storage/runs/comparison.h"
#include "storage/runs/run_folder.h"
#include "storage/utc_time.h"
#include "training/api/error.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <tuple>

namespace rankwright {

namespace {

constexpr const char* kRunColumns = "SELECT id, name, method, model, comparison, state, created, step, steps, loss,"
                                    " best_eval, last_eval, seconds, tokens, trainable, arm, learning_rate, seed,"
                                    " peak_bytes, estimated_bytes, products_per_step, key FROM run ";
constexpr int64_t kPage = 1000;   // rows of a read: some milliseconds, so that a commit never waits long for a reader

std::filesystem::path indexFile(const std::filesystem::path& dataDirectory) { return dataDirectory / "runs.db"; }

Database openIndex(const std::filesystem::path& dataDirectory)
{
    std::error_code error;
    std::filesystem::create_directories(dataDirectory / "runs", error);
    if (error)
        throw Error(ErrorParts{.code = Code::exists,
            .file = dataDirectory,
            .place = "data folder",
            .found = error.message(),
            .allowed = "a folder that can be created and written to",
            .advice = "Check the permissions, or name another folder with --data-dir."});
    Database database(indexFile(dataDirectory), Database::Access::write);
    bringUpToDate(database);
    return database;
}

RunRow rowOf(const Statement& statement, const std::filesystem::path& dataDirectory)
{
    RunRow row;
    row.id = statement.text(0);
    row.name = statement.text(1);
    row.method = statement.text(2);
    row.model = statement.text(3);
    row.comparison = statement.text(4);
    row.state = stateFromText(statement.text(5));
    row.created = statement.text(6);
    row.step = statement.integer(7);
    row.steps = statement.integer(8);
    row.loss = statement.number(9);
    row.bestEval = statement.number(10);
    row.lastEval = statement.number(11);
    row.seconds = statement.number(12);
    row.tokens = statement.integer(13);
    row.trainable = statement.integer(14);
    row.arm = statement.text(15);
    row.learningRate = statement.number(16);
    row.seed = statement.integer(17);
    row.peakBytes = statement.integer(18);
    row.estimatedBytes = statement.integer(19);
    row.productsPerStep = statement.number(20);
    row.folder = (dataDirectory / "runs" / row.id).string();
    return row;
}

// Asked of the file system after the read has ended.
void lookForFiles(RunRow& row)
{
    std::error_code error;
    row.filesMissing = !std::filesystem::is_regular_file(row.folder + "/run.json", error);
}

}  // namespace

void checkName(const std::string& name)
{
    std::string found;
    if (int64_t(name.size()) > limits::kRunName)
        found = std::to_string(name.size()) + " bytes";
    else if (name.find('\0') != std::string::npos)
        found = "a NUL character";
    else {
        try {
            std::ignore = nlohmann::json(name).dump();
        } catch (const nlohmann::json::exception&) {
            found = "bytes that are not UTF-8";
        }
    }
    if (!found.empty())
        throw Error(ErrorParts{.code = Code::config,
            .place = "/name",
            .found = found,
            .allowed = "UTF-8 text of at most " + std::to_string(limits::kRunName) + " bytes without NUL",
            .advice = "Choose a shorter, plain name."});
}

bool RunRow::operator==(const RunRow& other) const
{
    const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
    const auto words = [](const RunRow& row) { return std::tie(row.id, row.name, row.method, row.model, row.comparison, row.created, row.folder, row.arm); };
    const auto counts = [](const RunRow& row) {
        return std::tie(row.state, row.step, row.steps, row.tokens, row.trainable, row.filesMissing, row.seed, row.peakBytes, row.estimatedBytes);
    };
    return words(*this) == words(other) && counts(*this) == counts(other) && same(loss, other.loss) && same(bestEval, other.bestEval)
        && same(lastEval, other.lastEval) && same(seconds, other.seconds) && same(learningRate, other.learningRate)
        && same(productsPerStep, other.productsPerStep);
}

RunStore::RunStore(const std::filesystem::path& dataDirectory)
    : m_dataDirectory(dataDirectory), m_database(openIndex(dataDirectory))
{
    if (!m_database.isReadOnly())
        importFolders();
}

RunStore::RunStore(std::filesystem::path dataDirectory, Database database)
    : m_dataDirectory(std::move(dataDirectory)), m_database(std::move(database))
{
}

RunStore RunStore::openForReading(const std::filesystem::path& dataDirectory)
{
    std::error_code error;
    if (std::filesystem::exists(indexFile(dataDirectory), error)) {
        Database database(indexFile(dataDirectory), Database::Access::read);
        if (isUpToDate(database))
            return RunStore(dataDirectory, std::move(database));
    }
    RunStore{dataDirectory};  // makes or migrates the file
    return RunStore(dataDirectory, Database(indexFile(dataDirectory), Database::Access::read));
}

RunStore RunStore::openForAppending(const std::filesystem::path& dataDirectory, int busyMilliseconds)
{
    return RunStore(dataDirectory, Database(indexFile(dataDirectory), Database::Access::write, busyMilliseconds));
}

std::filesystem::path RunStore::folderOf(const std::string& id) const { return m_dataDirectory / "runs" / id; }

std::string RunStore::newId()
{
    constexpr std::string_view kLetters = "abcdefghijkmnpqrstuvwxyz23456789";  // without l, o, 0 and 1
    std::random_device device;
    std::string id;
    for (int i = 0; i < 8; ++i)
        id += kLetters[device() % kLetters.size()];
    return id;
}

std::string RunStore::createRun(const RunConfig& config, const ComparisonPlace& place)
{
    checkName(config.name);
    std::string id = newId();
    std::error_code error;
    while (!std::filesystem::create_directory(folderOf(id), error)) {
        if (error)
            throw Error(ErrorParts{.code = Code::exists,
                .file = folderOf(id),
                .place = "run folder",
                .found = error.message(),
                .allowed = "a data folder that can be written to",
                .advice = "Check its permissions and free space."});
        id = newId();  // that one exists
    }
    const nlohmann::json document = {{"format", RunFolder::kFormat}, {"id", id},
        {"name", config.name.empty() ? config.method + "-" + id : config.name}, {"created", utcNow()},
        {"comparison", place.comparison}, {"arm", place.arm}, {"config", toJson(config)},
        {"provenance", nlohmann::json::object()}, {"state", stateText(RunState::queued)}};
    RunFolder(folderOf(id)).write(document);
    insertRun(id, document);
    return id;
}

void RunStore::insertRun(const std::string& id, const nlohmann::json& document)
{
    const auto& config = document.at("config");
    checkName(document.value("name", id));
    Statement insert(m_database,
        "INSERT INTO run(id, name, method, model, comparison, state, created, config, arm, learning_rate, seed)"
        " VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO NOTHING");
    insert.bind(1, id).bind(2, document.value("name", id)).bind(3, config.value("method", std::string()));
    insert.bind(4, config.value("model", std::string())).bind(5, document.value("comparison", std::string()));
    insert.bind(6, stateText(RunState::queued)).bind(7, document.value("created", std::string()));
    insert.bind(8, config.dump()).bind(9, document.value("arm", std::string()));
    insert.bind(10, config.value("learningRate", RunConfig().learningRate)).bind(11, config.value("seed", int64_t(0))).run();
}

void RunStore::setConfig(const std::string& id, const RunConfig& config)
{
    checkName(config.name);
    const RunFolder folder(folderOf(id));
    const RunLock lock(folder.path());   // whoever trains it holds this
    folder.update([&](nlohmann::json& document) {
        if (const std::string state = document.value("state", ""); state != stateText(RunState::queued))
            throw Error(ErrorParts{.code = Code::locked,
                .file = folder.path(),
                .place = "run " + id,
                .found = "its state is " + state,
                .allowed = "a run that is queued",
                .advice = "Nothing was changed. Duplicate the run and edit the copy."});
        document["config"] = toJson(config);
        if (!config.name.empty())
            document["name"] = config.name;
    });
    indexConfig(id, config);
}

void RunStore::indexConfig(const std::string& id, const RunConfig& config)
{
    const int64_t key = keyOf(id);
    Statement update(m_database, "UPDATE run SET name = CASE WHEN ?1 <> '' THEN ?1 ELSE name END, method = ?2, model = ?3,"
                                 " config = ?4, learning_rate = ?5, seed = ?6 WHERE key = ?7");
    update.bind(1, config.name).bind(2, config.method).bind(3, config.model).bind(4, toJson(config).dump());
    update.bind(5, config.learningRate).bind(6, config.seed).bind(7, key).run();
}

int64_t RunStore::keyOf(const std::string& id)
{
    Statement find(m_database, "SELECT key FROM run WHERE id = ?");
    find.bind(1, id);
    if (find.step())
        return find.integer(0);
    refuseUnknown(id);
}

void RunStore::refuseUnknown(const std::string& id)
{
    std::vector<std::string> known;
    Statement all(m_database, "SELECT id FROM run UNION SELECT name FROM run");
    while (all.step())
        known.push_back(all.text(0));
    const std::string nearest = nearestName(id, known);
    throw Error(ErrorParts{.code = Code::missing,
        .file = m_dataDirectory,
        .place = "run",
        .found = "no run \"" + id + "\"",
        .allowed = nearest.empty() ? "" : "did you mean \"" + nearest + "\"?",
        .advice = "`rankwright-cli runs` lists what is there."});
}

// `condition` is ours; its values are bound from ?4 on.
std::vector<RunRow> RunStore::rowsWhere(const std::string& condition, const std::vector<std::string>& values, int64_t most)
{
    std::vector<RunRow> rows;
    Statement select(m_database,
        std::string(kRunColumns) + "WHERE (created, key) < (?1, ?2) AND " + condition + " ORDER BY created DESC, key DESC LIMIT ?3");
    std::string created = "\xf4\x8f\xbf\xbf";   // U+10FFFF: after every text
    int64_t key = std::numeric_limits<int64_t>::max();
    for (bool more = true; more;) {
        const int64_t wanted = most < 0 ? kPage : std::min(kPage, most - int64_t(rows.size()));
        select.bind(1, created).bind(2, key).bind(3, wanted);
        for (size_t i = 0; i < values.size(); ++i)
            select.bind(int(i) + 4, values[i]);
        const size_t before = rows.size();
        while (select.step()) {
            rows.push_back(rowOf(select, m_dataDirectory));
            key = select.integer(21);
        }
        select.reset();
        more = rows.size() == before + size_t(kPage);
        if (more)
            created = rows.back().created;
    }
    for (RunRow& row : rows)
        lookForFiles(row);
    return rows;
}

std::vector<RunRow> RunStore::runs(int64_t most)
{
    return rowsWhere("1", {}, most);
}

std::vector<RunRow> RunStore::runsOf(const std::string& comparison)
{
    return comparison.empty() ? std::vector<RunRow>() : rowsWhere("comparison = ?4 AND comparison <> ''", {comparison}, -1);
}

std::vector<RunRow> RunStore::runsIn(const std::vector<RunState>& states, int64_t most)
{
    std::string marks;
    std::vector<std::string> values;
    for (const RunState state : states) {
        values.push_back(stateText(state));
        marks += (marks.empty() ? "?" : ",?") + std::to_string(values.size() + 3);
    }
    return rowsWhere("state IN (" + marks + ")", values, most);
}

std::vector<RunRow> RunStore::runsWith(const std::vector<std::string>& ids)
{
    std::vector<RunRow> rows;
    Statement select(m_database, std::string(kRunColumns) + "WHERE id = ?");
    for (const std::string& id : ids) {
        select.bind(1, id);
        if (select.step())
            rows.push_back(rowOf(select, m_dataDirectory));
        select.reset();
    }
    for (RunRow& row : rows)
        lookForFiles(row);
    return rows;
}

RunStore::Extent RunStore::extent()
{
    Statement select(m_database, "SELECT count(*), coalesce(max(key), 0) FROM run");
    select.step();
    return {.runs = select.integer(0), .lastKey = select.integer(1)};
}

RunRow RunStore::run(const std::string& idOrName)
{
    // Compared as values, never as patterns: % and _ in a name mean themselves.
    constexpr const char* kPrefix = "WHERE substr(id, 1, length(?1)) = ?1 AND ?1 <> ''";
    for (const char* where : {"WHERE id = ?1", "WHERE name = ?1", kPrefix}) {
        Statement select(m_database, std::string(kRunColumns) + where + " ORDER BY created DESC, key DESC");
        select.bind(1, idOrName);
        std::vector<RunRow> found;
        while (select.step())
            found.push_back(rowOf(select, m_dataDirectory));
        if (found.size() == 1) {
            lookForFiles(found.front());
            return found.front();
        }
        if (found.size() > 1)
            throw Error(ErrorParts{.code = Code::usage,
                .file = m_dataDirectory,
                .place = "run",
                .found = std::to_string(found.size()) + " runs fit \"" + idOrName + "\"",
                .allowed = "one, for example " + found[0].id + " or " + found[1].id,
                .advice = "Give the id."});
    }
    refuseUnknown(idOrName);
}

RunConfig RunStore::config(const std::string& id)
{
    Statement select(m_database, "SELECT config FROM run WHERE key = ?");
    select.bind(1, keyOf(id));
    select.step();
    return configFromJson(parseUntrusted(select.text(0), folderOf(id) / "run.json"), folderOf(id) / "run.json");
}

nlohmann::json RunStore::document(const std::string& id)
{
    const RunRow row = run(id);
    if (!row.filesMissing)
        return RunFolder(folderOf(row.id)).read();
    return {{"format", RunFolder::kFormat}, {"id", row.id}, {"name", row.name}, {"created", row.created},
        {"comparison", row.comparison}, {"config", toJson(config(row.id))}, {"provenance", nlohmann::json::object()},
        {"state", stateText(row.state)}, {"filesMissing", true}};
}

void RunStore::rename(const std::string& id, const std::string& name)
{
    checkName(name);
    const int64_t key = keyOf(id);
    const RunFolder folder(folderOf(id));
    if (std::filesystem::exists(folder.path() / "run.json"))
        folder.update([&](nlohmann::json& document) { document["name"] = name; });
    Statement update(m_database, "UPDATE run SET name = ? WHERE key = ?");
    update.bind(1, name).bind(2, key).run();
}

void RunStore::remove(const std::string& id)
{
    const int64_t key = keyOf(id);
    const std::string comparison = run(id).comparison;
    const auto folder = folderOf(id);
    const bool linked = std::filesystem::is_symlink(folder);
    const bool there = !linked && std::filesystem::is_directory(folder);
    std::optional<RunLock> lock;
    if (there)
        lock.emplace(folder);
    // run.json first: without it the folder is no run any more, so a kill in between leaves no run to import again.
    if (there)
        std::filesystem::remove(folder / "run.json");
    Statement erase(m_database, "DELETE FROM run WHERE key = ?");
    erase.bind(1, key).run();
    if (linked)
        std::filesystem::remove(folder);
    else
        std::filesystem::remove_all(folder);
    Statement others(m_database, "SELECT 1 FROM run WHERE comparison = ? LIMIT 1");
    others.bind(1, comparison);
    if (!comparison.empty() && !others.step())
        forgetComparison(m_dataDirectory, comparison);
}

void RunStore::setState(const std::string& id, RunState state)
{
    const int64_t key = keyOf(id);
    const RunFolder folder(folderOf(id));
    if (std::filesystem::exists(folder.path() / "run.json"))
        folder.update([&](nlohmann::json& document) { document["state"] = stateText(state); });
    Statement update(m_database, "UPDATE run SET state = ? WHERE key = ?");
    update.bind(1, stateText(state)).bind(2, key).run();
}

std::vector<std::string> RunStore::series(const std::string& id)
{
    std::vector<std::string> names;
    Statement select(m_database,
        "SELECT name FROM series WHERE EXISTS (SELECT 1 FROM metric WHERE run = ? AND series = series.id) ORDER BY id");
    select.bind(1, keyOf(id));
    while (select.step())
        names.push_back(select.text(0));
    return names;
}

std::map<std::string, double> RunStore::metrics(const std::string& id)
{
    std::map<std::string, double> last;
    Statement select(m_database,
        "SELECT name, (SELECT value FROM metric WHERE run = ?1 AND series = series.id ORDER BY step DESC LIMIT 1) FROM series"
        " WHERE substr(name, 1, length(?2)) = ?2 AND EXISTS (SELECT 1 FROM metric WHERE run = ?1 AND series = series.id)");
    select.bind(1, keyOf(id)).bind(2, kMetricPrefix);
    while (select.step())
        last[select.text(0).substr(kMetricPrefix.size())] = select.number(1);
    return last;
}

std::map<std::string, std::map<std::string, double>> RunStore::lastMetrics()
{
    std::map<std::string, std::map<std::string, double>> found;
    Statement select(m_database,
        "SELECT run.id, series.name, metric.value FROM run CROSS JOIN series CROSS JOIN metric ON metric.run = run.key AND metric.series = series.id"
        " AND metric.step = (SELECT max(step) FROM metric WHERE run = run.key AND series = series.id)"
        " WHERE run.key > ?1 AND run.key <= ?1 + ?2 AND substr(series.name, 1, length(?3)) = ?3");
    const int64_t last = extent().lastKey;
    for (int64_t key = 0; key < last; key += kPage) {
        select.bind(1, key).bind(2, kPage).bind(3, kMetricPrefix);
        while (select.step())
            if (!select.isNull(2))
                found[select.text(0)][select.text(1)] = select.number(2);
        select.reset();
    }
    return found;
}

std::vector<CurvePoint> RunStore::curve(const std::string& id, const std::string& series, int64_t fromStep)
{
    // In pages, so that no read lock is held longer than some milliseconds: a commit must not wait for a reader.
    constexpr int64_t kPoints = 4096;
    std::vector<CurvePoint> points;
    const int64_t key = keyOf(id);
    Statement select(m_database,
        "SELECT step, value, tokens, seconds FROM metric WHERE run = ? AND step >= ?"
        " AND series = (SELECT id FROM series WHERE name = ?) ORDER BY step LIMIT ?");
    size_t before = 0;
    do {
        before = points.size();
        select.bind(1, key).bind(2, points.empty() ? fromStep : points.back().step + 1).bind(3, series).bind(4, kPoints);
        while (select.step())
            points.push_back({.step = select.integer(0),
                .value = select.number(1),
                .tokens = select.integer(2),
                .seconds = select.number(3)});
        select.reset();
    } while (points.size() == before + size_t(kPoints));
    return points;
}

std::string RunStore::csv(const std::string& id)
{
    const RunRow row = run(id);
    std::vector<std::pair<std::string, std::vector<CurvePoint>>> curves;
    for (const char* name : {"loss", "lr", "gradNorm", "evalLoss"})
        curves.emplace_back(name, curve(row.id, name));
    for (const std::string& name : series(row.id)) {
        if (name.starts_with(kMetricPrefix))
            curves.emplace_back(name, curve(row.id, name));
    }
    return runCsv(row.name, curves);
}

}  // namespace rankwright
