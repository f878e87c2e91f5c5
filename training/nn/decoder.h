// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the two ways through a decoder share: the whole rows of decoder.cpp and the single tokens of decoder_step.cpp.
#pragma once

#include "training/nn/experts.h"

#include <optional>
#include <span>
#include <vector>

namespace rankwright {

inline constexpr size_t kNone = SIZE_MAX;

struct Angles { at::Tensor cos, sin; };   // (tokens, head size / 2) float32

struct DecoderLayer
{
    size_t inputNorm = 0, postAttentionNorm = 0, preFeedforwardNorm = kNone, postFeedforwardNorm = kNone, queryNorm = kNone,
           keyNorm = kNone;              // into Parameters::tensors
    size_t q = 0, k = 0, v = 0, o = 0;   // into Parameters::slots
    GatedMlp mlp;
    std::optional<ExpertLayer> experts;
    int64_t window = 0;
    bool local = false;                  // turned by the local frequencies
};

// Whether decoderStep() can do this pass: one token a row, few rows, no gradient, nobody looks, weights that the products of rows know.
[[nodiscard]] bool isDecoderStep(const Parameters& parameters, const std::vector<DecoderLayer>& layers, const Batch& batch,
    const Pass& pass);
// The layers for one token of each row, in float32 from the embeddings `h` (rows, hidden size) on; keys and values are rounded to the
// cache's type. -> (rows, hidden size) before the final norm, float32.
at::Tensor decoderStep(const Parameters& parameters, const std::vector<DecoderLayer>& layers, const at::Tensor& h,
    const Angles& angles, const Angles& localAngles, const Pass& pass);

}  // namespace rankwright
