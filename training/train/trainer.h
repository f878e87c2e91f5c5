// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The training loop: batches, forward and backward, clipping, update, evaluation, checkpoints, pause and stop.
#pragma once

#include "training/adapters/adapter_set.h"
#include "training/analysis/drift.h"
#include "training/optimisers/optimiser.h"
#include "training/train/checkpoint.h"
#include "training/train/evaluate.h"
#include "training/train/group.h"
#include "training/train/loss_pass.h"
#include "training/train/packs.h"
#include "training/train/row_order.h"
#include "training/train/sample_feed.h"
#include "training/train/session.h"

namespace rankwright {

class Trainer
{
public:
    struct Parts
    {
        const TrainJob& job;
        Model& model;
        AdapterSet& adapters;
        SampleFeed& feed;                         // the training rows
        const std::vector<Sample>& evalSamples;   // empty: no evaluation
        // Adds the metrics of generated answers on the evaluation rows, and their numbers; empty: none was asked for.
        std::function<void(JobContext& context, Evaluation& found)> judgeAnswers;
        CheckpointIdentity identity;
        Group& group;
        LossPass& pass;
        DriftMonitor* drift = nullptr;            // where the run measures its drift
    };
    Trainer(Parts parts, JobContext& context);
    // Goes on from a checkpoint.
    void restore(const Checkpoint& checkpoint);
    // To the end, a stop, divergence or the end of Patience. Emits step, eval, drift and checkpoint events. With RunConfig::keep "best" the
    // adapters hold the best parameters afterwards. Throws Error{diverged} after five non-finite steps in
    // a row (the last finite checkpoint stays the newest).
    TrainResult train();
    [[nodiscard]] int64_t steps() const { return m_steps; }

private:
    struct Gradient { double loss = 0, norm = 0; bool finite = true; double othersSeconds = 0; };
    // A part of a micro-batch of the run.
    struct Portion
    {
        int64_t number = 0, part = 0, parts = 1;
        bool operator==(const Portion&) const = default;
    };
    Batch batchOf(const Portion& portion);   // on the model's device
    void makeAhead(const Portion& portion);
    Gradient computeGradient();              // of step m_progress.step + 1, into adapters.gradients()
    void update(const Gradient& gradient);
    void takeStep();
    void evaluateNow(std::optional<double>& result);
    void measureDrift();
    void save();
    [[nodiscard]] NamedTensors state();      // what a checkpoint holds
    void judge(double loss);                 // notes the lowest evaluation loss, and keeps its state where the run wants that
    bool hasStalled() const;                 // Patience is over
    bool evaluationIsDue() const;            // at the step just taken, or restored
    void keepBest(TrainResult& result);      // puts the kept parameters back
    bool waitWhilePaused();                  // false: stop
    [[nodiscard]] int64_t rowsPerStep() const;
    void layPacks();
    [[nodiscard]] std::vector<int64_t> samplesOf(int64_t row);   // of one row of a batch, counted from 0 over all steps
    // Samples of the number-th micro-batch of the run, or of a part of it.
    std::vector<int64_t> microBatch(int64_t number, int64_t part = 0, int64_t parts = 1);
    std::vector<std::shared_ptr<const Sample>> rowsOf(const std::vector<int64_t>& samples);
    void readAhead(int64_t number);          // the micro-batches behind this one
    void noteCutRows();

    Parts m_parts;
    JobContext& m_context;
    const RunConfig& m_config;
    const MethodSpec& m_method;
    const OptimiserSpec& m_optimiserSpec;
    std::unique_ptr<Optimiser> m_optimiser;
    RowOrder m_order;
    std::optional<Packs> m_packs;            // where the run packs its rows
    int64_t m_steps;
    double m_routerLoss;                     // weight of the routers' balancing loss; 0: none
    std::optional<std::pair<Portion, Batch>> m_ahead;   // on an accelerator: the batch of the next step
    Progress m_progress;
    int64_t m_savedStep = -1;
    std::optional<double> m_evalBefore, m_evalLast;
    Evaluation m_evaluation;                   // the last one, without its predictions
};

}  // namespace rankwright
