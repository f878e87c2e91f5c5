// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/analysis/update.h"

#include "training/train/trained_model.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

namespace rankwright {

namespace {

Factors folded(const at::Tensor& A, const at::Tensor& B, const at::Tensor& core, double scaling)
{
    const at::NoGradGuard guard;
    Factors factors{A.detach().clone(), B.detach() * scaling};
    if (core.defined() && core.dim() == 1)
        factors.B = factors.B * core.detach();
    else if (core.defined())
        factors.B = at::matmul(factors.B, core.detach());
    return factors;
}

// B A - B0 A0 for factors of one rank as (B - B0) A + B0 (A - A0): near step 0 both products would cancel.
ThinProduct difference(const Factors& now, const Factors& before)
{
    if (now.A.size(0) != before.A.size(0))
        return {at::cat({now.B, -before.B}, 1), at::cat({now.A, before.A}, 0).t()};
    return {at::cat({now.B - before.B, before.B}, 1), at::cat({now.A, now.A - before.A}, 0).t()};
}

}  // namespace

bool hasLowRankUpdate(const AdapterSet::Entry& entry)
{
    return entry.slot && entry.slot->delta && !entry.slot->delta->weight.defined() && !entry.slot->delta->magnitude.defined();
}

Factors foldedFactors(const LinearSlot& slot)
{
    const auto& delta = *slot.delta;
    // Decomposed on the CPU, wherever the run is.
    return folded(delta.A.cpu(), delta.B.cpu(), delta.core.defined() ? delta.core.cpu() : delta.core, delta.scaling);
}

Factors foldedFactors(const Start& start)
{
    return folded(start.A, start.B, start.core, start.scaling);
}

std::map<std::string, Factors> factorsAtStart(const std::filesystem::path& runFolder, const TrainedModel& trained)
{
    std::map<std::string, Factors> factors;
    if (!trained.adapters->belongsToBase())
        return factors;
    const auto checkpoint = findTrained(runFolder, trained.config);
    for (const auto& [name, start] : readStart(runFolder, *trained.weights, checkpoint->identity.startHash)) {
        if (!start.trainsWeight)
            factors[name] = foldedFactors(start);
    }
    return factors;
}

ThinProduct lowRankUpdate(const AdapterSet::Entry& entry, const Factors& atStart)
{
    const auto& delta = *entry.slot->delta;
    const auto now = foldedFactors(*entry.slot);
    ThinProduct update{now.B, now.A.t()};
    if (entry.belongsToBase)
        update = difference(now, atStart);
    else if (entry.edit)
        update = difference(now, {entry.edit->A0, entry.edit->B0 * entry.edit->scaling});
    if (delta.driftA.defined()) {   // + gain s (B A - B' A'), the base's own move
        const double gain = delta.driftGain * delta.scaling;
        const auto moved = difference(
            {delta.A.detach().cpu(), delta.B.detach().cpu() * gain}, {delta.driftA.cpu(), delta.driftB.cpu() * gain});
        update = {at::cat({update.P, moved.P}, 1), at::cat({update.Q, moved.Q}, 1)};
    }
    return update;
}

at::Tensor denseUpdate(const AdapterSet::Entry& entry, const at::Tensor& original)
{
    const auto now = effectiveWeight(*entry.slot);
    if (entry.slot->delta->weight.defined())
        return now - original;
    // The base in memory, not the file's values: it may have been rounded to the compute dtype or quantised.
    const auto base = entry.slot->base.dense();
    return entry.baseIsEdited() ? now - at::addmm(base, entry.edit->B0, entry.edit->A0, 1, entry.edit->scaling) : now - base;
}

Triplets tripletsOf(const ThinProduct& product)
{
    const auto [Qp, Rp] = at::linalg_qr(product.P.to(at::kDouble));
    const auto [Qq, Rq] = at::linalg_qr(product.Q.to(at::kDouble));
    const auto [U, S, Vh] = at::linalg_svd(at::matmul(Rp, Rq.t()), false);
    const auto rank = S[0].item<double>() > 0 ? (S > 1e-10 * S[0]).sum().item<int64_t>() : 0;
    return {at::matmul(Qp, U.narrow(1, 0, rank)), S.narrow(0, 0, rank).contiguous(), at::matmul(Qq, Vh.narrow(0, 0, rank).t())};
}

at::Tensor spanOf(const at::Tensor& columns)
{
    const auto [Q, R] = at::linalg_qr(columns.to(at::kDouble));
    const auto [U, S, Vh] = at::linalg_svd(R, false);
    const auto rank = S[0].item<double>() > 0 ? (S > 1e-6 * S[0]).sum().item<int64_t>() : 0;
    return at::matmul(Q, U.narrow(1, 0, rank));
}

at::Tensor anglesOf(const at::Tensor& overlap)
{
    return at::acos(at::linalg_svdvals(overlap).clamp_max(1)) * (180 / std::numbers::pi);
}

double effectiveRank(const at::Tensor& values)
{
    const double sum = values.numel() > 0 ? values.sum().item<double>() : 0;
    if (!(sum > 0))
        return 0;
    const auto share = values.to(at::kDouble) / sum;
    return std::exp(-at::xlogy(share, share).sum().item<double>());
}

}  // namespace rankwright
