// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Events of a run -> rows. Replaying the same events leaves the same curves, so a run can be indexed again from its
// metrics.jsonl at any time. A value that is not finite is stored as NULL.
#include "storage/run_store.h"

#include "storage/runs/run_folder.h"
#include "storage/utc_time.h"
#include "training/api/error.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace rankwright {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

bool isMetricId(std::string_view id)
{
    constexpr size_t kLongest = 64;
    return !id.empty() && id.size() <= kLongest
        && id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == std::string_view::npos;
}

double finiteOrNone(double value) { return std::isfinite(value) ? value : kNone; }

// Writes a batch inside the caller's transaction and keeps what the run's own row shows.
class Appender
{
public:
    Appender(Database& database, int64_t key)
        : m_database(database), m_key(key),
          m_metric(database, "INSERT INTO metric(run, series, step, value, tokens, seconds) VALUES (?,?,?,?,?,?)"
                             " ON CONFLICT DO UPDATE SET value = excluded.value, tokens = excluded.tokens,"
                             " seconds = excluded.seconds")
    {
        Statement select(database, "SELECT step, steps, loss, best_eval, last_eval, seconds, tokens, trainable, state,"
                                   " peak_bytes, estimated_bytes, products_per_step FROM run WHERE key = ?");
        select.bind(1, key);
        select.step();
        m_step = select.integer(0);
        m_steps = select.integer(1);
        m_loss = select.number(2);
        m_bestEval = select.number(3);
        m_lastEval = select.number(4);
        m_seconds = select.number(5);
        m_tokens = select.integer(6);
        m_trainable = select.integer(7);
        m_state = select.text(8);
        m_peakBytes = select.integer(9);
        m_estimatedBytes = select.integer(10);
        m_products = select.number(11);
        Statement series(database, "SELECT id, name FROM series");
        while (series.step())
            m_series.emplace_back(series.text(1), series.integer(0));
    }

    void operator()(const RunStarted& event)
    {
        m_steps = event.steps;
        m_trainable = event.trainable;
        m_state = stateText(RunState::running);
        m_estimatedBytes = event.estimatedBytes;
        m_products = std::isfinite(event.productsPerStep) ? event.productsPerStep : 0;
    }

    void operator()(const StepEvent& event)
    {
        const double seconds = event.seconds - m_seconds;
        const double rate = seconds > 0 ? double(event.tokens - m_tokens) / seconds : kNone;
        m_step = event.step;
        m_steps = std::max(m_steps, event.steps);
        m_loss = finiteOrNone(event.loss);
        m_tokens = event.tokens;
        m_seconds = std::isfinite(event.seconds) ? event.seconds : m_seconds;
        point("loss", event.step, event.loss);
        point("lr", event.step, event.lr);
        point("gradNorm", event.step, event.gradNorm);
        point("tokensPerSecond", event.step, rate);
    }

    void operator()(const EvalEvent& event)
    {
        // Its own tokens and seconds are the evaluation's; on the axes it stands where training has got to.
        m_lastEval = finiteOrNone(event.loss);
        m_bestEval = std::fmin(m_bestEval, m_lastEval);  // fmin passes over NaN
        point("evalLoss", event.step, event.loss);
        for (const auto& [id, value] : event.metrics) {
            if (isMetricId(id))   // metrics.jsonl may come from elsewhere
                point(std::string(kMetricPrefix) + id, event.step, value);
        }
    }

    void operator()(const CheckpointEvent& event) { artifact("checkpoint", event.folder, event.step); }

    void operator()(const NoteEvent& event)
    {
        Statement insert(m_database, "INSERT INTO note(run, time, level, text) VALUES (?,?,?,?)");
        insert.bind(1, m_key).bind(2, utcNow()).bind(3, event.level).bind(4, event.text).run();
    }

    void operator()(const RunEnded& event)
    {
        m_state = stateText(event.outcome);
        m_peakBytes = std::max(m_peakBytes, event.peakDeviceBytes > 0 ? event.peakDeviceBytes : event.peakBytes);  // of all sessions of a resumed run
        if (!event.adapter.empty())
            artifact("adapter", event.adapter, event.step);
    }

