// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A model from its files with a PEFT adapter on it, and the head for labels that the adapter or the files bring along.
#pragma once

#include "training/adapters/adapter_set.h"
#include "training/train/session.h"

namespace rankwright {

struct AdaptedModel
{
    std::unique_ptr<Weights> weights;   // stays where it is: bases that are not placed yet read from it
    Model model;
    std::vector<std::string> labels;    // of a head for classes, in their order; empty where they have no names
    std::optional<AdapterSet> adapters = std::nullopt;
};

// `adapter` may be empty. Of `config` threads, device, dtype and base are read; a base that is not put into few bits is held as `bases`.
std::unique_ptr<AdaptedModel> openAdapted(const std::string& spec, const std::string& adapter, const RunConfig& config,
    JobContext& context, Bases bases = Bases::dense);

}  // namespace rankwright
