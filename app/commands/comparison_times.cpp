// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "app/commands/comparison_times.h"

#include "storage/runs/comparison.h"
#include "training/api/catalog.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <tuple>
#include <unistd.h>

namespace rankwright {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kTrialRows = 8;   // of the evaluation

// Notes what a trial of two steps shows: the first step also warms up, so the second one counts.
class StepTimer : public Events
{
public:
    void on(const Event& event) override
    {
        if (const auto* step = std::get_if<StepEvent>(&event)) {
            m_last = step->seconds - m_total;
            m_total = step->seconds;
            m_lastTokens = step->tokens - m_tokens;
            m_tokens = step->tokens;
        } else if (const auto* evaluation = std::get_if<EvalEvent>(&event)) {
            m_evaluating += evaluation->seconds;
            m_evaluated += evaluation->rows;
        }
    }
    [[nodiscard]] double lastStep() const { return m_last; }
    [[nodiscard]] int64_t lastTokens() const { return m_lastTokens; }
    [[nodiscard]] double total() const { return m_total; }
    [[nodiscard]] double evaluating() const { return m_evaluating; }
    [[nodiscard]] double evaluatedRow() const { return m_evaluated > 0 ? m_evaluating / double(m_evaluated) : 0; }

private:
    double m_last = 0, m_total = 0, m_evaluating = 0;
    int64_t m_lastTokens = 0, m_tokens = 0, m_evaluated = 0;
};

// Of the run's rows, on average; 0 where rows of the batch hold several examples.
double tokensPerStep(const RunConfig& config, const DataReading& data)
{
    if (config.packing == "on" || data.counted == 0)
        return 0;
    return double(data.tokens) / double(data.counted) * double(config.batch * config.accumulate);
}

class TemporaryFolder
{
public:
    explicit TemporaryFolder(std::filesystem::path path)
        : m_path(std::move(path))
    {
        std::filesystem::create_directories(m_path);
    }
    ~TemporaryFolder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(m_path, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return m_path; }

private:
    std::filesystem::path m_path;
};

// How long an arm takes before its first step, roughly: rounds of quantising, batches for gradients, a decomposition.
double startCost(const RunConfig& config)
{
    const MethodCard& card = methodCard(config.method);
    double cost = card.picture.residual || card.picture.core != Part::absent ? 1 : 0;
    for (const char* key : {"rounds", "gradientBatches"}) {
        if (findMethodOption(card, key) != nullptr)
            cost += optionNumber(config, key);
    }
    return cost;
}

// What two steps of a configuration show, with its start; the step as long as one of the run's rows on average.
struct Trial { double start = 0, step = 0, evaluatedRow = 0; };   // seconds

Trial trialOf(Training& training, const RunConfig& config, const DataReading& data)
{
    TrainJob job;
    job.config = config;
    job.config.steps = 2;
    job.config.evalRows = ":" + std::to_string(kTrialRows);
    job.run = "trial";
    const TemporaryFolder folder(training.store().dataDirectory() / ("trial-" + std::to_string(::getpid())));
    job.folder = folder.path().string();
    StepTimer timer;
    training.progress().setTitle("trial of 2 steps: " + labelOf(config));
    FanOut events({&timer, &training.progress()});
    const auto start = Clock::now();
    const TrainResult trial = run(training.engine(), std::move(job), events, training.signals().token());
    if (trial.outcome == RunState::stopped)
        throw refusal(Code::stopped, "compare", "stopped before the first arm", {}, "Start it again.");
    const double wall = std::chrono::duration<double>(Clock::now() - start).count();
    const double tokens = tokensPerStep(config, data);
    const double longer = tokens > 0 && timer.lastTokens() > 0 ? tokens / double(timer.lastTokens()) : 1;
    return {.start = std::max(0.0, wall - timer.total() - timer.evaluating()),
        .step = std::max(timer.lastStep() * longer, 1e-6),
        .evaluatedRow = timer.evaluatedRow()};
}

// Runs of one kind start alike, and their steps do alike what Estimate::secondsPerStep, which counts products, leaves out: DoRA's norms,
// Delta-LoRA's weights, frozen weights that are dequantised, the optimiser.
auto kindOf(const RunConfig& config)
{
    const MethodPicture picture = effectivePicture(config);
    return std::tuple(startCost(config), picture.magnitude != Part::absent, picture.drifts, effectiveBase(config),
        effectiveOptimiser(config));
}

}  // namespace

std::vector<RunTime> timesOf(Training& training, const std::vector<RunConfig>& configs, const std::vector<Estimate>& estimates)
{
    struct Tried { Trial trial; double estimated; };
    std::map<decltype(kindOf(configs.front())), Tried> tried;
    std::vector<RunTime> times;
    for (size_t i = 0; i < configs.size(); ++i) {
        const double estimated = std::max(estimates[i].secondsPerStep, 1e-9);
        auto kind = tried.find(kindOf(configs[i]));
        if (kind == tried.end())
            kind = tried.emplace(kindOf(configs[i]), Tried{trialOf(training, configs[i], estimates[i].data), estimated}).first;
        const auto& [trial, reference] = kind->second;
        const double evaluation = trial.evaluatedRow * double(estimates[i].data.evalRows);
        times.push_back({.start = trial.start + 2 * evaluation,
            .step = trial.step * estimated / reference,
            .evaluating = configs[i].evalEvery > 0 ? evaluation / double(configs[i].evalEvery) : 0});
    }
    return times;
}

double secondsAllowed(const std::string& minutes)
{
    const double value = parseNumber(minutes, "--minutes");
    if (!(value > 0 && value <= 1e6))
        throw refusal(Code::usage, "--minutes", minutes, "above 0", "For example --minutes 10.");
    return 60 * value;
}

}  // namespace rankwright
