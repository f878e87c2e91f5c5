// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Singular values of a model's adaptable matrices: as they are stored, as a run has left them, or weighted by what a calibration batch
// puts into them.
#pragma once

#include "training/io/weights.h"
#include "training/train/session.h"

namespace rankwright {

struct MatchingModule { std::string name, kind; };
// Adaptable modules of the model whose names match the glob, in model order. Throws Error{usage} where none does.
std::vector<MatchingModule> matchingModules(const ModelConfig& config, const std::string& glob);

// All values of matrices up to this shorter side are computed, whatever is listed; of larger ones those that are listed.
inline constexpr int64_t kWholeSide = 4096;
inline constexpr int64_t kLargestListed = 256;   // of SpectrumJob::kAuto

// Values of one matrix with its summary numbers; `top` as in SpectrumJob. The energy is the squared Frobenius norm of the matrix itself,
// summed in float64. Where only the largest values were computed the effective rank is NaN, since it needs all of them; the stable rank
// does not. `each` may throw between the steps of a long decomposition. Throws Error{data} where a weight is not finite.
ModuleSpectrum spectrumOf(const std::string& name, const at::Tensor& weight, const std::string& hash, int64_t top,
    const std::function<void()>& each = {}, int64_t wholeSide = kWholeSide);

// Every module that matches, in model order; each is sent as an event as soon as it is known. Modules whose hash is among
// job.known are not computed again. The hash is Weights::hash() of stored weights; of a run's, SHA-256 over dtype, shape and bytes of
// effectiveWeight(); of weighted ones, SHA-256 over that hash and the channels' root mean squares: a cache tells them apart.
SpectrumReport modelSpectrum(const SpectrumJob& job, JobContext& context);

}  // namespace rankwright
