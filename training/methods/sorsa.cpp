// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// SORSA (Cao 2024, arXiv 2409.00055, and its published code): PiSSA's slice as U diag(d) V^T with a pull of the factors towards
// orthonormal ones. The singular values are not divided by s.
#include "training/api/catalog.h"

#ifndef RANKWRIGHT_TORCH
#include "training/api/method_options.h"

namespace rankwright {

extern const MethodCard sorsaCard{
    .id = "sorsa",
    .title = "SORSA",
    .explanation = "Trains the principal singular vectors and values as three factors and pulls the vectors back to orthonormal ones.",
    .formula = "B = U_r, d = S_r, A = V_r^T, y = (W - s B_0 diag(d_0) A_0) x + s B diag(d) A x; after clipping the gradient of"
               " (gamma / lr) mean(||A A^T - I||, ||B^T B - I||) is added",
    .paper = "Cao 2024, arXiv 2409.00055",
    .stepZero = "The base model to rounding: what the adapter adds is taken out of the base.",
    .note = "s = alpha / r; alpha at auto (0) gives s = 1, as the published code. Its scripts set gamma to 4e-4, its Python package to 0.",
    .picture = {.core = Part::trained, .residual = true},
    .options = {{.key = "gamma", .option = "--gamma", .label = "Pull to orthonormal", .kind = Field::Kind::number,
                    .otherwise = 4e-4, .least = 0, .most = 1,
                    .help = "Step size of the pull towards orthonormal A and B, beside the learning rate; 0 turns it off."},
        options::svd(), options::oversample()},
    .learningRate = 3e-5,
    .learningRateSource = "the published scripts",
    .allowsDropout = false,
    .plainExport = PlainExport::doubled,
};

}  // namespace rankwright

#else
#include "training/adapters/adapter_set.h"
#include "training/adapters/factors.h"
#include "training/adapters/orthonormal.h"

#include <ATen/ATen.h>

namespace rankwright {

namespace {

// B = U, core = the singular values, A = V^T; the values are not divided by s.
Start start(const at::Tensor& weight, const SlotStart& slot)
{
    const double s = loraScaling(slot);   // 1 where alpha is automatic
    const auto triplets = principalTriplets(weight, slot);
    const auto A = triplets.V.t().to(at::kFloat).contiguous();
    const auto B = triplets.U.to(at::kFloat).contiguous();
    const auto d = triplets.S.to(at::kFloat).contiguous();
    return {.A = A, .B = B, .scaling = s, .edit = BaseEdit{A.clone(), B * d, s}, .core = d};
}

// Adds the gradient of (gamma / peak rate) * mean over all A and B of ||A A^T - I||_F, ||B^T B - I||_F: times the step's rate, gamma is
// a step of its own that follows the schedule.
void regularise(AdapterSet& adapters, const RunConfig& config, double)
{
    const double gamma = optionNumber(config, "gamma");
    using Role = TrainedTensor::Role;
    int64_t count = 0;
    for (const auto& tensor : adapters.trained())
        count += tensor.role == Role::A || tensor.role == Role::B;
    if (gamma == 0 || count == 0)
        return;
    const double factor = gamma / config.learningRate / double(count);
    for (const auto& tensor : adapters.trained()) {
        if (tensor.role == Role::A)
            addOrthonormalGradient(tensor.parameter, tensor.gradient, factor);
        else if (tensor.role == Role::B)
            addOrthonormalGradient(tensor.parameter.detach().t(), tensor.gradient.t(), factor);
    }
}

}  // namespace

extern const MethodSpec sorsa{.id = "sorsa", .start = start, .regularise = regularise};

}  // namespace rankwright
#endif
