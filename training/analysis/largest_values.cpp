// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/analysis/largest_values.h"

#include "training/adapters/decompose.h"
#include "training/train/random.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace rankwright {

namespace {

constexpr double kResidual = 2e-6;      // of an eigenvalue: half of it is left for a singular value
constexpr double kGramFloor = 1e-5;     // below this share of the largest, a Gram matrix does not say the value
constexpr int64_t kPiece = 32 << 20;    // bytes of the matrix that are float64 at a time

// W W' Q for W with its shorter side first, a strip of the longer side at a time: no float64 copy of all of W.
at::Tensor timesGram(const at::Tensor& wide, const at::Tensor& Q)
{
    const auto strip = std::max<int64_t>(1, kPiece / int64_t(sizeof(double)) / wide.size(0));
    auto product = at::zeros_like(Q);
    for (int64_t first = 0; first < wide.size(1); first += strip) {
        const auto part = wide.narrow(1, first, std::min(strip, wide.size(1) - first)).to(at::kDouble);
        product.addmm_(part, at::matmul(part.t(), Q));
    }
    return product;
}

at::Tensor randomBlock(int64_t rows, int64_t columns)
{
    auto block = at::empty({rows, columns}, at::kDouble);
    const Random random(0, "largest", "");
    auto* to = block.data_ptr<double>();
    for (int64_t i = 0; i < block.numel(); ++i)
        to[i] = random.normal(uint64_t(i));
    return block;
}

// An orthonormal basis of the columns, orthogonal to those of V. Twice is enough, also where columns depend on each other.
at::Tensor orthonormalBeside(const at::Tensor& V, at::Tensor columns)
{
    for (int i = 0; i < 2; ++i) {
        if (V.defined())
            columns = columns - at::matmul(V, at::matmul(V.t(), columns));
        columns = std::get<0>(at::linalg_qr(columns));
    }
    return columns;
}

}  // namespace

at::Tensor largestSingularValues(const at::Tensor& weight, int64_t count, const std::function<void()>& each)
{
    const auto wide = weight.size(0) <= weight.size(1) ? weight : weight.t();
    const auto side = wide.size(0);
    const auto allValues = [&] { return singularValues(weight).narrow(0, 0, count).contiguous(); };
    const auto block = std::clamp<int64_t>(count / 2, 8, 128);
    at::Tensor V, GV;   // (side, d): the subspace, and the Gram matrix times it
    auto lookAt = count + block;   // the size of the subspace at which it is looked at next: that costs more than to let it grow
    auto Q = orthonormalBeside({}, randomBlock(side, std::min(block, side)));
    while (2 * ((V.defined() ? V.size(1) : 0) + block) <= side) {
        if (each)
            each();
        const auto GQ = timesGram(wide, Q);
        if (!V.defined() && !GQ.any().item<bool>())   // a random block and nothing left of it
            return at::zeros({count}, at::kDouble);
        V = V.defined() ? at::cat({V, Q}, 1) : Q;
        GV = GV.defined() ? at::cat({GV, GQ}, 1) : GQ;
        const auto d = V.size(1);
        if (d >= lookAt) {
            lookAt = d + d / 2;
            const auto projected = at::matmul(V.t(), GV);
            const auto [values, vectors] = at::linalg_eigh((projected + projected.t()) / 2);
            const auto theta = values.narrow(0, d - count, count), S = vectors.narrow(1, d - count, count);
            if (theta[0].item<double>() <= kGramFloor * kGramFloor * theta[count - 1].item<double>())
                return allValues();
            const auto residuals = (at::matmul(GV, S) - at::matmul(V, S) * theta).norm(2, 0);
            if ((residuals <= kResidual * theta).all().item<bool>())
                return theta.flip(0).sqrt().contiguous();
        }
        Q = orthonormalBeside(V, GQ);
    }
    return allValues();
}

}  // namespace rankwright
