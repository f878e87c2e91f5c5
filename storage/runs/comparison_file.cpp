// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// comparisons/ID.json: the stored comparison. Its runs are created with it and name it.
#include "storage/runs/comparison.h"
#include "storage/utc_time.h"
#include "training/api/catalog.h"
#include "training/api/error.h"
#include "training/api/json_text.h"
#include "training/formats/atomic_file.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"

#include <algorithm>

namespace rankwright {

namespace {

constexpr int kFormat = 1;

// An id becomes a file's name: nothing that could lead out of the folder.
bool isId(std::string_view text)
{
    const auto fits = [](char letter) { return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9'); };
    return !text.empty() && text.size() <= 32 && std::ranges::all_of(text, fits);
}

std::filesystem::path fileOf(const std::filesystem::path& dataDirectory, const std::string& id)
{
    return dataDirectory / "comparisons" / (id + ".json");
}

// Reads a comparison's JSON key by key; a wrong type names the place.
class Reader
{
public:
    Reader(const nlohmann::json& document, std::filesystem::path file, std::string at = {})
        : m_document(document), m_file(std::move(file)), m_at(std::move(at))
    {
        if (!document.is_object())
            refuse("", document.type_name(), "an object");
    }

    [[noreturn]] void refuse(const std::string& key, const std::string& found, const std::string& allowed) const
    {
        throw Error(ErrorParts{.code = Code::config,
            .file = m_file,
            .place = m_at + (key.empty() ? "" : "/" + key),
            .found = found,
            .allowed = allowed,
            .advice = "A stored comparison, comparisons/ID.json in the data folder, shows the form."});
    }
    void onlyKnows(const std::vector<std::string>& keys) const
    {
        for (const auto& [key, value] : m_document.items()) {
            if (std::ranges::find(keys, key) == keys.end())
                refuse(jsonText(key), "unknown key", "did you mean " + nearestName(key, keys) + "?");
        }
    }
    [[nodiscard]] const nlohmann::json* find(const char* key) const
    {
        const auto found = m_document.find(key);
        return found == m_document.end() ? nullptr : &*found;
    }
    [[nodiscard]] std::string text(const char* key, const std::string& otherwise) const
    {
        const auto* value = find(key);
        if (value != nullptr && !value->is_string())
            refuse(key, value->type_name(), "text");
        return value != nullptr ? value->get<std::string>() : otherwise;
    }
    [[nodiscard]] double number(const char* key, double otherwise) const
    {
        const auto* value = find(key);
        if (value != nullptr && !value->is_number())
            refuse(key, value->type_name(), "a number");
        return value != nullptr ? value->get<double>() : otherwise;
    }
    [[nodiscard]] int64_t integer(const char* key, int64_t otherwise) const
    {
        const auto* value = find(key);
        if (value != nullptr && !value->is_number_integer())
            refuse(key, value->is_number() ? value->dump() : value->type_name(), "a whole number");
        return value != nullptr ? value->get<int64_t>() : otherwise;
    }
    // The entries of a list, each of which `fits`; none where the key is missing.
    [[nodiscard]] std::vector<nlohmann::json> list(
        const char* key, bool (nlohmann::json::*fits)() const noexcept, const char* allowed) const
    {
        const auto* value = find(key);
        if (value == nullptr)
            return {};
        if (!value->is_array() || !std::ranges::all_of(*value, [&](const auto& entry) { return (entry.*fits)(); }))
            refuse(key, jsonText(value->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).substr(0, 80)), allowed);
        return value->get<std::vector<nlohmann::json>>();
    }

private:
    const nlohmann::json& m_document;
    std::filesystem::path m_file;
    std::string m_at;
};

RateSweep sweepFrom(const nlohmann::json& document, const std::filesystem::path& file)
{
    const Reader reader(document, file, "/sweep");
    reader.onlyKnows({"rates", "points", "factor"});
    RateSweep sweep;
    for (const auto& rate : reader.list("rates", &nlohmann::json::is_number, "a list of numbers"))
        sweep.rates.push_back(rate.get<double>());
    sweep.points = reader.integer("points", sweep.points);
    sweep.factor = reader.number("factor", sweep.factor);
    return sweep;
}

Arm armFrom(const nlohmann::json& document, const std::filesystem::path& file, size_t index)
{
    const Reader reader(document, file, "/arms/" + std::to_string(index));
    reader.onlyKnows({"label", "config"});
    const auto* config = reader.find("config");
    if (config == nullptr)
        reader.refuse("config", "nothing", "a run's configuration");
    Arm arm;
    arm.config = configFromJson(*config, file);
    arm.label = reader.text("label", arm.config.method);
    return arm;
}

void removeRuns(RunStore& store, const std::vector<std::string>& ids)
{
    for (const std::string& id : ids)
        store.remove(id);
}

}  // namespace

std::string scheduleText(Schedule schedule)
{
    return schedule == Schedule::together ? "together" : schedule == Schedule::interleaved ? "interleaved" : "queued";
}

std::optional<Schedule> scheduleFromText(std::string_view text)
{
    for (const auto schedule : {Schedule::queued, Schedule::interleaved, Schedule::together}) {
        if (scheduleText(schedule) == text)
            return schedule;
    }
    return std::nullopt;
}

nlohmann::json toJson(const Comparison& comparison)
{
    nlohmann::json arms = nlohmann::json::array();
    for (const Arm& arm : comparison.arms)
        arms.push_back({{"label", jsonText(arm.label)}, {"config", toJson(arm.config)}});
    return {{"format", kFormat}, {"id", comparison.id}, {"name", jsonText(comparison.name)}, {"created", comparison.created},
        {"arms", std::move(arms)}, {"seeds", comparison.seeds}, {"schedule", scheduleText(comparison.schedule)},
        {"sweep", {{"rates", comparison.sweep.rates}, {"points", comparison.sweep.points}, {"factor", comparison.sweep.factor}}}};
}

Comparison comparisonFromJson(const nlohmann::json& document, const std::filesystem::path& file)
{
    const Reader reader(document, file);
    reader.onlyKnows({"format", "id", "name", "created", "arms", "seeds", "schedule", "sweep"});
    if (const int64_t format = reader.integer("format", kFormat); format != kFormat)
        reader.refuse("format", "version " + std::to_string(format), "version " + std::to_string(kFormat));
    Comparison comparison;
    comparison.id = reader.text("id", {});
    comparison.name = reader.text("name", {});
    comparison.created = reader.text("created", {});
    const auto arms = reader.list("arms", &nlohmann::json::is_object, "a list of {\"label\", \"config\"}");
    for (size_t i = 0; i < arms.size(); ++i)
        comparison.arms.push_back(armFrom(arms[i], file, i));
    if (arms.empty())
        reader.refuse("arms", "none", "one or more");
    comparison.seeds.clear();
    for (const auto& seed : reader.list("seeds", &nlohmann::json::is_number_integer, "a list of whole numbers"))
        comparison.seeds.push_back(seed.get<int64_t>());
    if (comparison.seeds.empty())
        comparison.seeds = {comparison.arms.front().config.seed};
    if (const auto* sweep = reader.find("sweep"))
        comparison.sweep = sweepFrom(*sweep, file);
    const std::string schedule = reader.text("schedule", scheduleText(comparison.schedule));
    const auto known = scheduleFromText(schedule);
    if (!known)
        reader.refuse("schedule", jsonText(schedule), "queued, interleaved or together");
    comparison.schedule = *known;
    try {
        (void)plannedRuns(comparison);   // seeds and labels once each, rates that can be
    } catch (const Error& problem) {
        ErrorParts parts = problem.parts();
        parts.code = Code::config;
        parts.file = file;
        throw Error(parts);
    }
    return comparison;
}

std::string titleOf(const Comparison& comparison)
{
    if (!comparison.name.empty())
        return comparison.name;
    std::string arms;
    for (const Arm& arm : comparison.arms)
        arms += (arms.empty() ? "" : ", ") + arm.label;
    return arms;
}

void renameComparison(const std::filesystem::path& dataDirectory, const std::string& id, const std::string& name)
{
    checkName(name);
    Comparison comparison = readComparison(dataDirectory, id);
    comparison.name = name;
    writeFileAtomically(fileOf(dataDirectory, id), toJson(comparison).dump(2) + "\n");
}

Comparison createComparison(RunStore& store, Comparison comparison)
{
    const auto runs = plannedRuns(comparison);
    for (const PlannedRun& run : runs) {
        validate(run.config);
        checkStartAdapter(run.config);
    }
    const auto folder = store.dataDirectory() / "comparisons";
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        throw Error(ErrorParts{.code = Code::exists,
            .file = folder,
            .place = "folder of comparisons",
            .found = error.message(),
            .allowed = "a data folder that can be written to",
            .advice = "Check its permissions and free space."});
    do
        comparison.id = RunStore::newId();
    while (std::filesystem::exists(fileOf(store.dataDirectory(), comparison.id)));
    comparison.created = utcNow();
    const auto file = fileOf(store.dataDirectory(), comparison.id);
    std::vector<std::string> ids;
    try {
        // The file first: runs that a kill leaves without the rest of theirs then still say what they belong to.
        writeFileAtomically(file, toJson(comparison).dump(2) + "\n");
        for (const PlannedRun& run : runs)
            ids.push_back(store.createRun(run.config, {.comparison = comparison.id, .arm = run.arm}));
    } catch (...) {
        std::filesystem::remove(file, error);
        removeRuns(store, ids);
        throw;
    }
    return comparison;
}

Comparison readComparison(const std::filesystem::path& dataDirectory, const std::string& id)
{
    const auto file = fileOf(dataDirectory, id);
    std::error_code error;
    if (!isId(id) || !std::filesystem::is_regular_file(file, error))
        throw Error(ErrorParts{.code = Code::missing,
            .file = dataDirectory,
            .place = "comparison",
            .found = "no comparison \"" + jsonText(id) + "\"",
            .allowed = "the id of a stored comparison",
            .advice = "`rankwright-cli runs` lists what is there."});
    try {
        Comparison comparison = comparisonFromJson(readJsonFile(file, limits::kJsonConfig), file);
        comparison.id = id;
        return comparison;
    } catch (const Error& problem) {
        ErrorParts parts = problem.parts();
        if (parts.code == Code::config)
            parts.code = Code::format;   // a file that was written by this program
        throw Error(parts);
    }
}

std::vector<Comparison> storedComparisons(const std::filesystem::path& dataDirectory)
{
    std::vector<Comparison> comparisons;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(dataDirectory / "comparisons", error)) {
        if (entry.path().extension() != ".json")
            continue;
        try {
            comparisons.push_back(readComparison(dataDirectory, entry.path().stem().string()));
        } catch (const std::exception&) {
            continue;   // one bad file must not hide the others
        }
    }
    std::ranges::sort(comparisons, [](const Comparison& left, const Comparison& right) {
        return std::tie(left.created, left.id) > std::tie(right.created, right.id);
    });
    return comparisons;
}

