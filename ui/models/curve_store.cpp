// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Reads curves off the window's thread and joins them with what arrives live: the store is up to 250 ms behind, the
// live points begin where the window began to listen.
#include "ui/models/curve_store.h"

#include "training/api/metrics.h"
#include "ui/format.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <utility>

namespace rankwright {

double along(const CurvePoint& point, Axis axis)
{
    switch (axis) {
    case Axis::tokens:
        return double(point.tokens);
    case Axis::time:
        return point.seconds;
    case Axis::step:
        break;
    }
    return double(point.step);
}

QString axisTitle(Axis axis)
{
    switch (axis) {
    case Axis::tokens:
        return CurveStore::tr("Tokens");
    case Axis::time:
        return CurveStore::tr("Training time (s)");
    case Axis::step:
        break;
    }
    return CurveStore::tr("Step");
}

std::vector<CurvePoint> mergedCurves(const std::vector<CurvePoint>& stored, const std::vector<CurvePoint>& live)
{
    std::vector<CurvePoint> merged;
    merged.reserve(stored.size() + live.size());
    std::merge(stored.begin(), stored.end(), live.begin(), live.end(), std::back_inserter(merged),
        [](const CurvePoint& a, const CurvePoint& b) { return a.step < b.step; });   // stable: stored comes first
    merged.erase(std::unique(merged.begin(), merged.end(),
                     [](const CurvePoint& a, const CurvePoint& b) { return a.step == b.step; }),
        merged.end());
    return merged;
}

namespace {

// How it ended, as run.json says; a run of an earlier version says nothing.
std::optional<RunEnded> readEnd(RunStore& store, const RunRow& row)
{
    try {
        const auto document = store.document(row.id);
        const auto provenance = document.value("provenance", nlohmann::json::object());
        if (!provenance.contains("bestStep"))
            return std::nullopt;
        return RunEnded{.run = row.id, .outcome = row.state, .step = row.step, .finalLoss = row.loss, .adapter = {}, .error = {},
            .reason = provenance.value("reason", std::string()), .bestStep = provenance.value("bestStep", int64_t(-1)),
            .keptBest = provenance.value("keptBest", false), .peakBytes = provenance.value("peakBytes", int64_t(0))};
    } catch (const std::exception&) {   // the folder is gone: the curves are still worth showing
        return std::nullopt;
    }
}

// An evaluation's place on the axes: it counts its own tokens and time, the axes want those trained so far.
CurvePoint placed(const std::vector<CurvePoint>& loss, CurvePoint point)
{
    const auto after = std::upper_bound(loss.begin(), loss.end(), point.step,
        [](int64_t wanted, const CurvePoint& candidate) { return wanted < candidate.step; });
    point.tokens = after == loss.begin() ? 0 : std::prev(after)->tokens;
    point.seconds = after == loss.begin() ? 0 : std::prev(after)->seconds;
    return point;
}

}  // namespace

// Notes may stand before the start in metrics.jsonl. A file that has no such line yet is no error.
std::optional<RunStarted> startedOf(const std::filesystem::path& folder)
{
    constexpr std::streamsize kMost = 256 * 1024;   // bytes: notes are short
    std::ifstream file(folder / "metrics.jsonl", std::ios::binary);
    std::string text(size_t(kMost), '\0');
    file.read(text.data(), kMost);
    text.resize(size_t(file.gcount()));
    size_t from = 0;
    for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', from)) {
        try {
            const auto event = eventFromJson(nlohmann::json::parse(std::string_view(text).substr(from, end - from)));
            if (const auto* started = std::get_if<RunStarted>(&event))
                return *started;
        } catch (const std::exception&) {   // a damaged line: the curves are still worth showing
        }
        from = end + 1;
    }
    return std::nullopt;
}

std::vector<CurvePoint> storedCurve(RunStore& store, const std::string& run, const std::string& series)
{
    auto points = store.curve(run, series);
    if (series != "evalLoss" && !series.starts_with(kMetricSeries))
        return points;
    const auto loss = store.curve(run, "loss");
    for (CurvePoint& point : points)
        point = placed(loss, point);
    return points;
}

CurveStore::CurveStore(std::filesystem::path dataDirectory, QObject* parent)
    : QObject(parent), m_reader(std::move(dataDirectory))
{
    connect(&m_reader, &StoreReader::failed, this, &CurveStore::problem);
}

const QStringList& CurveStore::seriesNames()
{
    static const QStringList names = {"loss", "evalLoss", "lr", "gradNorm"};
    return names;
}

QString metricTitle(const QString& series)
{
    const auto id = series.mid(int(qstrlen(kMetricSeries)));
    const MetricCard* card = findMetricCard(format::plain(id));
    return card == nullptr ? format::shown(format::plain(id), 40) : format::text(card->title);
}

