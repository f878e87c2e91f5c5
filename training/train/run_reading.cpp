// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/run_reading.h"

#include "training/api/error.h"
#include "training/api/metrics.h"

#include <algorithm>

namespace rankwright {

// As Sampler decides it: labels and plain text never go through one, "auto" takes the model's for conversations alone.
std::string templateInUse(const RunConfig& config, const PreparedData& data)
{
    const auto& format = data.dataset.format;
    const bool plain = format == "text" || format == "labels" || format.starts_with("GLUE");
    if (data.task != Task::lm || plain || config.chatTemplate == "none")
        return "none";
    if (config.chatTemplate != "auto")
        return config.chatTemplate == "model" ? "the model's" : config.chatTemplate;
    const bool conversations = format == "messages" || format == "ShareGPT"
        || std::ranges::any_of(data.dataset.examples, [](const Example& example) { return !example.messages.empty(); });
    return conversations ? "the model's" : "none";
}

DataReading readingOf(const RunConfig& config, const PreparedData& data, int64_t rows, int64_t evalRows)
{
    DataReading reading{.format = data.dataset.format,
        .columns = data.dataset.columns,
        .chatTemplate = templateInUse(config, data),
        .task = taskText(data.task),
        .labels = data.labels,
        .rows = rows,
        .evalRows = evalRows,
        .counted = int64_t(data.samples.size())};
    for (const auto& sample : data.samples) {
        reading.tokens += int64_t(sample.ids.size());
        reading.targets += sample.targets();
    }
    return reading;
}

void checkLength(const RunConfig& config, const ModelConfig& model)
{
    if (config.maxLength > model.contextLength) {
        throw Error({.code = Code::config,
            .place = "/maxLength",
            .found = std::to_string(config.maxLength),
            .allowed = "at most the model's context of " + std::to_string(model.contextLength),
            .advice = "Lower the maximum length."});
    }
}

void checkMetrics(const RunConfig& config, const PreparedData& data, bool generates)
{
    refuseMetricsThatDoNotFit(metricIds(config.metrics), taskText(data.task), generates, "--metrics");
}

}  // namespace rankwright
