// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The update dW of an adapted weight. On a base in full precision it is W_eff - W, W the ORIGINAL weight: where a method put s0 B0 A0
// into the adapter and took it out of the base (PiSSA eq. 4), that is s B A - s0 B0 A0. A quantised base is off from W by an error that
// no training made and that has every rank; there dW is what training changed: s B A, or, where the start already held something for
// that base (QPiSSA, LoftQ, LQ-LoRA), s B A minus its value at step 0. Both agree where a base is not quantised, but for --init-adapter,
// whose start is part of dW.
#pragma once

#include "training/adapters/adapter_set.h"
#include "training/adapters/factors.h"

#include <filesystem>
#include <map>

namespace rankwright {

struct TrainedModel;

// dW = P Q^T: P (out, k), Q (in, k), float32.
struct ThinProduct { at::Tensor P, Q; };

// False where whole weights are trained and where rows are rescaled (DoRA): their updates have full rank.
bool hasLowRankUpdate(const AdapterSet::Entry& entry);
// The adapter of the slot as two factors: B = scaling * B core, A = A. Copies.
Factors foldedFactors(const LinearSlot& slot);
Factors foldedFactors(const Start& start);
// foldedFactors() of a stored run's start, by module; empty where no adapter belongs to its base.
std::map<std::string, Factors> factorsAtStart(const std::filesystem::path& runFolder, const TrainedModel& trained);
// `atStart`: foldedFactors() of step 0, read only where entry.belongsToBase. Only where hasLowRankUpdate().
ThinProduct lowRankUpdate(const AdapterSet::Entry& entry, const Factors& atStart);
// (out, in) float32, for every slot that has no low-rank update.
at::Tensor denseUpdate(const AdapterSet::Entry& entry, const at::Tensor& original);

// The singular triplets of P Q^T above 1e-10 of the largest, float64, from two thin QR decompositions and the SVD of a k x k matrix.
// There may be none.
Triplets tripletsOf(const ThinProduct& product);
// An orthonormal basis of the columns' span, float64; directions below 1e-6 of the largest are left out. (n, 0) for a zero matrix.
at::Tensor spanOf(const at::Tensor& columns);
// Principal angles in degrees, smallest first, between two spans with orthonormal bases a and b: of overlap = a^T b, float64 (Björck and
// Golub 1973). Those below 1e-6 degrees are rounding.
at::Tensor anglesOf(const at::Tensor& overlap);
// exp of the entropy of values / sum (Roy and Vetterli 2007); 0 where there are none.
double effectiveRank(const at::Tensor& values);

}  // namespace rankwright
