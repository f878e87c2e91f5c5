// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// LoRA-RITE (Yen and others 2024, LoRA Done RITE, arXiv 2410.20625; constants and bias correction as in the authors' PyTorch port):
// a matrix preconditioner for a low-rank pair whose steps depend on Z = B A alone, not on how Z is split into factors.
//
//   X_A = A^T (in, r), X_B = B (out, r); thin QR X = Q R; g = dL/dX; G = dL/dZ, never formed
//   h_A = g_A pinv(R_B) = G^T Q_B         h_B = g_B pinv(R_A) = G Q_A             gradients free of the factors' sizes
//   P_A = Q_B^T Q_B(before)               P_B = Q_A^T Q_A(before)                 change of coordinates since the last step
//   v <- b2 P v P^T + (1 - b2) h^T h / rows(h)                                    second moment, a matrix
//   m <- b1 m P^T + (1 - b1) h (v^(1/2) + epsilon)^-1                             momentum of the preconditioned h
//   X_A <- X_A - rate (m_A pinv(R_B)^T + decay X_A)      X_B <- X_B - rate (m_B pinv(R_A)^T + decay X_B)
//
// with b = beta (1 - beta^(t-1)) / (1 - beta^t) in step t = 1, 2, ... Each factor is moved in terms of the other's Q, R and P.
// Where something trained or fixed lies between B and A (SORSA's diagonal), Z is not B A: steps are then a good preconditioner,
// but no longer independent of the split.
#pragma once

#include "training/optimisers/adamw.h"

namespace rankwright {

struct RiteOptions
{
    double beta1 = 0.9, beta2 = 0.999;
    double epsilon = 1e-6;
    double weightDecay = 0;
    double clip = 1;        // most norm of all h together; 0: none
    double skip = 1;        // an h with a root mean square above this is taken as 0
    bool escape = false;    // adds to v the mass that a change of basis may have lost; off in the port
};

// One factor and what is remembered of it; tensors have the type of X, float32 or (in tests) float64, unless it says otherwise.
// Widths: k = min(rows, r) is that of its basis, k' that of the other factor's.
struct RiteFactor
{
    at::Tensor X, gradient;     // (rows, r), views of a parameter and its gradient
    // State.
    at::Tensor basis;           // Q of the last step, (rows, k)
    at::Tensor first;           // m in coordinates of the other basis, (rows, k')
    at::Tensor root;            // v^(1/2), (k', k'): keeps in float32 what v itself would need float64 for; v is never negative
    at::Tensor escaped;         // lost mass, (1)
    // Of the current step.
    at::Tensor inverse = {};    // pinv(R), (r, k) float64
    at::Tensor turn = {};       // Q^T Q(before), (k, k) float64
    at::Tensor h = {};          // (rows, k')
};

// A low-rank pair; one step is unmagnify() and then update().
struct RitePair
{
    // At its start. `A` (r, in), `B` (out, r) and the gradients of the same shapes are kept as views.
    RitePair(const at::Tensor& A, const at::Tensor& gradA, const at::Tensor& B, const at::Tensor& gradB);
    // Bases and h of both factors, from gradients times `scale`; returns the sum of all squares of h. A pair whose factors are not
    // finite is left out of this step.
    double unmagnify(double scale, const RiteOptions& options);
    // With h times `clip`. Nothing that is not finite reaches the parameters or the state.
    void update(int64_t step, double rateA, double rateB, double clip, const RiteOptions& options);

    RiteFactor A, B;
};

// What h is multiplied by, where `squares` is the sum over all pairs: min(1, options.clip / norm).
double riteClip(double squares, const RiteOptions& options);

class Rite : public Optimiser
{
public:
    Rite(const std::vector<TrainedTensor>& tensors, const RunConfig& config);
    // The pairs by LoRA-RITE; other tensors (DoRA's magnitude, SORSA's diagonal) by AdamW with the same rate.
    void step(int64_t step, double rate, double scale) override;
    // Flat float32: basis, first, root and escaped of all pairs, then AdamW's moments where there are other tensors.
    [[nodiscard]] std::vector<std::pair<std::string, at::Tensor>> state() override;

private:
    struct Placed { RitePair pair; double rateFactorA, rateFactorB; };
    struct Other { at::Tensor parameter, gradient; double rateFactor; int64_t offset; };

    void layOut();

    std::vector<Placed> m_pairs;
    std::vector<Other> m_others;
    at::Tensor m_basis, m_first, m_root, m_escaped, m_otherFirst, m_otherSecond;
    RiteOptions m_options;
    AdamWOptions m_adamw;
};

}  // namespace rankwright
