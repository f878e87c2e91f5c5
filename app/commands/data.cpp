// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `data`: how a data set would be read for training, before anything is trained: what the window's Data page shows.
#include "app/command_options.h"
#include "app/commands.h"
#include "app/event_stream.h"
#include "app/progress_line.h"
#include "app/signals.h"
#include "app/text_table.h"
#include "training/api/engine.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

namespace rankwright {

namespace {

constexpr int64_t kSamples = 3, kMostSamples = 1000;
constexpr size_t kCell = 40, kStretch = 400;   // characters shown

struct DataAsk
{
    std::string data, model = "default", samples, first;
    ConfigOptions options;
};

int64_t numberOf(const std::string& text, const std::string& option, int64_t otherwise, int64_t least, int64_t most)
{
    const int64_t value = text.empty() ? otherwise : parseInteger(text, option);
    if (value < least || value > most)
        throw refusal(Code::usage, option, text, std::to_string(least) + " to " + std::to_string(most), "Give another number.");
    return value;
}

DataReading readingOf(const DataPreview& preview)
{
    DataReading reading{.format = preview.format, .columns = preview.columns, .chatTemplate = preview.chatTemplate,
        .task = preview.task, .rows = preview.rows, .counted = preview.rows, .tokens = preview.tokens, .targets = preview.targetTokens};
    for (const auto& [label, rows] : preview.labels)
        reading.labels.push_back(label);
    return reading;
}

std::string lengthsText(const DataPreview& preview)
{
    if (preview.lengths.empty())
        return {};
    auto lengths = preview.lengths;
    std::ranges::sort(lengths);
    // The shortest that at least so many of a hundred rows do not exceed.
    const auto at = [&](size_t percent) { return countText(lengths[(lengths.size() * percent + 99) / 100 - 1]); };
    std::string text = "tokens a row: " + countText(lengths.front()) + " to " + at(100) + ", half at most " + at(50) + ", nine in ten at most " + at(90);
    if (preview.truncatedRows > 0)
        text += "; " + countText(preview.truncatedRows) + " rows cut at the maximum length";
    if (preview.emptyTargetRows > 0)
        text += "; " + countText(preview.emptyTargetRows) + " rows without a token with a loss";
    return text + '\n';
}

std::string classesText(const DataPreview& preview)
{
    if (preview.labels.empty())
        return {};
    TextTable table({{"CLASS"}, {"ROWS", TextTable::Align::right}});
    for (const auto& [label, rows] : preview.labels)
        table.add({cutTo(label, kCell), countText(rows)});
    return '\n' + table.text();
}

std::string oneLine(std::string_view text)
{
    std::string line;
    for (const char c : text)
        line += c == '\n' ? std::string("\\n") : std::string(1, c);
    return escaped(line);
}

std::string headText(const DataPreview& preview)
{
    if (preview.head.empty())
        return {};
    std::vector<TextTable::Column> columns;
    for (const std::string& column : preview.available)
        columns.push_back({cutTo(column, kCell)});
    TextTable table(columns);
    for (const auto& row : preview.head) {
        std::vector<std::string> cells;
        for (const std::string& cell : row)
            cells.push_back(cutTo(oneLine(cell), kCell));
        table.add(std::move(cells));
    }
    return '\n' + table.text();
}

// Stretches of tokens with a loss stand behind a +, the others behind a -.
std::string sampleText(const PreviewRow& row)
{
    const auto trained = std::ranges::count_if(row.pieces, &PreviewPiece::trained);
    std::string text = "\nrow " + std::to_string(row.row + 1) + ": " + countText(row.tokens) + " tokens"
        + (row.truncated ? ", cut to " + countText(int64_t(row.pieces.size())) : "")
        + (row.label.empty() ? ", " + countText(int64_t(trained)) + " with a loss" : ", label " + oneLine(row.label)) + '\n';
    for (size_t i = 0; i < row.pieces.size();) {
        const bool loss = row.pieces[i].trained;
        std::string stretch;
        for (; i < row.pieces.size() && row.pieces[i].trained == loss; ++i)
            stretch += row.pieces[i].text;
        text += std::string(loss ? "  + " : "  - ") + cutTo(oneLine(stretch), kStretch) + '\n';
    }
    return text;
}

std::string previewText(const DataPreview& preview)
{
    std::string text = escaped(readingText(readingOf(preview))) + '\n' + lengthsText(preview) + headText(preview) + classesText(preview);
    if (!preview.samples.empty())
        text += preview.task == "lm" ? "\nWhat is trained on; + tokens with a loss, - the others:\n" : "\nWhat the model reads:\n";
    for (const PreviewRow& row : preview.samples)
        text += sampleText(row);
    return text;
}

int showData(Context& context, const DataAsk& ask)
{
    require(ask.data, "DATASET", "data");
    PreviewJob job;
    job.config = withAbsolutePaths(configFromJson(ask.options.over({{"model", ask.model}, {"data", ask.data}})));
    validate(job.config);
    job.samples = numberOf(ask.samples, "--samples", kSamples, 0, kMostSamples);
    job.first = numberOf(ask.first, "--first", 1, 1, INT32_MAX) - 1;
    ProgressLine progress(ProgressLine::styleFor(context.quiet));
    Signals signals(context.quiet);
    const auto engine = loadEngine();
    const DataPreview preview = run(*engine, std::move(job), progress, signals.token());
    context.out.write(context.json ? jsonText(toJson(preview)) + '\n' : previewText(preview));
    for (const std::string& warning : preview.warnings)
        writeToPeople("warning: " + escaped(warning) + '\n');
    return 0;
}

}  // namespace

void addData(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<DataAsk>();
    CLI::App* app = program.add_subcommand("data", "How a data set would be read for training: columns, task, lengths, which tokens have a loss");
    app->add_option("DATASET", ask->data, "A data set file, or default")->type_name("");
    app->add_option("MODEL", ask->model, "Whose tokenizer and template: folder, .gguf file, org/name of the local cache, or default (default)")
        ->type_name("");
    app->add_option("--samples", ask->samples, "Rows to show token by token (3)")->type_name("N");
    app->add_option("--first", ask->first, "The first of them; 1: the first row (1)")->type_name("N");
    ask->options.addTo(*app, {"columns", "task", "labels", "chatTemplate", "loss", "rows", "maxLength"});
    commands.push_back({app, [ask](Context& context) { return showData(context, *ask); }});
}

}  // namespace rankwright
