// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The curves of the runs on screen: read from the run store, and appended live while a run goes on.
#pragma once

#include "ui/models/store_reader.h"

#include <QStringList>

#include <map>
#include <optional>

namespace rankwright {

enum class Axis { step, tokens, time };
[[nodiscard]] double along(const CurvePoint& point, Axis axis);
[[nodiscard]] QString axisTitle(Axis axis);        // "Step", "Tokens", "Training time (s)"

class CurveStore : public QObject
{
    Q_OBJECT
public:
    explicit CurveStore(std::filesystem::path dataDirectory, QObject* parent = nullptr);

    void setRuns(const QStringList& ids);          // reads them; loaded() or extended() follows where anything is new
    // Reads what has come since: of a run that has not gone on nothing, of a curve that has grown its end.
    void reload();
    void setSeries(const QStringList& names);      // which of seriesNames() are read from now on; all at first
    [[nodiscard]] const QStringList& runs() const { return m_ids; }
    // The newest comparison (or the one `run` belongs to), read in the same way. Nothing stored: no runs.
    void showComparisonOf(const QString& run);
    [[nodiscard]] const RunRow* run(const QString& id) const;
    [[nodiscard]] const RunStarted* started(const QString& id) const;   // from metrics.jsonl or the live event
    [[nodiscard]] const RunEnded* ended(const QString& id) const;       // from run.json or the live event
    [[nodiscard]] const std::vector<NoteRow>& notes(const QString& id) const;
    // "loss", "evalLoss", "lr", "gradNorm", "metric/accuracy"; by step, tokens filled in for evaluations as well.
    [[nodiscard]] const std::vector<CurvePoint>& points(const QString& id, const QString& series) const;
    void append(const std::vector<Event>& batch);
    [[nodiscard]] static const QStringList& seriesNames();
    // "metric/accuracy", ... that any of the runs has.
    [[nodiscard]] QStringList metricNames() const;

signals:
    void loaded();
    void extended();                               // after a reload(): runs went on by the points that pointAdded() told
    // A live point. `again`: earlier points went (a resumed run goes over its last steps again): set the curves anew.
    void pointAdded(const QString& id, const QString& series, const rankwright::CurvePoint& point, bool again);
    void problem(const QString& text);

private:
    struct RunData
    {
        RunRow row;
        std::optional<RunStarted> started;
        std::optional<RunEnded> ended;
        std::vector<NoteRow> notes;
        std::map<QString, std::vector<CurvePoint>> series;
        bool live = false;                         // points came through append()
    };
    // What of a run is here already: its row, and the last point of each curve that came from the store alone.
    struct Known { RunRow row; std::map<QString, CurvePoint> last; };
    // A run as it was read: whole curves, or what comes after the known points. Nothing at all: it has not gone on.
    struct Read { QString id; RunData data; std::map<QString, std::vector<CurvePoint>> ends; bool unchanged = false; };
    using Everything = std::vector<Read>;
    static Read load(RunStore& store, const RunRow& row, const QStringList& series, const Known* known);
    [[nodiscard]] std::map<QString, Known> known() const;
    void receive(Everything& everything);
    bool take(Read& read);
    void add(const QString& id, const QString& series, const CurvePoint& point);

    StoreReader m_reader;
    QStringList m_ids, m_series = seriesNames();
    bool m_others = true;                          // other runs or curves than before are wanted: loaded() whatever is read
    std::map<QString, RunData> m_data;             // also of a run that began before its comparison was read
};

// Series of metrics measured at evaluations are called so: kMetricSeries + id of a MetricCard.
inline constexpr const char* kMetricSeries = kMetricPrefix.data();
// "Matthews correlation" of "metric/matthews"; the id where the program does not know it.
[[nodiscard]] QString metricTitle(const QString& series);
// How a run began, from its metrics.jsonl; nothing where it has not begun or cannot be read.
[[nodiscard]] std::optional<RunStarted> startedOf(const std::filesystem::path& runFolder);
// A stored series with all three axes filled in, also for evaluations, which count their own tokens and time. Off the window's thread.
[[nodiscard]] std::vector<CurvePoint> storedCurve(RunStore& store, const std::string& run, const std::string& series);

// Both in order of step; where both have a step the first wins.
[[nodiscard]] std::vector<CurvePoint> mergedCurves(
    const std::vector<CurvePoint>& stored, const std::vector<CurvePoint>& live);

}  // namespace rankwright
