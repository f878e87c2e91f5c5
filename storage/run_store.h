// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The index over run folders: runs, their curves, notes, artifacts; and the spectra cache. Run folders are the truth:
// rows that are missing here are imported from run.json and metrics.jsonl at opening.
#pragma once

#include "storage/database.h"
#include "training/api/config.h"
#include "training/api/events.h"
#include "training/api/reports.h"

#include <limits>

namespace rankwright {

// Where a run stands in its comparison; in run.json as "comparison", "arm" and the configuration's rate and seed.
struct ComparisonPlace { std::string comparison, arm; };

struct RunRow
{
    std::string id;                 // short text id
    std::string name, method, model;
    std::string comparison;         // id of the comparison it belongs to, or empty
    RunState state = RunState::queued;
    std::string created;            // UTC, ISO 8601
    int64_t step = 0, steps = 0;
    double loss = 0;                // last training loss; NaN where none
    double bestEval = 0, lastEval = 0;  // NaN where none
    double seconds = 0;             // training time
    int64_t tokens = 0, trainable = 0;
    std::string folder;
    bool filesMissing = false;
    std::string arm;                // its label within the comparison; empty outside of one and in runs of earlier versions
    double learningRate = 0;        // of its configuration, as the seed
    int64_t seed = 0;
    int64_t peakBytes = 0;          // of RunEnded; 0: unknown
    int64_t estimatedBytes = 0;     // of RunStarted, with the next; 0: unknown
    double productsPerStep = 0;
    bool operator==(const RunRow& other) const;   // two values that are not numbers are equal
};

// An export of a run and how near it was to the trained model when it was read back.
struct ExportProof
{
    std::string folder, format;     // format: lora | peft | merged
    double largestDifference = 0;   // of the logits
    double largestLogit = 0;        // what the difference is to be seen against; 0: unknown
    std::string time;               // UTC, ISO 8601
    bool operator==(const ExportProof&) const = default;
};

// What the series of a metric are called: "metric/accuracy".
inline constexpr std::string_view kMetricPrefix = "metric/";

// One point of a curve, with all three x axes.
struct CurvePoint { int64_t step = 0; double value = 0; int64_t tokens = 0; double seconds = 0; };
struct NoteRow { std::string time, level, text; };
struct ArtifactRow { std::string kind, path; };

// Names are shown, stored as JSON and typed on command lines. Throws Error{config} for one that is not UTF-8 text of at most
// limits::kRunName bytes without NUL.
void checkName(const std::string& name);

class RunStore
{
public:
    // Opens dataDirectory()/runs.db and creates or migrates it (a copy is made first; a newer file is refused with both
    // versions named). Runs "running" whose lock nobody holds become "interrupted"; folders without rows are imported.
    explicit RunStore(const std::filesystem::path& dataDirectory);
    // For another thread that only reads.
    static RunStore openForReading(const std::filesystem::path& dataDirectory);
    // For the recorder: waits at most `busyMilliseconds` for another writer and looks at no other run.
    static RunStore openForAppending(const std::filesystem::path& dataDirectory, int busyMilliseconds);
    // Run folders that could not be read in at opening: a message each.
    [[nodiscard]] const std::vector<std::string>& problems() const { return m_problems; }

