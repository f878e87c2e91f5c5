// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `runs`, `show` and `sql`: the run store, read and tidied. Never loads the engine.
#include "app/commands.h"
#include "app/event_stream.h"
#include "app/line_reader.h"
#include "app/text_table.h"
#include "storage/run_store.h"
#include "training/api/paths.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <memory>

namespace rankwright {

namespace {

nlohmann::json number(double value) { return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr); }

nlohmann::json rowJson(RunStore& store, const RunRow& row)
{
    nlohmann::json metrics = nlohmann::json::object();
    for (const auto& [id, value] : store.metrics(row.id))
        metrics[id] = number(value);
    return {{"lastMetrics", std::move(metrics)}, {"id", row.id}, {"name", row.name}, {"method", row.method}, {"model", row.model},
        {"comparison", row.comparison}, {"state", stateText(row.state)}, {"created", row.created}, {"step", row.step},
        {"steps", row.steps}, {"loss", number(row.loss)}, {"bestEval", number(row.bestEval)},
        {"lastEval", number(row.lastEval)}, {"seconds", number(row.seconds)}, {"tokens", row.tokens},
        {"trainable", row.trainable}, {"folder", row.folder}, {"filesMissing", row.filesMissing}};
}

struct RunsAsk
{
    std::vector<std::string> remove;
    bool yes = false;
};

bool isAtWork(const RunRow& row) { return row.state == RunState::running || row.state == RunState::paused; }

// Asked on a terminal only: a script says --yes.
bool agreed(const std::string& question)
{
    LineReader answers(0);
    if (!answers.isTerminal())
        throw refusal(Code::usage, "--delete", "nobody to ask", "--yes beside it", "Say --yes to delete without being asked.");
    writeToPeople(question);
    const auto answer = answers.next({});
    return answer && (*answer == "y" || *answer == "yes");
}

// All of them are found before the first one goes. RunStore::remove() holds the run's lock, so that one that has just begun is refused.
int deleteRuns(Context& context, const RunsAsk& ask)
{
    RunStore store(dataDirectory());
    std::vector<RunRow> rows;
    for (const std::string& wanted : ask.remove) {
        RunRow row = store.run(wanted);
        if (std::ranges::find(rows, row.id, &RunRow::id) != rows.end())
            continue;
        rows.push_back(std::move(row));
        if (isAtWork(rows.back()))
            throw refusal(Code::locked, "run " + rows.back().id, stateText(rows.back().state), "a run that is not at work",
                "Stop it first (Ctrl+C where it was started).");
    }
    for (const RunRow& row : rows) {
        const std::string name = "run " + row.id + (row.name.empty() ? "" : " (" + escaped(row.name) + ")");
        const std::string part = row.comparison.empty() ? "" : ", part of the comparison " + escaped(row.comparison);
        if (!ask.yes && !agreed("Delete " + name + ", " + stateText(row.state) + " at step " + std::to_string(row.step) + part
                + ", with its checkpoints and its adapter? [y/N] "))
            continue;
        store.remove(row.id);
        context.say("Deleted " + name + ".");
    }
    return 0;
}

int listRuns(Context& context)
{
    RunStore store(dataDirectory());
    const auto rows = store.runs();
    if (context.json) {
        nlohmann::json list = nlohmann::json::array();
        for (const RunRow& row : rows)
            list.push_back(rowJson(store, row));
        context.out.write(jsonText(list) + '\n');
        return 0;
    }
    if (rows.empty()) {
        context.say("No runs yet. Begin with: rankwright-cli train MODEL DATASET");
        return 0;
    }
    using Align = TextTable::Align;
    TextTable table({{"RUN"}, {"NAME"}, {"METHOD"}, {"MODEL"}, {"STATE"}, {"STEP", Align::right},
        {"LOSS", Align::right}, {"BEST EVAL", Align::right}, {"TIME", Align::right}, {"CREATED"}});
    for (const RunRow& row : rows)
        table.add({row.id, cutTo(row.name, 40), row.method, cutTo(row.model, 40),
            stateText(row.state) + (row.filesMissing ? " (files missing)" : ""),
            std::to_string(row.step) + '/' + std::to_string(row.steps), numberText(row.loss), numberText(row.bestEval),
            durationText(row.seconds), row.created});
    context.out.write(table.text());
    return 0;
}

// Points, last and least value of each series.
nlohmann::json metricsOf(RunStore& store, const std::string& id)
{
    nlohmann::json metrics = nlohmann::json::object();
    for (const std::string& series : store.series(id)) {
        const auto curve = store.curve(id, series);
        double least = std::nan("");
        for (const CurvePoint& point : curve)
            least = std::isnan(least) || point.value < least ? point.value : least;
        metrics[series]
            = {{"points", curve.size()}, {"first", number(curve.empty() ? std::nan("") : curve.front().value)},
                {"last", number(curve.empty() ? std::nan("") : curve.back().value)}, {"least", number(least)}};
    }
    return metrics;
}

std::string shownNumber(const nlohmann::json& value)
{
    return value.is_number() ? significantText(value.get<double>(), 5) : "-";
}

std::string showText(RunStore& store, const RunRow& row, const nlohmann::json& shown)
{
    TextTable facts({{"run"}, {row.id}});
    facts.add({"name", row.name});
    facts.add({"state", stateText(row.state) + (row.filesMissing ? " (files missing)" : "")});
    facts.add({"created", row.created});
    facts.add({"step", std::to_string(row.step) + " of " + std::to_string(row.steps)});
    facts.add({"training time", durationText(row.seconds)});
    facts.add({"tokens", countText(row.tokens)});
    facts.add({"trainable", countText(row.trainable) + " parameters"});
    facts.add({"folder", row.folder});
    if (!row.comparison.empty())
        facts.add({"comparison", row.comparison});
    std::string text = facts.text();
    using Align = TextTable::Align;
    TextTable metrics({{"METRIC"}, {"POINTS", Align::right}, {"FIRST", Align::right}, {"LAST", Align::right},
        {"LEAST", Align::right}});
    for (const auto& [name, series] : shown["metrics"].items())
        metrics.add({name, std::to_string(series["points"].get<int64_t>()), shownNumber(series["first"]),
            shownNumber(series["last"]), shownNumber(series["least"])});
    if (!shown["metrics"].empty())
        text += '\n' + metrics.text();
    for (const NoteRow& note : store.notes(row.id))
        text += '\n' + escaped(note.time + ' ' + note.level + ": " + note.text);
    for (const ArtifactRow& artifact : store.artifacts(row.id))
        text += '\n' + escaped(artifact.kind + ": " + artifact.path);
    for (const char* part : {"provenance", "config"}) {
        if (shown.contains(part))
            text += std::string("\n\n") + part + ": " + shownText(jsonText(shown[part]), true);
    }
    return text + "\n\nAgain: " + escaped(commandLine(store.config(row.id))) + '\n';
}

int showRun(Context& context, const std::string& wanted)
{
    require(wanted, "RUN", "show");
    RunStore store(dataDirectory());
    const RunRow row = store.run(wanted);
    nlohmann::json shown = rowJson(store, row);
    if (!row.filesMissing) {
        const nlohmann::json document = store.document(row.id);
        for (const auto& [key, value] : document.items()) {
            if (!shown.contains(key))
                shown[key] = value;
        }
    }
    shown["config"] = toJson(store.config(row.id));
    shown["metrics"] = metricsOf(store, row.id);
    shown["artifacts"] = nlohmann::json::array();
    for (const ArtifactRow& artifact : store.artifacts(row.id))
        shown["artifacts"].push_back({{"kind", artifact.kind}, {"path", artifact.path}});
    shown["notes"] = nlohmann::json::array();
    for (const NoteRow& note : store.notes(row.id))
        shown["notes"].push_back({{"time", note.time}, {"level", note.level}, {"text", note.text}});
    context.out.write(context.json ? jsonText(shown) + '\n' : showText(store, row, shown));
    return 0;
}

int query(Context& context, const std::string& statement)
{
    require(statement, "SELECT", "sql");
    RunStore store(dataDirectory());
    const RunStore::Table result = store.query(statement);
    if (context.json) {
        nlohmann::json rows = nlohmann::json::array();
        for (const auto& row : result.rows) {
            nlohmann::json cells = nlohmann::json::array();
            for (const auto& cell : row)
                cells.push_back(cell ? nlohmann::json(*cell) : nlohmann::json(nullptr));
            rows.push_back(std::move(cells));
        }
        context.out.write(jsonText({{"columns", result.columns}, {"rows", std::move(rows)}}) + '\n');
        return 0;
    }
    std::vector<TextTable::Column> columns;
    for (const std::string& column : result.columns)
        columns.push_back({column});
    TextTable table(columns);
    for (const auto& row : result.rows) {
        std::vector<std::string> cells;
        for (const auto& cell : row)
            cells.push_back(cell.value_or("NULL"));
        table.add(std::move(cells));
    }
    context.out.write(table.text());
    return 0;
}

}  // namespace

void addRuns(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<RunsAsk>();
    CLI::App* runs = program.add_subcommand("runs", "All runs, the newest first; or --delete some");
    runs->add_option("--delete", ask->remove, "Delete this run and its folder (repeat it for more); asks before")->allow_extra_args(false)->type_name("RUN");
    runs->add_flag("--yes", ask->yes, "Do not ask");
    commands.push_back({runs, [ask](Context& context) { return ask->remove.empty() ? listRuns(context) : deleteRuns(context, *ask); }});

    auto run = std::make_shared<std::string>();
    CLI::App* show = program.add_subcommand("show", "One run: state, metrics, provenance, configuration");
    show->add_option("RUN", *run, "A run's id, the start of it, or its name")->type_name("");
    commands.push_back({show, [run](Context& context) { return showRun(context, *run); }});

    auto statement = std::make_shared<std::string>();
    CLI::App* sql = program.add_subcommand("sql", "One SELECT over the run store, read only");
    sql->add_option("SELECT", *statement, "The statement, in quotes")->type_name("");
    commands.push_back({sql, [statement](Context& context) { return query(context, *statement); }});
}

}  // namespace rankwright