QStringList CurveStore::metricNames() const
{
    QStringList names;
    for (const auto& [run, data] : m_data)
        for (const auto& [series, points] : data.series)
            if (series.startsWith(QLatin1String(kMetricSeries)) && !points.empty() && !names.contains(series))
                names << series;
    names.sort();
    return names;
}

namespace {

bool isSame(const CurvePoint& a, const CurvePoint& b)
{
    return a.step == b.step && a.tokens == b.tokens && a.seconds == b.seconds
        && (a.value == b.value || (std::isnan(a.value) && std::isnan(b.value)));
}

bool isPlaced(const QString& series)   // evaluations, few enough to be read whole
{
    return series == QLatin1String("evalLoss") || series.startsWith(QLatin1String(kMetricSeries));
}

}  // namespace

// A curve whose last known point still stands has only grown: a run that was resumed went over that step at another second.
CurveStore::Read CurveStore::load(RunStore& store, const RunRow& row, const QStringList& series, const Known* known)
{
    Read read{.id = format::text(row.id), .data = {.row = row}, .ends = {}};
    RunData& data = read.data;
    const auto isThere = [&](const QString& name) { return isPlaced(name) || known->last.contains(name); };
    read.unchanged = known != nullptr && known->row == row && std::all_of(series.begin(), series.end(), isThere);
    if (read.unchanged)
        return read;
    data.started = startedOf(store.folderOf(row.id));
    data.ended = readEnd(store, row);
    data.notes = store.notes(row.id);
    for (const QString& name : series) {
        const auto plain = format::plain(name);
        const auto last = known == nullptr ? std::map<QString, CurvePoint>::const_iterator() : known->last.find(name);
        if (known != nullptr && last != known->last.end() && !isPlaced(name)) {
            auto end = store.curve(row.id, plain, last->second.step);
            if (!end.empty() && isSame(end.front(), last->second)) {
                end.erase(end.begin());
                read.ends[name] = std::move(end);
                continue;
            }
        }
        data.series[name] = store.curve(row.id, plain);
    }
    for (const std::string& name : store.series(row.id))
        if (const auto metric = format::text(name); metric.startsWith(QLatin1String(kMetricSeries)))
            data.series[metric] = store.curve(row.id, name);
    return read;
}

std::map<QString, CurveStore::Known> CurveStore::known() const
{
    std::map<QString, Known> found;
    for (const auto& [id, data] : m_data) {
        if (data.live || data.row.id.empty())   // of the live points some are not in the store yet: that is read whole
            continue;
        Known& one = found[id];
        one.row = data.row;
        for (const auto& [name, points] : data.series)
            if (!points.empty())
                one.last[name] = points.back();
    }
    return found;
}

void CurveStore::setRuns(const QStringList& ids)
{
    m_others = m_others || m_ids != ids;
    m_ids = ids;
    reload();
}

void CurveStore::setSeries(const QStringList& names)
{
    m_series = names;
    m_others = true;
}

void CurveStore::reload()
{
    m_reader.read<Everything>(
        [ids = m_ids, series = m_series, known = known()](RunStore& store) {
            std::vector<std::string> wanted;
            for (const QString& id : ids)
                wanted.push_back(format::plain(id));
            Everything everything;
            for (const RunRow& row : store.runsWith(wanted)) {
                const auto before = known.find(format::text(row.id));
                everything.push_back(load(store, row, series, before == known.end() ? nullptr : &before->second));
            }
            return everything;
        },
        [this](Everything& everything) { receive(everything); });
}

void CurveStore::showComparisonOf(const QString& run)
{
    m_reader.read<Everything>(
        [run, series = m_series, known = known()](RunStore& store) {
            Everything everything;
            auto chosen = store.runsWith({format::plain(run)});
            if (chosen.empty())
                chosen = store.runs(1);
            if (chosen.empty())
                return everything;
            auto rows = chosen.front().comparison.empty() ? chosen : store.runsOf(chosen.front().comparison);
            // Newest first in the store; arms are shown in the order they run.
            for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
                const auto before = known.find(format::text(row->id));
                everything.push_back(load(store, *row, series, before == known.end() ? nullptr : &before->second));
            }
            return everything;
        },
        [this](Everything& everything) {
            QStringList ids;
            for (const Read& read : everything)
                ids << read.id;
            m_others = m_others || m_ids != ids;
            m_ids = ids;
            receive(everything);
        });
}

