// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The numbers of a decoder, from config.json (both dialects) or GGUF metadata.
#pragma once

#include "training/formats/gguf.h"

#include <nlohmann/json.hpp>

namespace rankwright {

// Rotary frequencies changed for longer contexts (config.json's rope_scaling or rope_parameters).
struct RopeScaling
{
    std::string type = "default";          // default | linear | llama3 | divisors
    double factor = 1, lowFrequencyFactor = 1, highFrequencyFactor = 4;
    int64_t originalContext = 8192;
    std::vector<double> divisors;          // type divisors: one a frequency, from GGUF's rope_freqs.weight
};

struct ModelConfig
{
    std::string family;                    // id of the FamilySpec that read it: "llama"
    std::string architecture;              // as the file says
    int64_t hiddenSize = 0, intermediateSize = 0, layers = 0, heads = 0, kvHeads = 0, headDim = 0, vocabSize = 0,
            contextLength = 0;
    double normEpsilon = 1e-6, ropeTheta = 10000;
    RopeScaling rope;
    std::string activation = "silu";
    bool attentionBias = false, mlpBias = false, tiedEmbeddings = false;
    int64_t slidingWindow = 0;             // 0: none
    std::vector<int64_t> bosIds, eosIds;
    std::vector<std::string> notes;        // defaults that were assumed, unknown keys that were ignored
};

// Inverse rotary frequencies, headDim / 2 of them, with the scaling applied (methods.md 5.1).
std::vector<double> ropeFrequencies(const ModelConfig& config);

}  // namespace rankwright
