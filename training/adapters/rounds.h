// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// W ~ quantised(W') + s B A: the three orders in which QPiSSA, LoftQ and LQ-LoRA take turns between the quantiser and the
// decomposition. The quantised base itself is made later, from the edit of the start: quantise(W - s B0 A0).
#pragma once

#include "training/adapters/factors.h"

#include <functional>

namespace rankwright {

struct Rounds
{
    int64_t count = 1;
    double scaling = 1;
    std::function<Factors(const at::Tensor& X)> principal;        // X ~ s B A
    std::function<at::Tensor(const at::Tensor& X)> roundTrip;     // through the base's format, float32
    // ||.|| of what is lost; only alternate() asks.
    std::function<double(const at::Tensor& error)> norm = {};
    std::function<void(int64_t rounds, const Start& start)> each = {};   // SlotStart::eachRound
};

// QPiSSA (2404.02948, algorithm 1, in the order of its authors' code): decompose, then quantise the rest. The factors are those from
// before the last quantisation, which subtracts them: count 1 is PiSSA with a quantised residual.
Start decomposeFirst(const at::Tensor& weight, const Rounds& rounds);

// LoftQ (Li and others 2023, arXiv 2310.08659, algorithm 1): quantise, then decompose what is lost. The factors come after the last
// quantisation, which subtracts those of the round before it, none where count is 1.
Start quantiseFirst(const at::Tensor& weight, const Rounds& rounds);

// LQ-LoRA (Guo and others 2023, arXiv 2311.12023, algorithm 2): as decomposeFirst, until the error no longer falls or for `count`
// rounds; keeps the round with the smallest error (the authors' code returns the last one).
Start alternate(const at::Tensor& weight, const Rounds& rounds);

}  // namespace rankwright
