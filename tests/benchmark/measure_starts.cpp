// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Seconds of what comes before training, without the programs around it: loading, starts, spectra, quantising. A JSON object a line;
// the peers' side of the same work is in peers/.
//     rankwright-measure-starts MODEL [TURNS] [NAME ...]
#include "training/adapters/adapter_set.h"
#include "training/analysis/spectrum.h"
#include "training/api/config.h"
#include "training/api/error.h"
#include "training/train/peak_memory.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>

using namespace rankwright;

namespace {

struct Silent : Events
{
    void on(const Event&) override {}
};

double wallSeconds()
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double processorSeconds()
{
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) { return double(time.tv_sec) + 1e-6 * double(time.tv_usec); };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

struct Measured { std::vector<double> wall, cpu; };
struct Spent { double wall, cpu; };   // seconds

double median(std::vector<double> values)
{
    std::ranges::sort(values);
    return values[values.size() / 2];
}

template <class Work>
void measure(const std::string& what, int turns, const nlohmann::json& about, const Work& work)
{
    Measured measured;
    for (int i = 0; i < turns; ++i) {
        releaseFreedMemory();
        const double wall = wallSeconds(), cpu = processorSeconds();
        const std::optional<Spent> part = work();   // the part that counts; nothing: all of it
        measured.wall.push_back(part ? part->wall : wallSeconds() - wall);
        measured.cpu.push_back(part ? part->cpu : processorSeconds() - cpu);
    }
    auto line = about;
    line.update({{"what", what}, {"seconds", median(measured.wall)}, {"least", *std::ranges::min_element(measured.wall)},
        {"processorSeconds", median(measured.cpu)}, {"turns", turns}});
    std::cout << line.dump() << std::endl;
}

// What get_peft_model() does: the starts of all modules and the bases that they leave, from a model in memory.
Spent start(const std::string& model, const std::string& dtype, const std::string& method, const std::string& base,
    const std::map<std::string, OptionValue>& options)
{
    RunConfig config;
    config.method = method;
    config.dtype = dtype;
    config.base = base;
    config.rank = 16;
    for (const auto& [key, value] : options)
        config.options[key] = value;
    const at::NoGradGuard guard;
    Weights weights(openModelSource(model));
    Model held(weights, scalarType(dtype), {}, isQuantised(config) ? Bases::later : Bases::dense);
    const double begin = wallSeconds(), worked = processorSeconds();
    const auto starts = startAdapters(held, weights, config, {}, {}, {});
    const AdapterSet adapters(held, weights, starts, 0, effectiveBase(config));
    return {wallSeconds() - begin, processorSeconds() - worked};
}

void spectra(const std::string& model, int turns)
{
    struct FirstCurve : Events
    {
        double begin = wallSeconds(), first = -1;
        void on(const Event& event) override
        {
            if (first < 0 && std::holds_alternative<ModuleSpectrum>(event))
                first = wallSeconds() - begin;
        }
    };
    std::vector<double> first;
    measure("spectra", turns, {}, [&] {
        FirstCurve events;
        JobContext context(events, {});
        (void)modelSpectrum({.model = model}, context);
        first.push_back(events.first);
        return std::nullopt;
    });
    std::cout << nlohmann::json{{"what", "first curve"}, {"seconds", median(first)}, {"turns", turns}}.dump() << std::endl;
}

void formats(int turns)
{
    for (const std::string format : {"nf4", "nf4-dq", "int8", "nf3"}) {
        for (const int64_t rows : {576, 4096}) {
            const int64_t columns = rows == 576 ? 1536 : 4096;
            const auto weight = at::randn({rows, columns}) * 0.02;
            const double values = double(weight.numel());
            const int repeats = rows == 576 ? 20 : 1;
            const nlohmann::json about{{"format", format}, {"rows", rows}, {"columns", columns}, {"values", values}};
            std::shared_ptr<const Quantised> quantised;
            const auto each = [&](const auto& work) {
                const double begin = wallSeconds(), worked = processorSeconds();
                for (int i = 0; i < repeats; ++i)
                    work();
                return Spent{(wallSeconds() - begin) / repeats, (processorSeconds() - worked) / repeats};
            };
            measure("quantise", turns, about, [&] { return each([&] { quantised = quantise(weight, format); }); });
            for (const auto type : {at::kFloat, at::kBFloat16}) {
                measure(type == at::kFloat ? "dequantise to float32" : "dequantise to bfloat16", turns, about,
                    [&] { return each([&] { (void)quantised->rows(0, rows, type); }); });
            }
        }
    }
}

}  // namespace

int main(int count, char** words)
try {
    const std::string model = count > 1 ? words[1] : "default";
    const int turns = count > 2 ? std::max(1, std::atoi(words[2])) : 5;
    const auto asked = [&](const std::string& name) {
        return count <= 3 || std::any_of(words + 3, words + count, [&](const char* word) { return name == word; });
    };
    if (const char* threads = std::getenv("OMP_NUM_THREADS"))
        at::set_num_threads(std::atoi(threads));
    for (const std::string dtype : {"float32", "bfloat16"}) {
        if (asked("load")) {
            measure("load", turns, {{"dtype", dtype}}, [&] {
                Weights weights(openModelSource(model));
                const Model held(weights, scalarType(dtype));
                return std::nullopt;
            });
        }
        const auto starts = [&](const std::string& name, const std::string& method, const std::string& base, const auto& options) {
            if (asked(name))
                measure(name, turns, {{"dtype", dtype}}, [&] { return start(model, dtype, method, base, options); });
        };
        using Options = std::map<std::string, OptionValue>;
        starts("lora", "lora", "auto", Options{});
        starts("pissa-exact", "pissa", "auto", Options{{"svd", std::string("exact")}});
        starts("pissa-4", "pissa", "auto", Options{{"svd", std::string("4")}, {"oversample", 0.0}});
        starts("qlora", "qlora", "auto", Options{});
        starts("qpissa-1", "qpissa", "nf4", Options{{"rounds", 1.0}, {"svd", std::string("exact")}});
        starts("qpissa-5", "qpissa", "auto", Options{{"rounds", 5.0}, {"svd", std::string("exact")}});
        starts("loftq-1", "loftq", "auto", Options{{"rounds", 1.0}, {"svd", std::string("exact")}});
    }
    if (asked("spectra"))
        spectra(model, turns);
    if (asked("formats"))
        formats(turns);
    return 0;
} catch (const Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
