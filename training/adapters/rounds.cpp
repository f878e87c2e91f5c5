// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/adapters/rounds.h"

#include <ATen/ATen.h>

#include <limits>

namespace rankwright {

namespace {

Start startFrom(const Factors& factors, const std::optional<Factors>& subtracted, double scaling)
{
    Start start{.A = factors.A, .B = factors.B, .scaling = scaling};
    if (subtracted)
        start.edit = BaseEdit{subtracted->A.clone(), subtracted->B.clone(), scaling};
    return start;
}

}  // namespace

Start decomposeFirst(const at::Tensor& weight, const Rounds& rounds)
{
    auto factors = rounds.principal(weight);
    for (int64_t round = 1; round < rounds.count; ++round)
        factors = rounds.principal(weight - rounds.roundTrip(residual(weight, factors, rounds.scaling)));
    return startFrom(factors, factors, rounds.scaling);
}

Start quantiseFirst(const at::Tensor& weight, const Rounds& rounds)
{
    std::optional<Factors> subtracted;
    auto factors = rounds.principal(weight - rounds.roundTrip(weight));
    for (int64_t round = 1; round < rounds.count; ++round) {
        subtracted = factors;
        factors = rounds.principal(weight - rounds.roundTrip(residual(weight, *subtracted, rounds.scaling)));
    }
    auto start = startFrom(factors, subtracted, rounds.scaling);
    start.belongsToBase = true;
    return start;
}

Start alternate(const at::Tensor& weight, const Rounds& rounds)
{
    Factors best;
    double least = std::numeric_limits<double>::infinity();
    auto X = weight;
    for (int64_t round = 0; round < rounds.count; ++round) {
        const auto factors = rounds.principal(X);
        const auto rest = residual(weight, factors, rounds.scaling);
        const auto kept = rounds.roundTrip(rest);
        const double error = rounds.norm(rest - kept);
        if (best.A.defined() && error >= least)
            break;
        best = factors;
        least = error;
        X = weight - kept;
    }
    return startFrom(best, best, rounds.scaling);
}

}  // namespace rankwright
