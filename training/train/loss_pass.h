// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Where rows become losses and gradients: in the run's own model, or in one pass with the other arms of a comparison that share its
// base (meeting.h).
#pragma once

#include "training/adapters/adapter_set.h"

#include <chrono>
#include <thread>

namespace rankwright {

class LossPass
{
public:
    struct Work
    {
        const Batch& batch;
        int64_t step = 0;            // that is being taken, from 1: dropout is drawn from it
        double routerLoss = 0;       // weight of the routers' balancing loss; 0: none
    };
    struct Answer
    {
        at::Tensor loss;             // the sum over the targets, a float32 scalar without a gradient
        double othersSeconds = 0;    // of the time that the call took, what was not this run's work
    };
    virtual ~LossPass() = default;
    // Adds the gradients of the sum of losses to those of everything that is trained.
    virtual Answer run(const Work& work) = 0;
    // The rows of a micro-batch are handed in in so many parts, as equal as can be, in a circle that begins with firstPart().
    [[nodiscard]] virtual int64_t parts() const { return 1; }
    [[nodiscard]] virtual int64_t firstPart() const { return 0; }
    // The run has nothing to do for a while.
    virtual void rest(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }
};

// Losses of a batch and their gradients in a model alone; the batch has targets. Where there are rows for every thread, each thread takes
// its share through the whole model and back, without waiting for the others at each operation; their gradients are added in the order
// of the threads.
at::Tensor ownPass(const Model& model, const AdapterSet& adapters, int64_t seed, const LossPass::Work& work);

// Whether threads may have gradients of their own: no more than the weights take.
constexpr bool fitsShares(int64_t threads, double gradientBytes, double weightBytes)
{
    return double(threads) * gradientBytes <= weightBytes;
}

class OwnPass final : public LossPass
{
public:
    OwnPass(const Model& model, const AdapterSet& adapters, int64_t seed) : m_model(model), m_adapters(adapters), m_seed(seed) {}
    Answer run(const Work& work) override { return {.loss = ownPass(m_model, m_adapters, m_seed, work)}; }

private:
    const Model& m_model;
    const AdapterSet& m_adapters;
    int64_t m_seed;
};

}  // namespace rankwright
