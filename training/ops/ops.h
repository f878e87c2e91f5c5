// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The arithmetic of the models. Each operation has a plain form (LibTorch's operators under autograd: the reference) and a fast
// one (an autograd function of ours that saves little and recomputes cheap things); tests/training/tst_ops runs one against the
// other, values and gradients. Model code calls the functions below and never at:: directly.
#pragma once

#include "training/nn/linear.h"

#include <ATen/core/Tensor.h>

#include <span>
#include <string>
#include <vector>

namespace rankwright::ops {

// Which form the current thread uses; fast unless a test says otherwise.
enum class Form { fast, plain };
void setForm(Form form);
[[nodiscard]] Form form();
// Whether an operation on x takes its fast form: these are loops for the processor; an accelerator runs LibTorch's operators.
[[nodiscard]] bool fastOn(const at::Tensor& x);

// x (tokens, width), weight (width): x / sqrt(mean(x^2) + epsilon) * weight, the mean in float32. A weight that
// asks for a gradient takes the plain form. With `addOne` the factor is 1 + weight, in float32 before the one rounding (Gemma).
at::Tensor rmsNorm(const at::Tensor& x, const at::Tensor& weight, double epsilon, bool addOne = false);

// silu(gate) * up, both (tokens, width) (Shazeer 2020).
at::Tensor swiGlu(const at::Tensor& gate, const at::Tensor& up);
// The same with the activation named as in ModelConfig: silu, gelu or gelu_tanh.
at::Tensor gated(const at::Tensor& gate, const at::Tensor& up, const std::string& activation);

// x (tokens, width), weight and bias (width): (x - mean) / sqrt(variance + epsilon) * weight + bias, the moments in float32 (Ba,
// Kiros and Hinton 2016).
at::Tensor layerNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double epsilon);

// The activation of a layer without a gate, named as in ModelConfig: gelu (exact) or gelu_tanh (Hendrycks and Gimpel 2016).
at::Tensor activated(const at::Tensor& x, const std::string& activation);

// x (tokens, heads, size); cos and sin (tokens, size / 2) float32. Pairs (i, i + size / 2), as Hugging Face (methods.md 5.1).
at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin);

struct AttentionRule
{
    int64_t window = 0;      // 0: none, else a token sees that many tokens including itself
    double scale = 0;        // of the scores; 0: size^-0.5
    double softcap = 0;      // scores become tanh(s / c) c; 0: none
    bool causal = true;      // false: every token of a row sees all of it
};
// q (tokens, heads, size), k and v (keys, kvHeads, size) -> (tokens, heads * size), within each row: row i has queries
// bounds[i] .. bounds[i+1]. Query heads j*g .. j*g+g-1 read key head j. Where keys > tokens (a cache), there is one row and the
// queries are its last tokens.
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const std::vector<int64_t>& bounds,
    const AttentionRule& rule = {});

// Distances within a row in classes (DeBERTa, methods.md 5.3): exact below buckets / 2, then logarithmic, odd; `span` - 1 falls into
// class buckets - 1.
int64_t distanceBucket(int64_t distance, int64_t buckets, int64_t span);

// What DeBERTa's attention knows of the distance i - j of query i and key j; a term that is undefined is left out.
struct RelativeTerms
{
    at::Tensor keys;         // (distances, heads, size): what a query looks for in a distance (content to position)
    at::Tensor queries;      // (distances, heads, size): what a distance looks for in a key (position to content)
    at::Tensor index;        // (longest row, longest row) int64: which of the distances query i and key j have
};
// q, k and v (tokens, heads, size) -> (tokens, heads * size), within each row, every token sees all of it: softmax over the keys of
// (q_i k_j + q_i keys[index_ij] + k_j queries[index_ij]) / sqrt(terms * size) (He and others 2021, equation 4).
at::Tensor disentangledAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const RelativeTerms& relative,
    const std::vector<int64_t>& bounds);

struct ArmTokens;

// What dropout on the adapters' input is drawn from: pure functions of these numbers.
struct DropoutSource
{
    bool training = false;
    int64_t seed = 0;
    int64_t step = 0;
    const std::vector<int64_t>* bounds = nullptr;        // rows of the batch
    const std::vector<int64_t>* sampleIndex = nullptr;   // global sample numbers of the rows
    const std::vector<ArmTokens>* arms = nullptr;        // whose tokens are whose, where arms run together (LinearSlot::arms)
};

// The tokens first .. last of a batch are one arm's; none where first and last are equal.
struct ArmTokens
{
    int64_t first = 0, last = 0;
    int64_t seed = 0, step = 0;
    std::vector<int64_t> bounds;         // of its rows, from 0
    std::vector<int64_t> sampleIndex;
};

// What projections read: a tensor, or a cheap function of tensors. The fast form keeps those instead of the function's value, which it
// computes again in the backward pass: with SmolLM2 in bfloat16 that is 164 of 520 kB a token.
struct Input
{
    enum class Kind { tensor, normed, gated };
    Kind kind = Kind::tensor;
    at::Tensor x;                // the tensor, what is normalised, or the gate
    at::Tensor up;               // gated
    at::Tensor weight;           // normed, as in rmsNorm()
    double epsilon = 0;
    bool addOne = false;
    std::string activation = {};

    Input(at::Tensor tensor) : x(std::move(tensor)) {}   // NOLINT: a tensor is an input
    static Input normed(const at::Tensor& x, const at::Tensor& weight, double epsilon, bool addOne = false);
    static Input gated(const at::Tensor& gate, const at::Tensor& up, const std::string& activation);
    [[nodiscard]] at::Tensor value() const;   // recorded by autograd as any other
};

// Projections that share their input (q|k|v, gate|up, or one): outputs[i] = x W_i^T + b_i + s_i (drop(x) A_i^T) B_i^T, or
// what Delta says beyond A and B. Where arms run together each arm's tokens see its own deltas, and the products with W_i are one.
// x (tokens, in). Base weights are frozen; gradients go to x and to what the adapter trains.
std::vector<at::Tensor> linearGroup(const Input& x, std::span<const LinearSlot* const> slots,
    const DropoutSource& dropout);

// Cross entropy of each target: hidden (targets, width) against the head (vocabulary, width) -> (targets) float32.
// Computed in chunks of rows: (targets, vocabulary) never exists as a whole, unless the head itself is trained.
// `softcap` above 0: logits become tanh(l / c) c first.
at::Tensor lmLoss(const at::Tensor& hidden, const at::Tensor& head, const at::Tensor& targets, double softcap = 0);

}  // namespace rankwright::ops
