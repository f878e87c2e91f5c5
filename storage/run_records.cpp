// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What a run has besides its curves: artifacts, notes, exports that were read back, drift of its modules.
#include "storage/run_store.h"

#include "storage/runs/run_folder.h"
#include "storage/utc_time.h"
#include "training/api/error.h"
#include "training/api/json_text.h"

#include <limits>

namespace rankwright {

void RunStore::addArtifact(const std::string& id, const std::string& kind, const std::string& path)
{
    Statement insert(m_database,
        "INSERT INTO artifact(run, kind, path) VALUES (?,?,?) ON CONFLICT(run, kind, path) DO NOTHING");
    insert.bind(1, keyOf(id)).bind(2, kind).bind(3, path).run();
}

std::vector<ArtifactRow> RunStore::artifacts(const std::string& id)
{
    std::vector<ArtifactRow> rows;
    Statement select(m_database, "SELECT kind, path FROM artifact WHERE run = ? ORDER BY key");
    select.bind(1, keyOf(id));
    while (select.step())
        rows.push_back({.kind = select.text(0), .path = select.text(1)});
    return rows;
}

std::vector<NoteRow> RunStore::notes(const std::string& id)
{
    std::vector<NoteRow> rows;
    Statement select(m_database, "SELECT time, level, text FROM note WHERE run = ? ORDER BY key");
    select.bind(1, keyOf(id));
    while (select.step())
        rows.push_back({.time = select.text(0), .level = select.text(1), .text = select.text(2)});
    return rows;
}

void RunStore::addExport(const std::string& id, const ExportResult& result)
{
    const std::string place = std::filesystem::absolute(result.folder).lexically_normal().string();
    addArtifact(id, "export-" + result.format, place);
    const RunFolder folder(folderOf(id));
    folder.update([&](nlohmann::json& document) {
        auto& exports = document["exports"];
        if (!exports.is_array())
            exports = nlohmann::json::array();
        for (size_t i = exports.size(); i-- > 0;) {
            if (exports[i].is_object() && exports[i].value("folder", nlohmann::json()) == jsonText(place))
                exports.erase(i);
        }
        exports.push_back({{"folder", jsonText(place)}, {"format", jsonText(result.format)},
            {"largestDifference", jsonNumber(result.largestDifference)},
            {"largestLogit", jsonNumber(result.largestLogit)}, {"time", utcNow()}});
    });
}

std::vector<ExportProof> RunStore::exports(const std::string& id)
{
    if (run(id).filesMissing)
        return {};
    nlohmann::json document;
    try {
        document = RunFolder(folderOf(id)).read();
    } catch (const Error&) {
        return {};   // a damaged run.json hides its own exports, not the list of runs that asks for them
    }
    const auto list = document.find("exports");
    std::vector<ExportProof> proofs;
    if (list == document.end() || !list->is_array())
        return proofs;
    const auto text = [](const nlohmann::json& entry, const char* key) {
        const auto found = entry.find(key);
        return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    const auto number = [](const nlohmann::json& entry, const char* key) {
        const auto found = entry.find(key);
        return found != entry.end() && found->is_number() ? found->get<double>() : std::numeric_limits<double>::quiet_NaN();
    };
    for (const auto& entry : *list) {   // the folder may have come from elsewhere: what is not an export is passed over
        if (entry.is_object())
            proofs.push_back({.folder = text(entry, "folder"),
                .format = text(entry, "format"),
                .largestDifference = number(entry, "largestDifference"),
                .largestLogit = number(entry, "largestLogit"),
                .time = text(entry, "time")});
    }
    return proofs;
}

std::vector<DriftEvent> RunStore::drift(const std::string& id)
{
    std::vector<DriftEvent> events;
    Statement select(m_database, "SELECT step, seconds, module, rank, update_norm, inside, angle_mean, angle_largest,"
                                 " effective_rank, intruders FROM drift WHERE run = ? ORDER BY step, position");
    select.bind(1, keyOf(id));
    while (select.step()) {
        if (events.empty() || events.back().step != select.integer(0))
            events.push_back({.run = id, .step = select.integer(0), .seconds = select.number(1), .modules = {}});
        events.back().modules.push_back({.name = select.text(2),
            .rank = select.integer(3),
            .update = select.number(4),
            .inside = select.number(5),
            .angleMean = select.number(6),
            .angleLargest = select.number(7),
            .effectiveRank = select.number(8),
            .intruders = select.integer(9)});
    }
    return events;
}

}  // namespace rankwright
