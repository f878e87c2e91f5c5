// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/trainer.h"

#include "training/api/error.h"
#include "training/api/metrics.h"
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
constexpr int64_t kBatchesAhead = 4;   // micro-batches of a streamed file that are read before their turn

// The training data cannot be read any more: the run ends where it is and can be resumed.
struct DataLost { std::string why; };

double secondsSince(std::chrono::steady_clock::time_point start)
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Trainer::Trainer(Parts parts, JobContext& context)
    : m_parts(std::move(parts)),
      m_context(context),
      m_config(m_parts.job.config),
      m_method(methodById(m_config.method)),
      m_optimiserSpec(optimiserById(effectiveOptimiser(m_config))),
      m_optimiser(m_optimiserSpec.make(m_parts.adapters.trained(), m_parts.adapters.parameters(),
          m_parts.adapters.gradients(), m_config)),
      m_order(m_parts.feed.rows(), m_config.order, m_config.seed),
      m_steps(totalSteps(m_config, m_parts.feed.rows())),
      m_routerLoss(m_config.routerLoss >= 0 ? m_config.routerLoss : m_parts.model.config().experts.balance)
{
    m_progress.loss = std::nan("");
    if (m_config.packing == "on")
        layPacks();
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

// Of a streamed file this tokenises every row once, which is how long the packs are.
void Trainer::layPacks()
{
    constexpr int64_t block = 256;
    const auto rows = m_parts.feed.rows();
    const auto tokens = [&](int64_t row) {
        if (row % block == 0) {
            std::vector<int64_t> next;
            for (auto i = row; i < std::min(row + block, rows); ++i)
                next.push_back(i);
            m_parts.feed.expect(next);
            m_context.progress("Packing", row, rows);
        }
        return int64_t(m_parts.feed.at(row)->ids.size());
    };
    m_packs.emplace(m_order, tokens, m_config.maxLength);
    m_steps = totalSteps(m_config, m_packs->perEpoch(0));
}

std::vector<int64_t> Trainer::samplesOf(int64_t row)
{
    const auto [first, last] = m_packs ? m_packs->samples(row) : std::pair(row, row + 1);
    std::vector<int64_t> samples;
    for (auto sample = first; sample < last; ++sample)
        samples.push_back(sample);
    return samples;
}

std::vector<int64_t> Trainer::microBatch(int64_t number, int64_t part, int64_t parts)
{
    std::vector<int64_t> samples;
    const auto size = m_parts.group.size();
    const auto rows = (m_config.batch - m_parts.group.rank() + size - 1) / size;   // of this process
    for (auto own = part * rows / parts; own < (part + 1) * rows / parts; ++own) {
        const auto i = m_parts.group.rank() + own * size;
        const auto row = samplesOf(number * m_config.batch + i);
        samples.insert(samples.end(), row.begin(), row.end());
    }
    return samples;
}

std::vector<std::shared_ptr<const Sample>> Trainer::rowsOf(const std::vector<int64_t>& samples)
{
    std::vector<std::shared_ptr<const Sample>> rows;
    try {
        for (const auto sample : samples)
            rows.push_back(m_parts.feed.at(m_order.row(sample)));
    } catch (const Error& error) {
        // A row that is wrong stays wrong; a file that has gone or changed may come back.
        if (error.code() != Code::changed && error.code() != Code::io && error.code() != Code::missing)
            throw;
        throw DataLost{error.what()};
    }
    return rows;
}

void Trainer::readAhead(int64_t number)
{
    if (!m_parts.feed.streams())
        return;
    // Not over the end of an epoch, whose order would have to be made for a glance.
    auto last = microBatch(number).back();
    const auto epoch = last / m_parts.feed.rows();
    std::vector<int64_t> rows;
    for (int64_t ahead = 1; ahead <= kBatchesAhead && (last + 1) / m_parts.feed.rows() == epoch; ++ahead) {
        const auto samples = microBatch(number + ahead);
        for (const auto sample : samples) {
            if (sample / m_parts.feed.rows() == epoch)
                rows.push_back(m_order.row(sample));
        }
        last = samples.back();
    }
    m_parts.feed.expect(rows);
}

// What a streamed file could not say before its rows were tokenised.
void Trainer::noteCutRows()
{
    const auto seen = m_parts.feed.counts();
    if (seen.truncated == 0 && seen.withoutTargets == 0)
        return;
    m_context.events().on(NoteEvent{m_parts.job.run, "warning",
        "Of " + std::to_string(seen.rows) + " readings of a row, " + std::to_string(seen.truncated) + " were longer than "
            + std::to_string(m_config.maxLength) + " tokens and cut, and " + std::to_string(seen.withoutTargets)
            + " had no token with a loss."});
}

Batch Trainer::batchOf(const Portion& portion)
{
    if (m_ahead && m_ahead->first == portion)
        return std::exchange(m_ahead, std::nullopt)->second;
    const auto numbers = microBatch(portion.number, portion.part, portion.parts);
    const auto held = rowsOf(numbers);
    std::vector<const Sample*> rows;
    for (const auto& sample : held)
        rows.push_back(sample.get());
    return onDevice(makeBatch(rows, numbers, m_parts.model.config().labelHead.atEnd), m_parts.model.device());
}

// While the device works on this step.
void Trainer::makeAhead(const Portion& portion)
{
    if (m_parts.model.device().is_cpu() || m_progress.step + 1 >= m_steps)
        return;
    try {
        m_ahead.emplace(portion, batchOf(portion));
    } catch (const DataLost&) {
        // It is said when the batch's turn comes.
    } catch (const Error&) {
    }
}

Trainer::Gradient Trainer::computeGradient()
{
    auto& gradients = m_parts.adapters.gradients();
    gradients.zero_();
    auto lossSum = at::zeros({}, gradients.options().dtype(at::kDouble));
    double othersSeconds = 0;
    int64_t targets = 0, tokens = 0;
    const auto parts = std::min(m_parts.pass.parts(), m_config.batch);
    for (int64_t i = 0; i < m_config.accumulate * parts; ++i) {
        const auto number = m_progress.step * m_config.accumulate + i / parts;
        const auto batch = batchOf({number, (m_parts.pass.firstPart() + i) % parts, parts});
        if (i % parts == 0)
            readAhead(number);
        tokens += batch.tokens();
        if (batch.targetCount() == 0)
            continue;
        targets += batch.targetCount();
        const auto answer = m_parts.pass.run({batch, m_progress.step + 1, m_routerLoss});
        lossSum.add_(answer.loss);
        othersSeconds += answer.othersSeconds;
    }
    m_parts.group.sum(gradients, lossSum, targets, tokens);
    m_progress.tokens += tokens;
    m_progress.targets += targets;
    const auto divisor = double(std::max<int64_t>(1, targets));
    gradients.div_(divisor);
    makeAhead({(m_progress.step + 1) * m_config.accumulate, m_parts.pass.firstPart() % parts, parts});
    // The one place in a step where the CPU waits for a device: both numbers come in one copy.
    const auto found = at::stack({lossSum, gradients.norm().to(at::kDouble)}).cpu();
    const auto* numbers = found.const_data_ptr<double>();
    const double norm = numbers[1];
    const double loss = targets > 0 ? numbers[0] / divisor : std::nan("");
    // A batch without any target is no fault: its gradient is zero and the step is taken without an update.
    return {loss, norm, std::isfinite(norm) && (targets == 0 || std::isfinite(loss)), othersSeconds};
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
    m_progress.seconds += secondsSince(start) - gradient.othersSeconds;
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
        }, metricIds(m_config.metrics));
        if (m_parts.judgeAnswers)
            m_parts.judgeAnswers(m_context, found);
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
        m_progress.bestStep == m_progress.step, found.metrics, found.answers, found.cutAnswers});
    found.predicted.clear();
    found.truth.clear();
    m_evaluation = std::move(found);
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
        m_parts.pass.rest(std::chrono::milliseconds(20));
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
        try {
            takeStep();
        } catch (const DataLost& lost) {
            result.reason = "The training data cannot be read any more: " + lost.why;
            m_context.events().on(NoteEvent{m_parts.job.run, "warning", result.reason});
            break;
        }
        if (m_progress.step % kStepsToRelease == 0)
            releaseFreedMemory();
        measureDrift();
        if (evaluationIsDue())
            evaluateNow(m_evalLast);
        if (m_config.saveEvery > 0 && m_progress.step % m_config.saveEvery == 0)
            save();
    }
    save();
    noteCutRows();
    const bool stalled = m_progress.step < m_steps && hasStalled();
    if (stalled) {
        result.reason = "No lower evaluation loss in " + std::to_string(m_progress.withoutGain)
            + " evaluations; the lowest was at step " + std::to_string(m_progress.bestStep) + ".";
    }
    // A run whose last evaluation was stopped has something left to do.
    const bool whole = (m_progress.step == m_steps || stalled) && !evaluationIsDue();
    result.outcome = whole ? RunState::finished : RunState::stopped;
    result.step = m_progress.step;
    result.finalLoss = m_progress.loss;
    result.evalBefore = m_evalBefore;
    result.evalAfter = m_evalLast;
    result.metrics = m_evaluation.metrics;
    result.answers = m_evaluation.answers;
    result.cutAnswers = m_evaluation.cutAnswers;
    keepBest(result);
    return result;
}

}  // namespace rankwright
