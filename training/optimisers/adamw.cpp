// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/optimisers/adamw.h"

#include "training/api/error.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace rankwright {

AdamWOptions adamwOptions(const RunConfig& config)
{
    return {config.beta1, config.beta2, config.epsilon, config.weightDecay};
}

AdamWStep::AdamWStep(const AdamWOptions& options, int64_t step, double rate, double scale)
    : beta1(float(options.beta1)),
      beta2(float(options.beta2)),
      share1(float(1 - options.beta1)),
      share2(float(1 - options.beta2)),
      epsilon(float(options.epsilon)),
      decay(float(1 - rate * options.weightDecay)),
      shrink(float(scale)),
      size(float(rate / (1 - std::pow(options.beta1, double(step))))),
      rootCorrection(float(std::sqrt(1 - std::pow(options.beta2, double(step)))))
{
}

void AdamWStep::apply(float* p, const float* g, float* m, float* v, int64_t first, int64_t last) const
{
    // Copies, since a store to an array of floats might change a member of this type.
    const auto [b1, b2, r1, r2, eps, keep, factor, rate, correction] = *this;
#pragma omp simd
    for (int64_t i = first; i < last; ++i) {
        const float grad = g[i] * factor;
        m[i] = b1 * m[i] + r1 * grad;
        v[i] = b2 * v[i] + r2 * grad * grad;
        p[i] = p[i] * keep - rate * m[i] / (std::sqrt(v[i]) / correction + eps);
    }
}

void adamwStep(const std::vector<at::Tensor>& parameters, const std::vector<at::Tensor>& gradients,
    const std::vector<at::Tensor>& firstMoments, const std::vector<at::Tensor>& secondMoments, const AdamWOptions& options,
    int64_t step, double rate, double scale)
{
    const at::NoGradGuard guard;
    if (scale != 1) {
        for (const auto& gradient : gradients)
            gradient.mul_(scale);
    }
    const std::vector<at::Tensor> steps(parameters.size(), at::full({}, double(step), parameters.front().options()));
    at::_fused_adamw_(parameters, gradients, firstMoments, secondMoments, {}, steps, rate, options.beta1, options.beta2,
        options.weightDecay, options.epsilon, false, false);
}

AdamW::AdamW(const std::vector<TrainedTensor>& tensors, at::Tensor parameters, at::Tensor gradients, AdamWOptions options)
    : m_parameters(std::move(parameters)),
      m_gradients(std::move(gradients)),
      m_first(at::zeros_like(m_parameters)),
      m_second(at::zeros_like(m_parameters)),
      m_options(options)
{
    int64_t end = 0;
    for (const auto& tensor : tensors) {
        end += tensor.parameter.numel();
        if (!m_ranges.empty() && m_ranges.back().rateFactor == tensor.rateFactor)
            m_ranges.back().end = end;
        else
            m_ranges.push_back({end, tensor.rateFactor});
    }
    if (end != m_parameters.numel()) {
        throw Error({.code = Code::internal,
            .place = "the optimiser's tensors",
            .found = std::to_string(end) + " values",
            .allowed = std::to_string(m_parameters.numel()) + ", all of the buffer"});
    }
}

// One call for all ranges of a factor.
void AdamW::stepOnDevice(int64_t step, double rate, double scale)
{
    std::map<double, std::array<std::vector<at::Tensor>, 4>> byFactor;
    int64_t first = 0;
    for (const auto& [end, factor] : m_ranges) {
        auto& lists = byFactor[factor];
        size_t list = 0;
        for (const auto& all : {m_parameters, m_gradients, m_first, m_second})
            lists[list++].push_back(all.narrow(0, first, end - first));
        first = end;
    }
    for (const auto& [factor, lists] : byFactor)
        adamwStep(lists[0], lists[1], lists[2], lists[3], m_options, step, rate * factor, scale);
}

void AdamW::step(int64_t step, double rate, double scale)
{
    if (!m_parameters.is_cpu())
        return stepOnDevice(step, rate, scale);
    float* p = m_parameters.data_ptr<float>();
    float* m = m_first.data_ptr<float>();
    float* v = m_second.data_ptr<float>();
    const float* g = m_gradients.const_data_ptr<float>();
    std::vector<AdamWStep> steps;
    for (const auto& range : m_ranges)
        steps.emplace_back(m_options, step, rate * range.rateFactor, scale);
    // Threads share the whole buffer, not each range: a range is as small as one factor of one layer.
    at::parallel_for(0, m_parameters.numel(), 1 << 14, [&](int64_t first, int64_t last) {
        const auto after = [](int64_t value, const Range& range) { return value < range.end; };
        auto i = size_t(std::upper_bound(m_ranges.begin(), m_ranges.end(), first, after) - m_ranges.begin());
        for (; first < last; ++i) {
            const auto end = std::min(last, m_ranges[i].end);
            steps[i].apply(p, g, m, v, first, end);
            first = end;
        }
    });
}

std::vector<std::pair<std::string, at::Tensor>> AdamW::state()
{
    return {{"first", m_first}, {"second", m_second}};
}

namespace {

std::unique_ptr<Optimiser> make(const std::vector<TrainedTensor>& tensors, at::Tensor parameters, at::Tensor gradients,
    const RunConfig& config)
{
    return std::make_unique<AdamW>(tensors, std::move(parameters), std::move(gradients), adamwOptions(config));
}

}  // namespace

extern const OptimiserSpec adamw;
const OptimiserSpec adamw{.id = "adamw", .make = make};

}  // namespace rankwright
