// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// AdamW (Loshchilov and Hutter 2019, algorithm 2 in torch's form) over flat buffers, in one pass. Where tensors have a rate
// of their own (LoRA+), their weight decay follows that rate, as with the parameter groups of PEFT's optimizers/loraplus.py.
#pragma once

#include "training/optimisers/optimiser.h"

namespace rankwright {

struct AdamWOptions { double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0; };

AdamWOptions adamwOptions(const RunConfig& config);

// The numbers of one step that are the same for every value of a range.
struct AdamWStep
{
    AdamWStep(const AdamWOptions& options, int64_t step, double rate, double scale);
    // Updates the values [first, last) of all four arrays.
    void apply(float* parameters, const float* gradients, float* firstMoment, float* secondMoment, int64_t first,
        int64_t last) const;

    // share1 and share2 are 1 - beta, taken in double as torch does: in float32 1 - 0.999f is 2e-5 too small.
    float beta1, beta2, share1, share2, epsilon, decay, shrink, size, rootCorrection;
};

// The same step on tensors of one factor of the rate, wherever they are, with LibTorch's fused kernel: one launch on a GPU where
// single operators take eight. Equal to apply() within rounding. `gradients` are multiplied by `scale` in place.
void adamwStep(const std::vector<at::Tensor>& parameters, const std::vector<at::Tensor>& gradients,
    const std::vector<at::Tensor>& firstMoments, const std::vector<at::Tensor>& secondMoments, const AdamWOptions& options,
    int64_t step, double rate, double scale);

class AdamW : public Optimiser
{
public:
    AdamW(const std::vector<TrainedTensor>& tensors, at::Tensor parameters, at::Tensor gradients, AdamWOptions options);
    void step(int64_t step, double rate, double scale) override;
    // {"first", "second"}: the moments, (count) float32.
    [[nodiscard]] std::vector<std::pair<std::string, at::Tensor>> state() override;

private:
    // Neighbouring values up to `end` (exclusive) with one factor of the learning rate.
    struct Range { int64_t end; double rateFactor; };

    void stepOnDevice(int64_t step, double rate, double scale);

    at::Tensor m_parameters, m_gradients, m_first, m_second;
    std::vector<Range> m_ranges;
    AdamWOptions m_options;
};

}  // namespace rankwright
