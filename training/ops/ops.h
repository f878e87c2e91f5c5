// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The arithmetic of a decoder. Each operation has a plain form (LibTorch's operators under autograd: the reference) and a fast
// one (an autograd function of ours that saves little and recomputes cheap things); tests/training/tst_ops runs one against the
// other, values and gradients. Model code calls the functions below and never at:: directly.
#pragma once

#include "training/nn/linear.h"

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

namespace rankwright::ops {

// Which form the current thread uses; fast unless a test says otherwise.
enum class Form { fast, plain };
void setForm(Form form);
[[nodiscard]] Form form();

// x (tokens, width), weight (width): x / sqrt(mean(x^2) + epsilon) * weight, the mean in float32. A weight that
// asks for a gradient takes the plain form.
at::Tensor rmsNorm(const at::Tensor& x, const at::Tensor& weight, double epsilon);

// silu(gate) * up, both (tokens, width) (Shazeer 2020).
at::Tensor swiGlu(const at::Tensor& gate, const at::Tensor& up);

// x (tokens, heads, size); cos and sin (tokens, size / 2) float32. Pairs (i, i + size / 2), as Hugging Face (methods.md 5.1).
at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin);

// q (tokens, heads, size), k and v (keys, kvHeads, size) -> (tokens, heads * size). Causal within each row; row i has queries
// bounds[i] .. bounds[i+1]. Query heads j*g .. j*g+g-1 read key head j. slidingWindow 0: none, else a token sees that many tokens
// including itself. Where keys > tokens (a cache), there is one row and the queries are its last tokens.
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const std::vector<int64_t>& bounds,
    int64_t slidingWindow = 0);

// What dropout on the adapters' input is drawn from: pure functions of these numbers.
struct DropoutSource
{
    bool training = false;
    int64_t seed = 0;
    int64_t step = 0;
    const std::vector<int64_t>* bounds = nullptr;        // rows of the batch
    const std::vector<int64_t>* sampleIndex = nullptr;   // global sample numbers of the rows
};

// Projections that share their input (q|k|v, gate|up, or one): outputs[i] = x W_i^T + b_i + s_i (drop(x) A_i^T) B_i^T, or
// what Delta says beyond A and B. x (tokens, in). Base weights are frozen; gradients go to x and to what the adapter trains.
std::vector<at::Tensor> linearGroup(const at::Tensor& x, std::span<const LinearSlot* const> slots,
    const DropoutSource& dropout);

// Cross entropy of each target: hidden (targets, width) against the head (vocabulary, width) -> (targets) float32.
// Computed in chunks of rows: (targets, vocabulary) never exists as a whole, unless the head itself is trained.
at::Tensor lmLoss(const at::Tensor& hidden, const at::Tensor& head, const at::Tensor& targets);

}  // namespace rankwright::ops
