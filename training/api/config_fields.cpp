// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// One row a key of a run's configuration, in the order in which forms and documents show them.
#include "training/api/config_fields.h"

#include "training/api/catalog.h"
#include "training/api/metrics.h"
#include "training/api/words.h"
#include "training/formats/limits.h"

#include <algorithm>
#include <charconv>

namespace rankwright {

namespace {

using Kind = Field::Kind;

// Counts are held in doubles by Field; up to 2^53 - 1 those are exact.
constexpr double kLargestSeed = 9007199254740991.0;
constexpr double kLargestCount = 1e9;

void addDataFields(std::vector<BoundField>& table)
{
    const std::string group = "data";
    table.push_back({{.key = "model", .option = "", .group = group, .label = "Model",
                         .help = "A model folder, a .gguf file, org/name of the local cache, or default."},
        &RunConfig::model});
    table.push_back({{.key = "data", .option = "", .group = group, .label = "Training data",
                         .help = "A data set file, or default for the built-in word problems."},
        &RunConfig::data});
    table.push_back({{.key = "evalData", .option = "--eval-data", .group = group, .label = "Evaluation data",
                         .help = "A data set file, default for the built-in test rows, or empty for no evaluation."},
        &RunConfig::evalData});
    table.push_back({{.key = "validation", .option = "--validation", .group = group, .label = "Set aside",
                         .kind = Kind::number, .least = 0, .most = 0.5,
                         .help = "Share of the training rows kept for evaluation, where there is no evaluation data.",
                         .advanced = true},
        &RunConfig::validation});
    table.push_back({{.key = "columns", .option = "--columns", .group = group, .label = "Columns",
                         .kind = Kind::map, .help = "Which column has which role, as prompt=NAME,response=NAME.",
                         .advanced = true},
        &RunConfig::columns});
    table.push_back({{.key = "task", .option = "--task", .group = group, .label = "Task", .kind = Kind::choice,
                         .choices = {"auto", "lm", "classify", "regress"},
                         .help = "Next tokens, a class or a number for each row; auto: what the data's columns are for.",
                         .advanced = true},
        &RunConfig::task});
    table.push_back({{.key = "labels", .option = "--labels", .group = group, .label = "Labels",
                         .help = "Names of the classes in their order, separated by commas; empty: as in the data.",
                         .advanced = true},
        &RunConfig::labels});
    table.push_back({{.key = "chatTemplate", .option = "--template", .group = group, .label = "Chat template",
                         .help = "auto: the model's own where rows are messages; model: the model's own for every row; none; "
                                 "chatml, llama2, llama3 or alpaca; or a file.",
                         .advanced = true},
        &RunConfig::chatTemplate});
    table.push_back({{.key = "loss", .option = "--loss", .group = group, .label = "Loss on", .kind = Kind::choice,
                         .choices = {"answer", "all"}, .help = "Which tokens count: the answer's, or all of a row."},
        &RunConfig::loss});
    table.push_back({{.key = "rows", .option = "--rows", .group = group, .label = "Rows",
                         .help = "Rows of the training data as A:B, the first included, the last not; empty for all.",
                         .advanced = true},
        &RunConfig::rows});
    table.push_back({{.key = "evalRows", .option = "--eval-rows", .group = group, .label = "Evaluation rows",
                         .help = "Rows of the evaluation data as A:B; empty for all.", .advanced = true},
        &RunConfig::evalRows});
    table.push_back({{.key = "maxLength", .option = "--max-length", .group = group, .label = "Longest row",
                         .unit = "tokens", .kind = Kind::integer, .least = 2, .most = 1048576,
                         .help = "Rows with more tokens are cut here."},
        &RunConfig::maxLength});
    table.push_back({{.key = "order", .option = "--order", .group = group, .label = "Order", .kind = Kind::choice,
                         .choices = {"shuffled", "sequential"},
                         .help = "Shuffled anew each epoch from the seed, or as in the file.", .advanced = true},
        &RunConfig::order});
    table.push_back({{.key = "packing", .option = "--packing", .group = group, .label = "Packing", .kind = Kind::choice,
                         .choices = {"off", "on"},
                         .help = "On: a row of the batch holds as many examples as fit into the longest row; none sees another.",
                         .advanced = true},
        &RunConfig::packing});
}

template <class Rows, class IdOf> std::vector<std::string> idsOf(const Rows& rows, IdOf idOf, std::string first = {})
{
    std::vector<std::string> ids;
    if (!first.empty())
        ids.push_back(std::move(first));
    for (const auto& row : rows)
        ids.push_back(idOf(row));
    return ids;
}

// A row for each distinct option of the methods, in the order in which their cards name them.
void addMethodOptions(std::vector<BoundField>& table)
{
    const size_t first = table.size();
    for (const MethodCard* card : methodCards()) {
        for (const MethodOption& option : card->options) {
            const auto known = std::find_if(table.begin() + std::ptrdiff_t(first), table.end(),
                [&](const BoundField& bound) { return bound.field.key == option.key; });
            if (known != table.end()) {
                known->field.methods.push_back(card->id);
                continue;
            }
            table.push_back({{.key = option.key, .option = option.option, .group = "method", .label = option.label,
                                 .unit = option.unit, .kind = option.kind, .least = option.least, .most = option.most,
                                 .choices = option.choices, .help = option.help, .methods = {card->id}},
                &RunConfig::options});
        }
    }
}

void addMethodFields(std::vector<BoundField>& table)
{
    const std::string group = "method";
    table.push_back({{.key = "method", .option = "--method", .group = group, .label = "Method", .kind = Kind::choice,
                         .choices = idsOf(methodCards(), [](const MethodCard* card) { return card->id; }),
                         .help = "How the adapter starts and what is trained."},
        &RunConfig::method});
    table.push_back({{.key = "modules", .option = "--modules", .group = group, .label = "Modules",
                         .help = "Which matrices get an adapter: patterns with * and ?, separated by commas."},
        &RunConfig::modules});
    table.push_back({{.key = "rank", .option = "--rank", .group = group, .label = "Rank", .kind = Kind::integer,
                         .least = 1, .most = 65536, .help = "Columns of B and rows of A in each module."},
        &RunConfig::rank});
    table.push_back({{.key = "alpha", .option = "--alpha", .group = group, .label = "Alpha", .kind = Kind::number,
                         .least = 0, .most = 1e6,
                         .help = "The adapter is scaled by alpha / rank; auto (0 in files and in the window) is the rank."},
        &RunConfig::alpha});
    table.push_back({{.key = "plan", .option = "--plan", .group = group, .label = "Rank plan", .kind = Kind::map,
                         .help = "Rank and alpha for single modules; they win over Rank and Alpha, rank 0 freezes.",
                         .advanced = true},
        &RunConfig::plan});
    table.push_back({{.key = "base", .option = "--base", .group = group, .label = "Frozen weights",
                         .kind = Kind::choice,
                         .choices = idsOf(baseFormats(), [](const BaseFormat& format) { return format.id; }, "auto"),
                         .help = "How frozen weights are stored; auto: as the method wants."},
        &RunConfig::base});
    table.push_back({{.key = "dropout", .option = "--dropout", .group = group, .label = "Dropout",
                         .kind = Kind::number, .least = 0, .most = 0.95,
                         .help = "Share of an adapter's inputs that is set to zero in training.", .advanced = true},
        &RunConfig::dropout});
    table.push_back({{.key = "initAdapter", .option = "--init-adapter", .group = group, .label = "Start from adapter",
                         .help = "A folder in PEFT layout whose adapter training starts from.", .advanced = true},
        &RunConfig::initAdapter});
    addMethodOptions(table);
}

void addOptimisationFields(std::vector<BoundField>& table)
{
    const std::string group = "optimisation";
    table.push_back({{.key = "optimizer", .option = "--optimizer", .group = group, .label = "Optimiser",
                         .kind = Kind::choice,
                         .choices = idsOf(optimiserCards(), [](const OptimiserCard& card) { return card.id; }, "auto"),
                         .help = "What turns gradients into steps; auto: as the method wants."},
        &RunConfig::optimizer});
    table.push_back({{.key = "learningRate", .option = "--lr", .group = group, .label = "Learning rate",
                         .kind = Kind::number, .least = 1e-12, .most = 10, .help = "Step size at its highest."},
        &RunConfig::learningRate});
    table.push_back({{.key = "schedule", .option = "--schedule", .group = group, .label = "Schedule",
                         .kind = Kind::choice, .choices = {"constant", "linear", "cosine"},
                         .help = "How the learning rate goes on after the warm-up."},
        &RunConfig::schedule});
    table.push_back({{.key = "warmup", .option = "--warmup", .group = group, .label = "Warm-up", .kind = Kind::number,
                         .least = 0, .most = 1,
                         .help = "Share of all steps in which the learning rate rises from zero."},
        &RunConfig::warmup});
    table.push_back({{.key = "weightDecay", .option = "--weight-decay", .group = group, .label = "Weight decay",
                         .kind = Kind::number, .least = 0, .most = 10,
                         .help = "A step shrinks what it trains by this times the learning rate, beside its gradient.", .advanced = true},
        &RunConfig::weightDecay});
    table.push_back({{.key = "clip", .option = "--clip", .group = group, .label = "Gradient clipping",
                         .kind = Kind::number, .least = 0, .most = 1e9,
                         .help = "Largest norm of the gradient; 0 or none: no clipping.", .advanced = true},
        &RunConfig::clip});
    table.push_back({{.key = "routerLoss", .option = "--router-loss", .group = group, .label = "Routers' loss",
                         .kind = Kind::number, .least = -1, .most = 1000,
                         .help = "Weight of the loss that balances experts; -1: the model's own; 0: none.", .advanced = true},
        &RunConfig::routerLoss});
    table.push_back({{.key = "beta1", .option = "--beta1", .group = group, .label = "Beta 1", .kind = Kind::number,
                         .least = 0, .most = 0.999999, .help = "How much of the mean of earlier gradients a step keeps (first moment).",
                         .advanced = true},
        &RunConfig::beta1});
    table.push_back({{.key = "beta2", .option = "--beta2", .group = group, .label = "Beta 2", .kind = Kind::number,
                         .least = 0, .most = 0.999999, .help = "How much of the mean of their squares a step keeps (second moment).",
                         .advanced = true},
        &RunConfig::beta2});
    table.push_back({{.key = "epsilon", .option = "--epsilon", .group = group, .label = "Epsilon",
                         .kind = Kind::number, .least = 1e-30, .most = 1,
                         .help = "Guard against division by zero; LoRA-RITE takes at least 1e-6.", .advanced = true},
        &RunConfig::epsilon});
    table.push_back({{.key = "steps", .option = "--steps", .group = group, .label = "Steps", .unit = "steps",
                         .kind = Kind::integer, .least = 0, .most = kLargestCount,
                         .help = "Optimiser steps in all; 0: as many as Epochs asks for."},
        &RunConfig::steps});
    table.push_back({{.key = "epochs", .option = "--epochs", .group = group, .label = "Epochs", .unit = "epochs",
                         .kind = Kind::number, .least = 0, .most = 1e6,
                         .help = "Passes over the training rows, where Steps is 0."},
        &RunConfig::epochs});
    table.push_back({{.key = "batch", .option = "--batch", .group = group, .label = "Batch", .unit = "rows",
                         .kind = Kind::integer, .least = 1, .most = 65536, .help = "Rows worked on at once."},
        &RunConfig::batch});
    table.push_back({{.key = "accumulate", .option = "--accumulate", .group = group, .label = "Accumulate",
                         .unit = "batches", .kind = Kind::integer, .least = 1, .most = 65536,
                         .help = "Batches whose gradients are summed for one step."},
        &RunConfig::accumulate});
    table.push_back({{.key = "dtype", .option = "--dtype", .group = group, .label = "Number format",
                         .kind = Kind::choice, .choices = {"float32", "bfloat16"},
                         .help = "Format of frozen weights and activations; adapters stay in float32.",
                         .advanced = true},
        &RunConfig::dtype});
    table.push_back({{.key = "seed", .option = "--seed", .group = group, .label = "Seed", .kind = Kind::integer,
                         .least = 0, .most = kLargestSeed,
                         .help = "Fixes the start, the order of rows and dropout."},
        &RunConfig::seed});
}

void addRunFields(std::vector<BoundField>& table)
{
    const std::string group = "run";
    table.push_back({{.key = "name", .option = "--name", .group = group, .label = "Name",
                         .help = "What the run is called in lists and plots."},
        &RunConfig::name});
    table.push_back({{.key = "metrics", .option = "--metrics", .group = group, .label = "Metrics",
                         .help = "Measured beside the loss at each evaluation, separated by commas: "
                             + joined(idsOf(metricCards(), [](const MetricCard& card) { return card.id; })) + "."},
        &RunConfig::metrics});
    table.push_back({{.key = "answerTokens", .option = "--answer-tokens", .group = group, .label = "Longest answer",
                         .unit = "tokens", .kind = Kind::integer, .least = 1, .most = 65536,
                         .help = "Where a metric judges generated text, answers end here at the latest.", .advanced = true},
        &RunConfig::answerTokens});
    table.push_back({{.key = "evalEvery", .option = "--eval-every", .group = group, .label = "Evaluate every",
                         .unit = "steps", .kind = Kind::integer, .least = 0, .most = kLargestCount,
                         .help = "0: only before the first and after the last step."},
        &RunConfig::evalEvery});
    table.push_back({{.key = "saveEvery", .option = "--save-every", .group = group, .label = "Checkpoint every",
                         .unit = "steps", .kind = Kind::integer, .least = 0, .most = kLargestCount,
                         .help = "0: only at the end, at a stop and on request."},
        &RunConfig::saveEvery});
    table.push_back({{.key = "patience", .option = "--patience", .group = group, .label = "Patience", .unit = "evaluations",
                         .kind = Kind::integer, .least = 0, .most = kLargestCount,
                         .help = "Evaluations in a row without a lower loss after which the run ends early; 0: never."},
        &RunConfig::patience});
    table.push_back({{.key = "leastGain", .option = "--least-gain", .group = group, .label = "Least gain",
                         .kind = Kind::number, .least = 0, .most = 1e6,
                         .help = "How much lower an evaluation loss must be to count as better, for Patience.", .advanced = true},
        &RunConfig::leastGain});
    table.push_back({{.key = "keep", .option = "--keep", .group = group, .label = "Keep", .kind = Kind::choice,
                         .choices = {"last", "best"},
                         .help = "Whose parameters the trained adapter has: of the last step, or of the lowest evaluation loss."},
        &RunConfig::keep});
    table.push_back({{.key = "driftEvery", .option = "--drift-every", .group = group, .label = "Drift every", .unit = "steps",
                         .kind = Kind::integer, .least = 0, .most = kLargestCount,
                         .help = "How far each module has gone in the singular directions of its original weight; measured less often "
                                 "where it would cost more than 2 % of the time; 0: never."},
        &RunConfig::driftEvery});
    table.push_back({{.key = "threads", .option = "--threads", .group = group, .label = "Threads",
                         .kind = Kind::integer, .least = 0, .most = 1024, .help = "Processor threads; 0: all cores.",
                         .advanced = true},
        &RunConfig::threads});
    table.push_back({{.key = "device", .option = "--device", .group = group, .label = "Device",
                         .help = "cpu, cuda, or cuda:N for one of several.", .advanced = true},
        &RunConfig::device});
}

}  // namespace

const std::vector<BoundField>& boundFields()
{
    static const std::vector<BoundField> table = [] {
        std::vector<BoundField> rows;
        addDataFields(rows);
        addMethodFields(rows);
        addOptimisationFields(rows);
        addRunFields(rows);
        return rows;
    }();
    return table;
}

const std::vector<Field>& configFields()
{
    static const std::vector<Field> fields = [] {
        std::vector<Field> list;
        for (const BoundField& bound : boundFields())
            list.push_back(bound.field);
        return list;
    }();
    return fields;
}

const std::vector<std::string>& columnRoles()
{
    static const std::vector<std::string> roles{"prompt", "response", "input", "messages", "text", "system", "second", "label"};
    return roles;
}

std::string shortNumber(double value)
{
    char buffer[64];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    return std::string(buffer, end);
}

}  // namespace rankwright
