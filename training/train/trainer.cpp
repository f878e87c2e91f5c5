// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/trainer.h"

#include "training/api/error.h"
#include "training/train/peak_memory.h"
#include "training/train/schedule.h"

#include <ATen/ATen.h>

#include <chrono>
#include <cmath>
#include <thread>

namespace rankwright {

namespace {

constexpr int64_t kMostSkipped = 5;
// Rows without padding make every step's tensors of another size, and the C library keeps the holes between them: after 25 steps of
// SmolLM2 in bfloat16 they were 80 MB of 1,350, and went on growing.
constexpr int64_t kStepsToRelease = 8;

double secondsSince(std::chrono::steady_clock::time_point start)
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int64_t totalSteps(const RunConfig& config, int64_t rows)
{
    if (config.steps > 0)
        return config.steps;
    const auto perStep = double(config.batch * config.accumulate);
    return std::max<int64_t>(1, int64_t(std::ceil(config.epochs * double(rows) / perStep)));
}

Trainer::Trainer(Parts parts, JobContext& context)
    : m_parts(std::move(parts)),
      m_context(context),
      m_config(m_parts.job.config),
      m_method(methodById(m_config.method)),
      m_optimiserSpec(optimiserById(effectiveOptimiser(m_config))),
      m_optimiser(m_optimiserSpec.make(m_parts.adapters.trained(), m_parts.adapters.parameters(),
          m_parts.adapters.gradients(), m_config)),
      m_order(int64_t(m_parts.samples.size()), m_config.order, m_config.seed),
      m_steps(totalSteps(m_config, int64_t(m_parts.samples.size())))
{
    m_progress.loss = std::nan("");
}

void Trainer::restore(const Checkpoint& checkpoint)
{
    loadCheckpoint(checkpoint, state());
    m_parts.adapters.stateLoaded();
    m_progress = checkpoint.progress;
    m_savedStep = m_progress.step;
}

NamedTensors Trainer::state()
{
    NamedTensors all{{"parameters", m_parts.adapters.parameters()}};
    for (auto& named : m_optimiser->state())
        all.push_back(std::move(named));
    for (auto& named : m_parts.adapters.state())
        all.push_back(std::move(named));
    return all;
}

int64_t Trainer::rowsPerStep() const
{
    return m_config.batch * m_config.accumulate;
}

Trainer::Gradient Trainer::computeGradient()
{
    auto& gradients = m_parts.adapters.gradients();
    gradients.zero_();
    double lossSum = 0;
    int64_t targets = 0, tokens = 0;
    const auto rank = m_parts.group.rank(), size = m_parts.group.size();
    for (int64_t micro = 0; micro < m_config.accumulate; ++micro) {
        std::vector<const Sample*> rows;
        std::vector<int64_t> numbers;
        for (int64_t i = rank; i < m_config.batch; i += size) {
            const auto number = m_progress.step * rowsPerStep() + micro * m_config.batch + i;
            rows.push_back(&m_parts.samples[size_t(m_order.row(number))]);
            numbers.push_back(number);
        }
        const auto batch = makeBatch(rows, numbers);
        tokens += batch.tokens();
        if (batch.targetCount() == 0)
            continue;
        targets += batch.targetCount();
        const auto loss = m_parts.model
                              .losses(batch, {.training = true, .seed = m_config.seed, .step = m_progress.step + 1})
                              .sum();
        lossSum += loss.item<double>();
        loss.backward();
    }
    m_parts.group.sum(gradients, lossSum, targets, tokens);
    m_progress.tokens += tokens;
    m_progress.targets += targets;
    const auto divisor = double(std::max<int64_t>(1, targets));
    gradients.div_(divisor);
    const double norm = gradients.norm().item<double>();
    const double loss = targets > 0 ? lossSum / divisor : std::nan("");
    // A batch without any target is no fault: its gradient is zero and the step is taken without an update.
    return {loss, norm, std::isfinite(norm) && (targets == 0 || std::isfinite(loss))};
}

void Trainer::update(const Gradient& gradient)
{
    const auto step = m_progress.step + 1;
    const double lr = m_config.learningRate * scheduleFactor(m_config.schedule, m_config.warmup, step, m_steps);
    if (!gradient.finite)
        return;
    auto& adapters = m_parts.adapters;
    double scale = m_config.clip > 0 && !m_optimiserSpec.clipsItself
        ? std::min(1.0, m_config.clip / (gradient.norm + 1e-6))
        : 1.0;
    const at::NoGradGuard guard;
    if (m_method.regularise) {
        adapters.gradients().mul_(scale);
        scale = 1;
        m_method.regularise(adapters, m_config, lr);
    }
    m_optimiser->step(step, lr, scale);
    if (m_method.afterStep)
        m_method.afterStep(adapters, m_config, step);
}

void Trainer::takeStep()
{
    const auto start = std::chrono::steady_clock::now();
    const auto gradient = computeGradient();
    update(gradient);
    m_progress.seconds += secondsSince(start);
    m_progress.loss = gradient.loss;
    m_progress.skippedInARow = gradient.finite ? 0 : m_progress.skippedInARow + 1;
    ++m_progress.step;
    const auto step = m_progress.step;
    m_context.events().on(StepEvent{.run = m_parts.job.run,
        .step = step,
        .steps = m_steps,
        .loss = gradient.loss,
        .lr = m_config.learningRate * scheduleFactor(m_config.schedule, m_config.warmup, step, m_steps),
        .gradNorm = gradient.norm,
        .tokens = m_progress.tokens,
        .targets = m_progress.targets,
        .seconds = m_progress.seconds,
        .skipped = !gradient.finite});
    if (gradient.finite)
        return;
    m_context.events().on(NoteEvent{m_parts.job.run, "warning",
        "Step " + std::to_string(step) + ": the loss or the gradient is not finite; no update was made."});
    if (m_progress.skippedInARow >= kMostSkipped) {
        throw Error({.code = Code::diverged,
            .place = "step " + std::to_string(step),
            .found = std::to_string(kMostSkipped) + " steps in a row without a finite loss and gradient",
            .advice = "Start a new run with a lower learning rate. The last finite checkpoint, of step "
                + std::to_string(std::max<int64_t>(0, m_savedStep)) + ", is kept and can be exported."});
    }
}

void Trainer::evaluateNow(std::optional<double>& result)
{
    if (m_parts.evalSamples.empty() || m_progress.evaluatedStep == m_progress.step)
        return;
    const auto start = std::chrono::steady_clock::now();
    Evaluation found;
    try {
        found = evaluate(m_parts.model, m_parts.evalSamples, [&](int64_t done, int64_t total) {
            m_context.progress("Evaluating", done, total);
            return true;
        });
    } catch (const Error& error) {
        if (error.code() != Code::stopped)
            throw;
        return;   // the step is done; the loop sees the stop and writes the checkpoint, and a resume evaluates first
    }
    m_progress.evaluatedStep = m_progress.step;
    result = m_evalLast = found.rowMean;
    const double seconds = secondsSince(start);
    judge(found.rowMean);
    m_context.events().on(EvalEvent{m_parts.job.run, m_progress.step, found.rowMean, found.rows, found.tokens, seconds,
        m_progress.bestStep == m_progress.step});
}

void Trainer::judge(double loss)
{
    ++m_progress.withoutGain;
    if (std::isfinite(loss) && (loss < m_progress.goalEval - m_config.leastGain || !std::isfinite(m_progress.goalEval))) {
        m_progress.goalEval = loss;
        m_progress.withoutGain = 0;
    }
    if (!(loss < m_progress.bestEval))
        return;
    m_progress.bestEval = loss;
    m_progress.bestStep = m_progress.step;
    if (m_config.keep == "best")
        writeBest(m_parts.job.folder, m_progress, m_parts.identity, state());
}

bool Trainer::hasStalled() const
{
    return m_config.patience > 0 && m_progress.withoutGain >= m_config.patience;
}

bool Trainer::evaluationIsDue() const
{
    if (m_parts.evalSamples.empty() || m_progress.evaluatedStep == m_progress.step)
        return false;
    return m_progress.step == m_steps || (m_config.evalEvery > 0 && m_progress.step % m_config.evalEvery == 0);
}

void Trainer::keepBest(TrainResult& result)
{
    result.bestStep = m_progress.bestStep;
    if (m_config.keep != "best" || m_progress.bestStep == m_progress.step)
        return;
    const auto best = findBest(m_parts.job.folder, m_progress);
    if (!best) {
        m_context.events().on(NoteEvent{m_parts.job.run, "warning",
            "checkpoints/best, of step " + std::to_string(m_progress.bestStep) + ", is missing or damaged: the last parameters are kept."});
        return;
    }
    loadCheckpoint(*best, state());
    m_parts.adapters.stateLoaded();
    result.keptBest = true;
}

void Trainer::measureDrift()
{
    if (m_parts.drift == nullptr)
        return;
    if (auto drift = m_parts.drift->after(m_progress.step, m_progress.seconds)) {
        drift->run = m_parts.job.run;
        m_context.events().on(*drift);
    }
}

void Trainer::save()
{
    // A non-finite state never becomes the newest checkpoint. (A skipped step leaves the parameters as they were.)
    if (m_savedStep == m_progress.step || !at::isfinite(m_parts.adapters.parameters()).all().item<bool>())
        return;
    m_context.events().flush();
    const auto folder
        = writeCheckpoint(m_parts.job.folder, m_progress, m_parts.identity, state());
    m_savedStep = m_progress.step;
    m_context.events().on(CheckpointEvent{m_parts.job.run, m_progress.step, folder.string()});
}

bool Trainer::waitWhilePaused()
{
    for (;;) {
        const auto controls = m_context.events().controls();
        if (controls.stop || m_context.stopped())
            return false;
        if (controls.checkpoint) {
            save();
            m_context.events().checkpointTaken();
        }
        if (!controls.pause)
            return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

TrainResult Trainer::train()
{
    TrainResult result;
    if (m_progress.step == 0) {
        save();
        evaluateNow(m_evalBefore);
    } else if (evaluationIsDue()) {
        evaluateNow(m_evalLast);   // a stop fell into it
    }
    while (m_progress.step < m_steps && !hasStalled() && waitWhilePaused()) {
        takeStep();
        if (m_progress.step % kStepsToRelease == 0)
            releaseFreedMemory();
        measureDrift();
        if (evaluationIsDue())
            evaluateNow(m_evalLast);
        if (m_config.saveEvery > 0 && m_progress.step % m_config.saveEvery == 0)
            save();
    }
    save();
    if (m_progress.step < m_steps && hasStalled()) {
        result.reason = "No lower evaluation loss in " + std::to_string(m_progress.withoutGain)
            + " evaluations; the lowest was at step " + std::to_string(m_progress.bestStep) + ".";
    }
    // A run whose last evaluation was stopped has something left to do.
    const bool whole = (m_progress.step == m_steps || !result.reason.empty()) && !evaluationIsDue();
    result.outcome = whole ? RunState::finished : RunState::stopped;
    result.step = m_progress.step;
    result.finalLoss = m_progress.loss;
    result.evalBefore = m_evalBefore;
    result.evalAfter = m_evalLast;
    keepBest(result);
    return result;
}

}  // namespace rankwright
