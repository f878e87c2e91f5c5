// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The numbers of a model, from config.json (both dialects) or GGUF metadata. What a family's files say in their own words is
// translated into these once; the model code knows no family's name.
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

// Layers whose MLP is a set of experts, of which a router chooses some for each token (methods.md 5.1).
struct Experts
{
    int64_t count = 0, perToken = 0;       // count 0: no experts
    int64_t intermediateSize = 0;          // of one expert
    // Names below "model.layers.N.": block.gate (the router), block.experts.E.{gate,up,down}, block.shared_experts.{gate,up,down}.
    std::string block = "mlp", gate = "gate_proj", up = "up_proj", down = "down_proj";
    int64_t shared = 0;                    // experts' widths that every token goes through as one MLP; 0: none
    int64_t firstLayer = 0, everyNth = 1;  // layer i has experts where i >= firstLayer and i % everyNth == 0
    bool renormalise = true;               // the chosen shares are divided by their sum
    double balance = 0;                    // weight of the balancing loss the model was made with; 0: none
    bool balancePerSequence = false;       // DeepSeek's form; else Mixtral's over all tokens
    [[nodiscard]] bool in(int64_t layer) const { return count > 0 && layer >= firstLayer && layer % everyNth == 0; }
};

// What stands on the last hidden state of one token where rows have labels: out(activation(dense(h))), or out(h).
struct LabelHead
{
    std::string dense, activation, out;    // tensor names without ".weight"; dense empty: none. activation: tanh | gelu
    bool outBias = true;
    bool atEnd = false;                    // read at the row's last token (decoders), else at its first
};

struct ModelConfig
{
    std::string family;                    // id of the FamilySpec that read it: "llama"
    std::string architecture;              // as the file says
    int64_t hiddenSize = 0, intermediateSize = 0, layers = 0, heads = 0, kvHeads = 0, headDim = 0, vocabSize = 0,
            contextLength = 0;
    double normEpsilon = 1e-6, ropeTheta = 10000;
    RopeScaling rope;
    std::string form = "decoder";          // which class of training/nn builds it: decoder | encoder | deberta
    std::string activation = "silu";       // silu | gelu (exact, erf) | gelu_tanh
    bool attentionBias = false, mlpBias = false, tiedEmbeddings = false;
    int64_t slidingWindow = 0;             // of the layers in `windowed`; 0: none
    std::vector<bool> windowed;            // by layer; empty: every layer has the window
    double localRopeTheta = 0;             // of windowed layers, without scaling; 0: the same as the others
    bool normAddsOne = false;              // RMS norms multiply by 1 + w in float32 (Gemma)
    bool queryKeyNorm = false;             // RMS norm over each head of q and k before the rotation (Qwen 3, Gemma 3)
    bool sandwichNorms = false;            // norms behind attention and MLP too (Gemma 3)
    double embeddingScale = 1;             // of the looked-up embeddings, rounded to the compute type first
    double attentionScale = 0;             // 0: headDim^-0.5
    double attentionSoftcap = 0, logitSoftcap = 0;   // tanh(x / c) c; 0: none
    Experts experts;
    // encoders
    int64_t tokenTypes = 0;                // rows of the token-type table; 0: none
    int64_t firstPosition = 0;             // position of a row's first token (RoBERTa: pad id + 1)
    int64_t positionBuckets = 0, relativePositions = 0;   // DeBERTa: buckets on one side (256), span of distances (512)
    bool contentToPosition = false, positionToContent = false;
    LabelHead labelHead;                   // out empty: the family has none
    std::vector<std::string> labels;       // id2label of a head in the files, in order; empty: the files bring no head
    std::vector<int64_t> bosIds, eosIds;
    std::vector<std::string> notes;        // defaults that were assumed, unknown keys that were ignored
};

// Inverse rotary frequencies, headDim / 2 of them, with the scaling applied (methods.md 5.1).
std::vector<double> ropeFrequencies(const ModelConfig& config);

}  // namespace rankwright
