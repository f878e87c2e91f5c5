// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A data directory as years of use leave it: many runs, most of them short, and one comparison of twenty long ones, written straight
// into the tables. Seconds where training would take weeks.
#pragma once

#include "storage/database.h"
#include "storage/runs/comparison.h"
#include "storage/runs/run_folder.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

namespace rankwright {

struct LoadStore
{
    int runs = 10'000;              // all together; a fifth of them in comparisons of four
    int longRuns = 20;              // in the newest comparison
    int64_t points = 100'000;       // of each long run's curves
    bool allSeries = false;         // the long runs' learning rates and gradient norms as well
    std::vector<std::string> longIds = {};
    std::string longComparison = {};

    void make(const std::filesystem::path& dataDirectory)
    {
        static_cast<void>(RunStore(dataDirectory));   // the tables
        Database database(dataDirectory / "runs.db", Database::Access::write);
        database.execute("PRAGMA synchronous=OFF");
        Transaction transaction(database);
        Statement run(database,
            "INSERT INTO run(key, id, name, method, model, comparison, state, created, step, steps, loss, best_eval, last_eval,"
            " seconds, tokens, trainable, config, arm, learning_rate, seed, peak_bytes) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
        Statement metric(database, "INSERT INTO metric(run, series, step, value, tokens, seconds) VALUES (?,?,?,?,?,?)");
        Statement(database, "INSERT INTO series(name) VALUES ('metric/accuracy')").run();
        const auto accuracy = database.lastInsertId();
        std::filesystem::create_directories(dataDirectory / "comparisons");
        const int shorts = std::max(0, runs - longRuns), grouped = shorts / 5 / 4 * 4;
        std::string comparison;
        for (int i = 0; i < shorts; ++i) {
            if (i < grouped && i % 4 == 0)
                comparison = writeComparison(dataDirectory, i, {"lora", "pissa"}, {0, 1});
            const bool pissa = i % 2 == 1;
            addRun(run, dataDirectory, i + 1, i < grouped ? comparison : std::string(), pissa ? "pissa" : "lora", i / 2 % 2, 200);
            addPoints(metric, i + 1, 1, {20, 40, 60, 80, 100}, 1.8);
            addPoints(metric, i + 1, 5, {50, 100}, 1.9);
            addPoints(metric, i + 1, accuracy, {100}, 0.5);
        }
        longComparison = longRuns == 0 ? std::string() : writeComparison(dataDirectory, shorts, {"lora", "pissa"}, seedsOf(longRuns / 2));
        for (int i = 0; i < longRuns; ++i) {
            const int key = shorts + i + 1;
            longIds.push_back(addRun(run, dataDirectory, key, longComparison, i % 2 == 1 ? "pissa" : "lora", i / 2, points));
            addCurve(metric, key, 1, i);
            for (const int series : {2, 3})
                if (allSeries)
                    addCurve(metric, key, series, i);
            for (int64_t step = points / 100; step <= points; step += points / 100)
                addPoint(metric, key, 5, step, lossAt(i, step) + 0.1);
        }
        transaction.commit();
    }

    // Falls from 3 to 1 with the noise that a small batch has; a hash in place of a generator makes any point at any time.
    [[nodiscard]] double lossAt(int run, int64_t step) const
    {
        uint64_t mixed = uint64_t(step) * 0x9e3779b97f4a7c15u ^ uint64_t(run + 1) * 0xbf58476d1ce4e5b9u;
        mixed ^= mixed >> 29;
        mixed *= 0x94d049bb133111ebu;
        mixed ^= mixed >> 32;
        return 1 + 0.03 * run + 2 * std::exp(-6.0 * double(step) / double(points)) + 0.25 * (double(mixed >> 11) / 9007199254740992.0 - 0.5);
    }

private:
    static std::vector<int64_t> seedsOf(int count)
    {
        std::vector<int64_t> seeds;
        for (int i = 0; i < count; ++i)
            seeds.push_back(i);
        return seeds;
    }
    static std::string idOf(const char* prefix, int number)
    {
        std::string digits = std::to_string(number);
        return prefix + std::string(6 - digits.size(), '0') + digits;
    }
    static std::string timeOf(int number)   // later runs are younger
    {
        char text[32];
        std::snprintf(text, sizeof text, "2026-%02d-%02dT%02d:%02d:00Z", 1 + number / 40'320 % 12, 1 + number / 1'440 % 28, number / 60 % 24, number % 60);
        return text;
    }
    static RunConfig configOf(const std::string& method, int64_t seed, int64_t steps)
    {
        RunConfig config;
        config.method = method;
        config.seed = seed;
        config.steps = steps;
        return config;
    }
    std::string writeComparison(const std::filesystem::path& dataDirectory, int number, const std::vector<std::string>& arms, std::vector<int64_t> seeds) const
    {
        Comparison comparison;
        comparison.name = "Comparison " + std::to_string(number);
        comparison.created = timeOf(number);
        for (const std::string& arm : arms)
            comparison.arms.push_back({.label = arm, .config = configOf(arm, 0, points)});
        comparison.seeds = std::move(seeds);
        comparison.sweep.points = 1;
        const auto id = idOf("cc", number);
        std::ofstream(dataDirectory / "comparisons" / (id + ".json")) << toJson(comparison).dump(2) << '\n';
        return id;
    }
    std::string addRun(Statement& insert, const std::filesystem::path& dataDirectory, int key, const std::string& comparison,
        const std::string& method, int64_t seed, int64_t steps) const
    {
        const auto id = idOf("rr", key), name = method + " seed " + std::to_string(seed), created = timeOf(key);
        const auto config = toJson(configOf(method, seed, steps));
        const nlohmann::json document = {{"format", RunFolder::kFormat}, {"id", id}, {"name", name}, {"created", created}, {"comparison", comparison},
            {"arm", method}, {"config", config}, {"provenance", nlohmann::json::object()}, {"state", "finished"}};
        std::filesystem::create_directories(dataDirectory / "runs" / id);
        std::ofstream(dataDirectory / "runs" / id / "run.json") << document.dump() << '\n';
        insert.bind(1, int64_t(key)).bind(2, id).bind(3, name).bind(4, method).bind(5, std::string_view("default")).bind(6, comparison);
        insert.bind(7, std::string_view("finished")).bind(8, created).bind(9, steps).bind(10, steps).bind(11, 1.2 + 0.001 * (key % 97));
        insert.bind(12, 1.3 + 0.001 * (key % 89)).bind(13, 1.31 + 0.001 * (key % 89)).bind(14, double(steps) * 0.5).bind(15, steps * 1000);
        insert.bind(16, int64_t(460'800)).bind(17, config.dump()).bind(18, method).bind(19, 2e-4).bind(20, seed).bind(21, int64_t(1) << 30).run();
        return id;
    }
    static void addPoint(Statement& insert, int key, int64_t series, int64_t step, double value)
    {
        insert.bind(1, int64_t(key)).bind(2, series).bind(3, step).bind(4, value).bind(5, step * 1000).bind(6, double(step) * 0.5).run();
    }
    static void addPoints(Statement& insert, int key, int64_t series, const std::vector<int64_t>& steps, double value)
    {
        for (const int64_t step : steps)
            addPoint(insert, key, series, step, value / (1 + 0.01 * double(step % 7 + key % 13)));
    }
    void addCurve(Statement& insert, int key, int series, int run) const
    {
        for (int64_t step = 1; step <= points; ++step)
            addPoint(insert, key, series, step, lossAt(run, step));
    }
};

}  // namespace rankwright
