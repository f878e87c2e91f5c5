// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/adapters/orthonormal.h"

#include <ATen/ATen.h>

#include <cmath>

namespace rankwright {

namespace {

constexpr double kSquareFloor = 1e-12;

at::Tensor gramMinusIdentity(const at::Tensor& X)
{
    auto gram = at::matmul(X, X.t());
    gram.diagonal().sub_(1);
    return gram;
}

}  // namespace

double orthonormalError(const at::Tensor& X)
{
    return gramMinusIdentity(X.detach().to(at::kDouble)).norm().item<double>();
}

void addOrthonormalGradient(const at::Tensor& X, at::Tensor gradient, double factor)
{
    const auto M = gramMinusIdentity(X.detach());
    const double size = M.to(at::kDouble).square().sum().item<double>();
    // d sqrt(<M, M> + e) = <M, dX X^T + X dX^T> / sqrt(<M, M> + e), and M is symmetric.
    gradient.add_(at::matmul(M, X.detach()), 2 * factor / std::sqrt(size + kSquareFloor));
}

}  // namespace rankwright
