// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `queue`: the runs that wait, their order, and training them all.
#include "app/commands/comparison_queue.h"
#include "app/text_table.h"
#include "storage/runs/run_queue.h"
#include "training/api/paths.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace rankwright {

namespace {

struct QueueAsk
{
    std::string move, copy, remove, edit, name, onError;
    std::vector<std::string> settings;
    int64_t to = 0;
    bool train = false, events = false;
};

// Every waiting run once: what is added meanwhile waits for the next time, or for whoever added it.
int trainWaiting(Context& context, const QueueAsk& ask)
{
    Training training(context, ask.events);
    const RunQueue queue(training.store().dataDirectory());
    std::vector<std::string> runs;
    for (const RunRow& row : queue.waiting(training.store()))
        runs.push_back(row.id);
    if (runs.empty()) {
        context.say("No run waits. `train --queue` adds one.");
        return 0;
    }
    return trainQueue(context, training,
        {.comparison = {}, .runs = std::move(runs), .events = ask.events, .stopsOnError = !queue.continuesOnError()});
}

// "lr=1e-4": a key of the configuration, or an option's name without dashes.
void edit(RunStore& store, const RunQueue& queue, const QueueAsk& ask)
{
    RunConfig config = store.config(store.run(ask.edit).id);
    for (const std::string& setting : ask.settings) {
        const auto equals = setting.find('=');
        const Field* field = findConfigField(std::string_view(setting).substr(0, equals));
        if (equals == std::string::npos || field == nullptr)
            throw refusal(Code::usage, "--set", setting, "KEY=VALUE with a key of a run's configuration", "Write --set lr=1e-4.");
        setFieldText(config, *field, std::string_view(setting).substr(equals + 1));
    }
    queue.edit(store, ask.edit, config);
}

void change(Context& context, RunStore& store, const RunQueue& queue, const QueueAsk& ask)
{
    if (!ask.onError.empty()) {
        if (ask.onError != "continue" && ask.onError != "stop")
            throw refusal(Code::usage, "--on-error", ask.onError, "continue, stop", "Write --on-error stop.");
        queue.setContinuesOnError(ask.onError == "continue");
    }
    if (!ask.move.empty()) {
        if (ask.to < 1)
            throw refusal(Code::usage, "--to", std::to_string(ask.to), "1 (next) or more", "Write --move RUN --to 1.");
        queue.move(store, {ask.move}, ask.to - 1);
    }
    if (!ask.copy.empty()) {
        const RunRow row = store.run(ask.copy);
        const std::string id = queue.duplicate(store, row.id, ask.name.empty() ? row.name + " copy" : ask.name);
        context.say("Copied to run " + id + ", which waits last.");
    }
    if (!ask.edit.empty())
        edit(store, queue, ask);
    if (!ask.remove.empty()) {
        const RunRow row = store.run(ask.remove);
        if (row.state != RunState::queued)
            throw refusal(Code::usage, "--remove", "run " + row.id + " is " + stateText(row.state), "a run that waits",
                "Only runs that have not begun are removed here.");
        store.remove(row.id);
    }
}

void list(Context& context, RunStore& store, const RunQueue& queue)
{
    const auto rows = queue.waiting(store);
    if (context.json) {
        nlohmann::json runs = nlohmann::json::array();
        for (const RunRow& row : rows)
            runs.push_back({{"id", row.id}, {"name", row.name}, {"method", row.method}, {"comparison", row.comparison}, {"steps", row.steps}});
        context.out.write(jsonText({{"onError", queue.continuesOnError() ? "continue" : "stop"}, {"waiting", std::move(runs)}}) + '\n');
        return;
    }
    if (rows.empty()) {
        context.say("No run waits.");
        return;
    }
    TextTable table({{"", TextTable::Align::right}, {"RUN"}, {"NAME"}, {"METHOD"}, {"COMPARISON"}, {"LR", TextTable::Align::right},
        {"SEED", TextTable::Align::right}});
    for (size_t i = 0; i < rows.size(); ++i) {
        table.add({std::to_string(i + 1), rows[i].id, cutTo(rows[i].name, 40), rows[i].method, rows[i].comparison,
            significantText(rows[i].learningRate, 3), std::to_string(rows[i].seed)});
    }
    context.out.write(table.text());
    context.say(queue.continuesOnError() ? "After an error the queue goes on." : "After an error the queue stops.");
}

int queueCommand(Context& context, const QueueAsk& ask)
{
    {
        RunStore store(dataDirectory());
        const RunQueue queue(store.dataDirectory());
        change(context, store, queue, ask);
        if (!ask.train) {
            list(context, store, queue);
            return 0;
        }
    }
    return trainWaiting(context, ask);
}

}  // namespace

void addQueue(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<QueueAsk>();
    CLI::App* app = program.add_subcommand("queue", "The runs that wait, in order; --train trains them");
    app->add_flag("--train", ask->train, "Train every waiting run, in this order");
    app->add_option("--move", ask->move, "A waiting run to put at the place --to")->type_name("RUN");
    app->add_option("--to", ask->to, "Its place; 1: next")->type_name("N");
    app->add_option("--edit", ask->edit, "A waiting run to change with --set")->type_name("RUN");
    app->add_option("--set", ask->settings, "What to change: lr=1e-4; may be repeated")->allow_extra_args(false)->type_name("KEY=VALUE");
    app->add_option("--copy", ask->copy, "Add a copy of any run, last")->type_name("RUN");
    app->add_option("--name", ask->name, "The copy's name")->type_name("S");
    app->add_option("--remove", ask->remove, "A waiting run to delete")->type_name("RUN");
    app->add_option("--on-error", ask->onError, "What the queue does after a run that failed: continue or stop")->type_name("WORD");
    app->add_flag("--events", ask->events, "A JSON object a line for every event, on standard output");
    commands.push_back({app, [ask](Context& context) { return queueCommand(context, *ask); }});
}

}  // namespace rankwright
