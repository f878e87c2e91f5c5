// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// For tests of the engine: the tiny golden model, a listener that keeps events, a run folder.
#pragma once

#include "training/engine/torch_engine.h"
#include "training/formats/json.h"
#include "tests/support/test_data.h"

#include <filesystem>
#include <fstream>

namespace rankwright {

inline std::filesystem::path golden(const std::string& name)
{
    return std::filesystem::path(RANKWRIGHT_SOURCE_DIR) / "tests" / "golden" / name;
}

inline std::filesystem::path stories()
{
    const auto data = testData();
    return data.empty() || !std::filesystem::exists(data / "stories260K/hf/model.safetensors") ? std::filesystem::path()
                                                                                              : data / "stories260K/hf";
}

// Keeps every event; `react` may answer with controls.
struct Listener : Events
{
    std::vector<Event> events;
    std::function<Controls(const Listener&)> react;
    void on(const Event& event) override { events.push_back(event); }
    Controls controls() override { return react ? react(*this) : Controls{}; }

    template <class T>
    [[nodiscard]] std::vector<T> all() const
    {
        std::vector<T> found;
        for (const auto& event : events) {
            if (const auto* match = std::get_if<T>(&event))
                found.push_back(*match);
        }
        return found;
    }
    [[nodiscard]] std::vector<double> losses() const
    {
        std::vector<double> values;
        for (const auto& step : all<StepEvent>())
            values.push_back(step.loss);
        return values;
    }
};

// The golden runs' settings (tests/golden/make_golden.py) for a model folder.
inline RunConfig goldenConfig(const std::filesystem::path& model)
{
    RunConfig config;
    config.model = model.string();
    config.data = golden("rows.jsonl").string();
    config.chatTemplate = "none";
    config.loss = "all";
    config.order = "sequential";
    config.rank = 4;
    config.alpha = 8;
    config.learningRate = 2e-3;
    config.weightDecay = 0.01;
    config.batch = 2;
    config.steps = 20;
    config.maxLength = 256;
    return config;
}

// Writes run.json as the store does, so that exports find the configuration.
inline TrainJob runIn(const std::filesystem::path& folder, const RunConfig& config, bool resume = false)
{
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "run.json") << nlohmann::json{{"config", toJson(config)}}.dump();
    return {.config = config, .run = "test", .folder = folder.string(), .resume = resume};
}

}  // namespace rankwright
