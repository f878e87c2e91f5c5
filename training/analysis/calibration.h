// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What a model's own data puts into each of its matrices: the input X of the output error ||(W - W_eff) X||_F, and the scale of each
// input channel, by which spectra are weighted (ASVD, Yuan and others 2023, arXiv 2312.05821, scales by such magnitudes).
#pragma once

#include "training/train/session.h"

#include <map>

namespace rankwright {

struct Calibration
{
    // Module -> (in) float32: root mean square of each input channel over all tokens.
    std::map<std::string, at::Tensor> rms;
    // Module -> (tokens, in) float32: evenly spaced tokens, as many as were asked for or as there are. Modules that share their input
    // share the storage.
    std::map<std::string, at::Tensor> inputs;
    int64_t tokens = 0;   // that rms is of
};

// The rows that are read where a configuration names none.
inline constexpr const char* kCalibrationRows = ":16";

// Runs the model as it is over training rows of `data` (data parts and rows are read; a row is cut at maxLength and at the model's
// context) and looks at the inputs of the modules whose names match the glob. `keepTokens` 0: rms alone. Throws Error{data} where
// there is no token or an input is not finite.
Calibration calibrate(const Model& model, const ModelText& text, const RunConfig& data, JobContext& context, int64_t keepTokens,
    const std::string& modules = "*");

}  // namespace rankwright
