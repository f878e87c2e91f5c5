// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/engine/preview_job.h"

#include "training/models/model_source.h"

namespace rankwright {

namespace {

PreviewRow rendered(const Sample& sample, const Tokenizer& tokenizer, int64_t row)
{
    PreviewRow shown{.row = row,
        .tokens = sample.fullLength,
        .truncated = sample.fullLength > int64_t(sample.ids.size())};
    for (size_t i = 0; i < sample.ids.size(); ++i)
        shown.pieces.push_back({tokenizer.piece(sample.ids[i]), sample.ids[i], sample.trained[i]});
    return shown;
}

}  // namespace

DataPreview previewData(const PreviewJob& job, JobContext& context)
{
    const ModelText text(resolveModel(job.config.model));
    const auto data = text.prepare(job.config.data, Split::train, job.config, job.config.rows, context);
    DataPreview preview{.format = data.dataset.format,
        .available = data.dataset.available,
        .columns = data.dataset.columns,
        .rows = int64_t(data.samples.size()),
        .truncatedRows = data.truncated,
        .emptyTargetRows = data.withoutTargets,
        .warnings = data.dataset.warnings};
    for (const auto& sample : data.samples) {
        preview.tokens += int64_t(sample.ids.size());
        preview.targetTokens += sample.targets();
        preview.lengths.push_back(sample.fullLength);
    }
    int64_t special = 0;
    for (const auto& example : data.dataset.examples) {
        special += text.tokenizer().specialOccurrences(example.prompt) + text.tokenizer().specialOccurrences(example.response);
        for (const auto& message : example.messages)
            special += text.tokenizer().specialOccurrences(message.content);
    }
    if (special > 0) {
        preview.warnings.push_back("Special tokens are written out in the data " + std::to_string(special)
            + " times; they are encoded as plain text.");
    }
    const auto last = std::min(job.first + job.samples, int64_t(data.samples.size()));
    for (auto row = std::max<int64_t>(0, job.first); row < last; ++row)
        preview.samples.push_back(rendered(data.samples[size_t(row)], text.tokenizer(), data.samples[size_t(row)].row));
    return preview;
}

}  // namespace rankwright