Comparison comparisonByRuns(RunStore& store, const std::string& id)
{
    Comparison comparison{.id = id, .seeds = {}};
    std::vector<double> rates;
    auto rows = store.runs();
    std::ranges::reverse(rows);   // oldest first: an arm's first run has its own rate
    for (const RunRow& row : rows) {
        if (row.comparison != id || id.empty())
            continue;
        const RunConfig config = store.config(row.id);
        const std::string label = row.arm.empty() ? labelOf(config) : row.arm;
        if (std::ranges::find(comparison.arms, label, &Arm::label) == comparison.arms.end())
            comparison.arms.push_back({.label = label, .config = config});
        if (std::ranges::find(comparison.seeds, config.seed) == comparison.seeds.end())
            comparison.seeds.push_back(config.seed);
        if (std::ranges::find(rates, config.learningRate) == rates.end())
            rates.push_back(config.learningRate);
        if (comparison.created.empty())
            comparison.created = row.created;
    }
    if (comparison.arms.empty())
        return readComparison(store.dataDirectory(), id);   // which says that there is none
    const bool onlyOwn = std::ranges::all_of(rates, [&](double rate) {
        return std::ranges::any_of(comparison.arms, [&](const Arm& arm) { return arm.config.learningRate == rate; });
    });
    if (onlyOwn)
        comparison.sweep.points = 1;
    else
        comparison.sweep.rates = rates;
    std::ranges::sort(comparison.sweep.rates);
    return comparison;
}

void forgetComparison(const std::filesystem::path& dataDirectory, const std::string& id)
{
    std::error_code ignored;
    if (isId(id))
        std::filesystem::remove(fileOf(dataDirectory, id), ignored);
}

}  // namespace rankwright