    [[nodiscard]] const std::filesystem::path& dataDirectory() const { return m_dataDirectory; }
    [[nodiscard]] std::filesystem::path folderOf(const std::string& id) const;   // dataDirectory/runs/ID
    // Creates the row and the folder (run.json, lock not taken).
    std::string createRun(const RunConfig& config, const ComparisonPlace& place = {});
    // Another configuration for a run that has not started, in run.json and in the row; its name comes with it. Throws Error{locked}
    // where it has started meanwhile. The caller has checked the configuration.
    void setConfig(const std::string& id, const RunConfig& config);
    // The row alone: what run.json says already.
    void indexConfig(const std::string& id, const RunConfig& config);
    [[nodiscard]] static std::string newId();                     // random, 8 letters and digits
    [[nodiscard]] std::vector<RunRow> runs(int64_t most = -1);   // newest first, so many of them; read in pages
    [[nodiscard]] std::vector<RunRow> runsOf(const std::string& comparison);   // newest first
    [[nodiscard]] std::vector<RunRow> runsIn(const std::vector<RunState>& states, int64_t most = -1);   // newest first
    [[nodiscard]] std::vector<RunRow> runsWith(const std::vector<std::string>& ids);   // those of them that are there
    // How many there are and the key of the last: other numbers where a run was created or removed since.
    struct Extent { int64_t runs = 0, lastKey = 0; bool operator==(const Extent&) const = default; };
    [[nodiscard]] Extent extent();
    // By id, unique id prefix or exact name. Throws Error{missing} with the nearest name.
    [[nodiscard]] RunRow run(const std::string& idOrName);
    [[nodiscard]] RunConfig config(const std::string& id);
    [[nodiscard]] nlohmann::json document(const std::string& id);  // run.json: config, provenance, outcome
    void rename(const std::string& id, const std::string& name);   // throws as checkName()
    void remove(const std::string& id);                            // row and folder (Error{locked} while it runs)
    void setState(const std::string& id, RunState state);
    void addArtifact(const std::string& id, const std::string& kind, const std::string& path);
    [[nodiscard]] std::vector<ArtifactRow> artifacts(const std::string& id);
    [[nodiscard]] std::vector<NoteRow> notes(const std::string& id);
    // An export that was read back: in run.json ("exports") and as an artifact "export-FORMAT". A later one into the same folder takes
    // the earlier one's place.
    void addExport(const std::string& id, const ExportResult& result);
    [[nodiscard]] std::vector<ExportProof> exports(const std::string& id);   // oldest first; none where run.json is missing
    // How far the modules have gone from their original weights, a DriftEvent a measured step.
    [[nodiscard]] std::vector<DriftEvent> drift(const std::string& id);
    // Names of series a run has: "loss", "evalLoss", "lr", "gradNorm", "tokensPerSecond", and kMetricPrefix + id for what evaluations
    // measured beside the loss.
    [[nodiscard]] std::vector<std::string> series(const std::string& id);
    // From a step on, where only the end is wanted.
    [[nodiscard]] std::vector<CurvePoint> curve(
        const std::string& id, const std::string& series, int64_t fromStep = std::numeric_limits<int64_t>::min());
    // The last value of each metric, by its id.
    [[nodiscard]] std::map<std::string, double> metrics(const std::string& id);
    // Of every run that has one: run -> series ("metric/accuracy") -> last value.
    [[nodiscard]] std::map<std::string, std::map<std::string, double>> lastMetrics();
    // All series of a run as CSV (step,tokens,seconds,loss,lr,gradNorm,evalLoss,metric/ID...,run), formula cells defused, '.' as the
    // decimal point. A value that was not finite is NaN; a step without that value has an empty cell.
    [[nodiscard]] std::string csv(const std::string& id);

    // Called by the recorder: rows of a batch in one transaction. Returns false where the database is busy or full: the
    // caller keeps the rows and tries again. `metricsBytes`: size of metrics.jsonl up to the last of these events, so
    // that the next opening reads only what came later; -1: unknown.
    bool append(const std::string& id, const std::vector<Event>& events, int64_t metricsBytes = -1);
    // Appends what metrics.jsonl holds beyond the rows that are here.
    void catchUp(const std::string& id);
    // All rows of its events once more, from the start of metrics.jsonl.
    void indexAgain(const std::string& id);
    // At resume: removes events past the checkpoint's step, from metrics.jsonl and from the tables. -1: all
    // steps. Starts and notes stay. Not while somebody else appends: a running run asks its RunRecorder.
    void removeAfter(const std::string& id, int64_t step);

    [[nodiscard]] std::optional<ModuleSpectrum> spectrum(const std::string& hash);
    void storeSpectrum(const ModuleSpectrum& spectrum);
    [[nodiscard]] std::vector<ModuleSpectrum> spectra(const std::vector<std::string>& hashes);
    [[nodiscard]] std::vector<ModuleSpectrum> allSpectra(int64_t limit = 4096);

    // One SELECT, read only, for `sql`; rows of text. Throws Error{usage} for anything but one SELECT, WITH or EXPLAIN.
    struct Table { std::vector<std::string> columns; std::vector<std::vector<std::optional<std::string>>> rows; };
    [[nodiscard]] Table query(const std::string& sql);

private:
    RunStore(std::filesystem::path dataDirectory, Database database);
    std::vector<RunRow> rowsWhere(const std::string& condition, const std::vector<std::string>& values, int64_t most);
    void importFolders();
    void importFolder(const std::string& id);
    void settle(const std::string& id);
    void insertRun(const std::string& id, const nlohmann::json& document);
    [[nodiscard]] int64_t keyOf(const std::string& id);
    [[noreturn]] void refuseUnknown(const std::string& id);  // names the nearest run
    std::filesystem::path m_dataDirectory;
    Database m_database;
    std::vector<std::string> m_problems;
};

}  // namespace rankwright
