// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The start of each module that gets an adapter, several modules at once.
#pragma once

#include "training/adapters/adapter_set.h"

namespace rankwright {

// starts[i] of modules[i], by `method`. Weights come from the model where it holds them in float32 as the files do, else from `weights`.
// Throws Error{stopped} soon after `stopped` says so, Error{data} where a weight is not finite.
std::vector<PlacedStart> startEach(const std::vector<std::pair<ModuleShape, ModuleRank>>& modules, const MethodSpec& method,
    const Prepared& prepared, Model& model, Weights& weights, const RunConfig& config, const Model::Progress& progress,
    const std::function<bool()>& stopped);

}  // namespace rankwright
