// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Singular values of a model's adaptable matrices.
#pragma once

#include "training/io/weights.h"
#include "training/train/session.h"

namespace rankwright {

struct MatchingModule { std::string name, kind; };
// Adaptable modules of the model whose names match the glob, in model order. Throws Error{usage} where none does.
std::vector<MatchingModule> matchingModules(const ModelConfig& config, const std::string& glob);

// Values of one matrix with its summary numbers; `top` 0 keeps all.
ModuleSpectrum spectrumOf(const std::string& name, const at::Tensor& weight, const std::string& hash, int64_t top);

// Every module that matches, in model order; each is sent as an event as soon as it is known. Modules whose hash is among
// job.known are not computed again.
SpectrumReport modelSpectrum(const SpectrumJob& job, JobContext& context);

}  // namespace rankwright