    void operator()(const DriftEvent& event)
    {
        Statement(m_database, "DELETE FROM drift WHERE run = ? AND step = ?").bind(1, m_key).bind(2, event.step).run();
        Statement insert(m_database, "INSERT INTO drift(run, step, position, module, rank, update_norm, inside, angle_mean,"
                                     " angle_largest, effective_rank, intruders, seconds) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)");
        int64_t position = 0;
        for (const ModuleDrift& module : event.modules) {
            insert.bind(1, m_key).bind(2, event.step).bind(3, position++).bind(4, module.name).bind(5, module.rank);
            insert.bind(6, finiteOrNone(module.update)).bind(7, finiteOrNone(module.inside));
            insert.bind(8, finiteOrNone(module.angleMean)).bind(9, finiteOrNone(module.angleLargest));
            insert.bind(10, finiteOrNone(module.effectiveRank)).bind(11, module.intruders);
            insert.bind(12, std::isfinite(event.seconds) ? event.seconds : 0).run();
        }
    }

    template <class Other>
    void operator()(const Other&)
    {
        // progress, spectra and text are not part of a run's record
    }

    void finish(int64_t metricsBytes)
    {
        Statement update(m_database, "UPDATE run SET step = ?, steps = ?, loss = ?, best_eval = ?, last_eval = ?,"
                                     " seconds = ?, tokens = ?, trainable = ?, state = ?,"
                                     " indexed = CASE WHEN ?10 >= 0 THEN ?10 ELSE indexed END, peak_bytes = ?12,"
                                     " estimated_bytes = ?13, products_per_step = ?14 WHERE key = ?11");
        update.bind(1, m_step).bind(2, m_steps).bind(3, m_loss).bind(4, m_bestEval).bind(5, m_lastEval);
        update.bind(6, m_seconds).bind(7, m_tokens).bind(8, m_trainable).bind(9, std::string_view(m_state));
        update.bind(10, metricsBytes).bind(11, m_key).bind(12, m_peakBytes).bind(13, m_estimatedBytes);
        update.bind(14, m_products).run();
    }

private:
    void point(std::string_view series, int64_t step, double value)
    {
        m_metric.bind(1, m_key).bind(2, seriesOf(series)).bind(3, step).bind(4, finiteOrNone(value));
        m_metric.bind(5, m_tokens).bind(6, m_seconds).run();
    }

    // Those of the loop are in the schema, those of metrics come with the first value.
    int64_t seriesOf(std::string_view name)
    {
        const auto found = std::find_if(m_series.begin(), m_series.end(), [&](const auto& entry) { return entry.first == name; });
        if (found != m_series.end())
            return found->second;
        Statement(m_database, "INSERT INTO series(name) VALUES (?) ON CONFLICT DO NOTHING").bind(1, name).run();
        Statement select(m_database, "SELECT id FROM series WHERE name = ?");
        select.bind(1, name);
        select.step();
        m_series.emplace_back(name, select.integer(0));
        return m_series.back().second;
    }

    void artifact(const char* kind, const std::string& path, int64_t step)
    {
        Statement insert(m_database, "INSERT INTO artifact(run, kind, path, step) VALUES (?,?,?,?)"
                                     " ON CONFLICT(run, kind, path) DO UPDATE SET step = excluded.step");
        insert.bind(1, m_key).bind(2, std::string_view(kind)).bind(3, path).bind(4, step).run();
    }

    Database& m_database;
    int64_t m_key;
    Statement m_metric;
    std::vector<std::pair<std::string, int64_t>> m_series;
    int64_t m_step = 0, m_steps = 0, m_tokens = 0, m_trainable = 0;
    int64_t m_peakBytes = 0, m_estimatedBytes = 0;
    double m_products = 0;
    double m_loss = kNone, m_bestEval = kNone, m_lastEval = kNone, m_seconds = 0;
    std::string m_state;
};

