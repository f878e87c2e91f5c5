// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What quantising a base costs and what LoftQ, QPiSSA and their kin win back (PiSSA 2404.02948, section 4, tables 4 and 8).
#pragma once

#include "training/train/session.h"

namespace rankwright {

// Of every matching module: norms of W - (quantise(W') + s B A) for each method, rank and number of rounds, beside those of
// W - quantise(W), and the size of the outputs' difference on a calibration batch where one is asked for. The starts are those that
// training makes. Module by module, rounds in rising order; each is sent as a QuantError event as soon as it is known. Throws
// Error{config} for a rank, method or format that cannot be, Error{stopped} at a stop.
QuantErrorReport quantErrors(const QuantErrorJob& job, JobContext& context);

// Frobenius, nuclear and spectral norm of a difference (out, in), and ||difference X^T||_F where `inputs` X (tokens, in) is defined.
ErrorNorms errorNorms(const at::Tensor& difference, const at::Tensor& inputs = {});

// The errors of one weight (out, in) float32 under one method of `config` (method, rank, alpha, base, options), told one after the
// other: for each of `rounds` (rising), or once with 0 for a method without them. T rounds pass through all smaller numbers of them,
// so the largest is the only one that is computed.
void methodErrors(const std::string& module, const at::Tensor& weight, const at::Tensor& inputs, RunConfig config,
    const std::vector<int64_t>& rounds, const std::function<void(int64_t rounds, const ErrorNorms& error)>& tell);

}  // namespace rankwright
