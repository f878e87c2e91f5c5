// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A fine-tuning method: how the adapter of one weight starts and what it takes out of the base. One file and one line in
// methods.inc each; forms, command-line choices, documentation and the property tests follow from the registry.
#pragma once

#include "training/api/config.h"
#include "training/nn/linear.h"

#include <optional>
#include <string_view>
#include <vector>

namespace rankwright {

// A weight that gets an adapter.
struct SlotStart
{
    std::string name;
    int64_t rank = 0;
    double alpha = 0;
    const RunConfig& config;
};

struct Start
{
    at::Tensor A, B;                    // (rank, in) and (out, rank), float32
    double scaling = 1;                 // alpha / rank
    std::optional<BaseEdit> edit;       // what is taken out of the base, if anything
};

struct MethodSpec
{
    std::string_view id;                // "pissa"
    std::string_view title;             // "PiSSA"
    std::string_view explanation;       // one sentence
    std::string_view paper;
    std::string_view stepZero;          // what holds before the first step
    // `weight` (out, in) float32.
    Start (*start)(const at::Tensor& weight, const SlotStart& slot);
    // Throws Error{config} where the configuration makes no sense for this method.
    void (*check)(const RunConfig& config);
};

const std::vector<MethodSpec>& methods();
const MethodSpec& methodById(std::string_view id);   // throws Error{config} with the nearest name

}  // namespace rankwright