// True: more than ends of curves.
bool CurveStore::take(Read& read)
{
    constexpr size_t kFew = 5000;   // points that are told one by one
    RunData& data = m_data[read.id];
    RunData& fresh = read.data;
    bool whole = data.row.id.empty() || data.row.name != fresh.row.name;
    const auto added = read.ends.find("loss");
    const auto& loss = fresh.series.contains("loss") ? fresh.series["loss"] : data.series["loss"];
    const auto isAdded = [&](int64_t step) { return added != read.ends.end() && !added->second.empty() && step >= added->second.front().step; };
    for (auto& [name, points] : fresh.series)   // before any of them is moved away
        for (size_t i = 0; isPlaced(name) && i < points.size(); ++i)
            points[i] = placed(isAdded(points[i].step) ? added->second : loss, points[i]);
    for (auto& [name, points] : fresh.series) {
        if (data.live)   // otherwise the store alone is right: it may have been cut back at a resume
            points = mergedCurves(points, data.series[name]);
        auto& held = data.series[name];
        if (held.size() == points.size() && std::equal(held.begin(), held.end(), points.begin(), isSame))
            continue;
        held = std::move(points);
        whole = true;
    }
    data.row = fresh.row;
    if (fresh.started)
        data.started = fresh.started;
    data.ended = fresh.ended;
    whole = whole || data.notes.size() != fresh.notes.size();
    data.notes = std::move(fresh.notes);
    for (auto& [name, end] : read.ends) {
        auto& held = data.series[name];
        if (data.live) {   // points came since the question was asked: the store has some of them too
            held = mergedCurves(held, end);
            whole = true;
            continue;
        }
        const bool told = !whole && end.size() <= kFew;
        whole = whole || !told;
        held.insert(held.end(), end.begin(), end.end());
        for (size_t i = 0; told && i < end.size(); ++i)
            emit pointAdded(read.id, name, end[i], false);
    }
    return whole;
}

void CurveStore::receive(Everything& everything)
{
    bool whole = std::exchange(m_others, false), any = false;
    for (Read& read : everything) {
        if (read.unchanged)
            continue;
        any = true;
        whole = take(read) || whole;
    }
    std::erase_if(m_data, [this](const auto& entry) { return !m_ids.contains(entry.first); });
    if (whole)
        emit loaded();
    else if (any)
        emit extended();
}

const RunRow* CurveStore::run(const QString& id) const
{
    const auto found = m_data.find(id);
    return found == m_data.end() || found->second.row.id.empty() ? nullptr : &found->second.row;
}

const RunStarted* CurveStore::started(const QString& id) const
{
    const auto found = m_data.find(id);
    return found == m_data.end() || !found->second.started ? nullptr : &*found->second.started;
}

const RunEnded* CurveStore::ended(const QString& id) const
{
    const auto found = m_data.find(id);
    return found == m_data.end() || !found->second.ended ? nullptr : &*found->second.ended;
}

const std::vector<NoteRow>& CurveStore::notes(const QString& id) const
{
    static const std::vector<NoteRow> none;
    const auto found = m_data.find(id);
    return found == m_data.end() ? none : found->second.notes;
}

const std::vector<CurvePoint>& CurveStore::points(const QString& id, const QString& series) const
{
    static const std::vector<CurvePoint> none;
    const auto found = m_data.find(id);
    if (found == m_data.end())
        return none;
    const auto points = found->second.series.find(series);
    return points == found->second.series.end() ? none : points->second;
}

void CurveStore::add(const QString& id, const QString& series, const CurvePoint& point)
{
    m_data[id].live = true;
    auto& points = m_data[id].series[series];
    bool again = false;
    while (!points.empty() && points.back().step >= point.step) {
        points.pop_back();
        again = true;
    }
    points.push_back(point);
    emit pointAdded(id, series, point, again);
}

void CurveStore::append(const std::vector<Event>& batch)
{
    for (const Event& event : batch) {
        if (const auto* started = std::get_if<RunStarted>(&event)) {
            m_data[format::text(started->run)].started = *started;
            m_data[format::text(started->run)].ended.reset();
        } else if (const auto* ended = std::get_if<RunEnded>(&event)) {
            m_data[format::text(ended->run)].ended = *ended;
        } else if (const auto* step = std::get_if<StepEvent>(&event)) {
            const auto id = format::text(step->run);
            RunRow& row = m_data[id].row;
            row.step = step->step;
            row.steps = step->steps;
            row.loss = step->loss;
            row.seconds = step->seconds;
            row.tokens = step->tokens;
            add(id, "loss", {step->step, step->loss, step->tokens, step->seconds});
            add(id, "lr", {step->step, step->lr, step->tokens, step->seconds});
            add(id, "gradNorm", {step->step, step->gradNorm, step->tokens, step->seconds});
        } else if (const auto* eval = std::get_if<EvalEvent>(&event)) {
            const auto id = format::text(eval->run);
            add(id, "evalLoss", placed(points(id, "loss"), {eval->step, eval->loss, 0, 0}));
            for (const auto& [metric, value] : eval->metrics)
                add(id, kMetricSeries + format::text(metric), placed(points(id, "loss"), {eval->step, value, 0, 0}));
        } else if (const auto* note = std::get_if<NoteEvent>(&event)) {
            m_data[format::text(note->run)].notes.push_back({{}, note->level, note->text});
        }
    }
}

}  // namespace rankwright
