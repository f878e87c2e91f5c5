// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/engine/preview_job.h"

#include "training/models/model_source.h"
#include "training/train/run_reading.h"

namespace rankwright {

namespace {

PreviewRow rendered(const Sample& sample, const Example* example, const Tokenizer& tokenizer)
{
    PreviewRow shown{.row = sample.row,
        .tokens = sample.fullLength,
        .truncated = sample.fullLength > int64_t(sample.ids.size())};
    if (example != nullptr && example->label)
        shown.label = *example->label;
    for (size_t i = 0; i < sample.ids.size(); ++i) {
        // A special token in the data is text, so one in the row is the template's or the tokenizer's.
        PreviewPiece piece{.text = tokenizer.piece(sample.ids[i]), .id = sample.ids[i], .trained = sample.trained[i],
            .special = tokenizer.isSpecial(sample.ids[i])};
        if (i < sample.offsets.size() && sample.offsets[i].first < sample.offsets[i].second) {
            piece.begin = int64_t(sample.offsets[i].first);
            piece.end = int64_t(sample.offsets[i].second);
        }
        shown.pieces.push_back(std::move(piece));
    }
    return shown;
}

int64_t specialTexts(const Dataset& dataset, const Tokenizer& tokenizer)
{
    int64_t special = 0;
    for (const auto& example : dataset.examples) {
        special += tokenizer.specialOccurrences(example.prompt) + tokenizer.specialOccurrences(example.response);
        for (const auto& message : example.messages)
            special += tokenizer.specialOccurrences(message.content);
    }
    return special;
}

// Of a large file only the beginning was read.
void addPartWarning(const Dataset& dataset, int64_t rows, std::vector<std::string>& warnings)
{
    if (dataset.part) {
        warnings.push_back("The file is large: these are its first " + std::to_string(rows) + " rows, "
            + std::to_string(int64_t(100 * dataset.share)) + " % of it.");
    }
}

}  // namespace

DataPreview previewData(const PreviewJob& job, JobContext& context)
{
    const ModelText text(resolveModel(job.config.model));
    const auto data = text.prepare(
        job.config.data, Split::train, job.config, job.config.rows, context, nullptr, Reading::beginning, Offsets::keep);
    const auto& dataset = data.dataset;
    DataPreview preview{.format = dataset.format,
        .task = taskText(data.task),
        .available = dataset.available,
        .head = dataset.head,
        .columns = dataset.columns,
        .chatTemplate = templateInUse(job.config, data),
        .rows = int64_t(data.samples.size()),
        .truncatedRows = data.truncated,
        .emptyTargetRows = data.withoutTargets,
        .warnings = dataset.warnings};
    for (const auto& sample : data.samples) {
        preview.tokens += int64_t(sample.ids.size());
        preview.targetTokens += sample.targets();
        preview.lengths.push_back(sample.fullLength);
        if (data.task == Task::classify && sample.label)
            ++preview.labels[data.labels.at(size_t(*sample.label))];
    }
    addPartWarning(dataset, preview.rows, preview.warnings);
    if (const auto special = specialTexts(dataset, text.tokenizer()); special > 0) {
        preview.warnings.push_back("Special tokens are written out in the data " + std::to_string(special)
            + " times; they are encoded as plain text.");
    }
    const auto last = std::min(job.first + job.samples, int64_t(data.samples.size()));
    for (auto row = std::max<int64_t>(0, job.first); row < last; ++row) {
        const auto& sample = data.samples[size_t(row)];
        const bool known = size_t(sample.row) < dataset.examples.size() && dataset.format != "text";
        preview.samples.push_back(
            rendered(sample, known ? &dataset.examples[size_t(sample.row)] : nullptr, text.tokenizer()));
    }
    return preview;
}

}  // namespace rankwright