// What the run's row shows, once more from the rows that are left.
void showWhatIsLeft(Database& database, int64_t key)
{
    Statement update(database, R"sql(
        WITH one AS (SELECT step, value, tokens, seconds FROM metric
                     WHERE run = ?1 AND series = (SELECT id FROM series WHERE name = 'loss')
                     ORDER BY step DESC LIMIT 1),
             evals AS (SELECT step, value FROM metric
                       WHERE run = ?1 AND series = (SELECT id FROM series WHERE name = 'evalLoss'))
        UPDATE run SET step = coalesce((SELECT step FROM one), 0), loss = (SELECT value FROM one),
            tokens = coalesce((SELECT tokens FROM one), 0), seconds = coalesce((SELECT seconds FROM one), 0.0),
            best_eval = (SELECT min(value) FROM evals),
            last_eval = (SELECT value FROM evals ORDER BY step DESC LIMIT 1)
        WHERE key = ?1)sql");
    update.bind(1, key).run();
}

void writeBatch(Database& database, int64_t key, const std::vector<Event>& events, int64_t metricsBytes)
{
    Transaction transaction(database);
    Appender appender(database, key);
    for (const Event& event : events)
        std::visit(appender, event);
    appender.finish(metricsBytes);
    transaction.commit();
}

void forgetEvents(Database& database, int64_t key)
{
    Transaction transaction(database);
    for (const char* table : {"metric", "note", "artifact", "drift"})
        Statement(database, std::string("DELETE FROM ") + table + " WHERE run = ?").bind(1, key).run();
    showWhatIsLeft(database, key);
    Statement(database, "UPDATE run SET indexed = 0 WHERE key = ?").bind(1, key).run();
    transaction.commit();
}

}  // namespace

bool RunStore::append(const std::string& id, const std::vector<Event>& events, int64_t metricsBytes)
{
    try {
        writeBatch(m_database, keyOf(id), events, metricsBytes);
        return true;
    } catch (const Error& error) {
        if (error.code() == Code::locked || error.code() == Code::io)
            return false;
        throw;
    }
}

void RunStore::catchUp(const std::string& id)
{
    // Batches of some milliseconds each, so that readers and other runs get their turn.
    constexpr size_t kBatch = 4096;
    const int64_t key = keyOf(id);
    const RunFolder folder(folderOf(id));
    Statement select(m_database, "SELECT indexed FROM run WHERE key = ?");
    select.bind(1, key);
    int64_t indexed = select.step() ? select.integer(0) : 0;
    select.reset();
    if (folder.metricsBytes() < indexed) {  // the file was cut or put back from a copy: begin again
        forgetEvents(m_database, key);
        indexed = 0;
    }
    std::vector<Event> batch;
    folder.visitMetrics(indexed, [&](std::string_view line, const Event& event) {
        batch.push_back(event);
        indexed += int64_t(line.size()) + 1;
        if (batch.size() == kBatch) {
            writeBatch(m_database, key, batch, indexed);
            batch.clear();
        }
    });
    if (!batch.empty())
        writeBatch(m_database, key, batch, indexed);
}

void RunStore::indexAgain(const std::string& id)
{
    forgetEvents(m_database, keyOf(id));
    catchUp(id);
}

void RunStore::removeAfter(const std::string& id, int64_t step)
{
    const int64_t key = keyOf(id);
    const RunFolder folder(folderOf(id));
    catchUp(id);  // so that notes and checkpoints of an earlier session are not lost with the lines that go
    // The file first: after a kill in between, it is shorter than the rows say and is read in again as a whole.
    folder.cutMetricsAfter(step);
    Transaction transaction(m_database);
    Statement(m_database, "DELETE FROM metric WHERE run = ? AND step > ?").bind(1, key).bind(2, step).run();
    Statement(m_database, "DELETE FROM drift WHERE run = ? AND step > ?").bind(1, key).bind(2, step).run();
    Statement(m_database, "DELETE FROM artifact WHERE run = ? AND step > ?").bind(1, key).bind(2, step).run();
    showWhatIsLeft(m_database, key);
    Statement(m_database, "UPDATE run SET indexed = ? WHERE key = ?").bind(1, folder.metricsBytes()).bind(2, key).run();
    transaction.commit();
}

}  // namespace rankwright
