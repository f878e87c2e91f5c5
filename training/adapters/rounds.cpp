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

template <class MakeStart> void tell(const Rounds& rounds, int64_t done, const MakeStart& start)
{
    if (rounds.each)
        rounds.each(done, start());
}

}  // namespace

Start decomposeFirst(const at::Tensor& weight, const Rounds& rounds)
{
    auto factors = rounds.principal(weight);
    for (int64_t round = 1; round < rounds.count; ++round) {
        tell(rounds, round, [&] { return startFrom(factors, factors, rounds.scaling); });
        factors = rounds.principal(weight - rounds.roundTrip(residual(weight, factors, rounds.scaling)));
    }
    auto start = startFrom(factors, factors, rounds.scaling);
    tell(rounds, rounds.count, [&] { return start; });
    return start;
}

Start quantiseFirst(const at::Tensor& weight, const Rounds& rounds)
{
    std::optional<Factors> subtracted;
    auto factors = rounds.principal(weight - rounds.roundTrip(weight));
    const auto current = [&] {
        auto start = startFrom(factors, subtracted, rounds.scaling);
        start.belongsToBase = true;
        return start;
    };
    for (int64_t round = 1; round < rounds.count; ++round) {
        tell(rounds, round, current);
        subtracted = factors;
        factors = rounds.principal(weight - rounds.roundTrip(residual(weight, *subtracted, rounds.scaling)));
    }
    tell(rounds, rounds.count, current);
    return current();
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
        tell(rounds, round + 1, [&] { return startFrom(best, best, rounds.scaling); });
    }
    return startFrom(best, best, rounds.scaling);
}

}  // namespace rankwright
