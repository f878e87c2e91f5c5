// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Quantisation errors over many modules: what the whole model or a kind of module loses, and where a method does not help.
#pragma once

#include "training/api/events.h"

namespace rankwright {

// Against plain quantisation, which is what QLoRA starts from: by the nuclear norm of what W loses, and by the output error where that
// was measured. worse: by all that was measured; worseWeights and worseOutput: by this alone, while the other gets better.
enum class QuantVerdict { helps, noBetter, worse, worseWeights, worseOutput };
QuantVerdict verdictOf(const ErrorNorms& error, const ErrorNorms& plain);
std::string verdictText(QuantVerdict verdict);   // "worse than QLoRA"

// One method, rank and number of rounds over several modules. The norms are those of the block diagonal matrix of all differences:
// Frobenius and output are roots of summed squares, nuclear is a sum, spectral the largest.
struct QuantErrorSum
{
    std::string method, kind;              // kind empty: all modules
    int64_t rank = 0, rounds = 0;
    int64_t modules = 0;
    ErrorNorms error, plain;               // output -1: not measured in every module
    double meanReduction = 0;              // of QuantError::reduction(), per cent
    std::vector<std::string> notNuclear;   // modules whose nuclear norm is not below plain's
    std::vector<std::string> notOutput;    // modules whose output error is not; only where it was measured
    [[nodiscard]] bool hasOutput() const { return error.output >= 0; }
    // (1 - error / plain) * 100; 0 where plain is 0.
    [[nodiscard]] double reduction() const { return plain.nuclear > 0 ? 100 * (1 - error.nuclear / plain.nuclear) : 0; }
    [[nodiscard]] double outputReduction() const { return plain.output > 0 ? 100 * (1 - error.output / plain.output) : 0; }
    [[nodiscard]] QuantVerdict verdict() const { return verdictOf(error, plain); }
};

// In the order in which methods, ranks and rounds first appear; `byKind`: a sum for each kind of module in it, in the order of the model.
std::vector<QuantErrorSum> quantErrorSums(const std::vector<QuantError>& errors, bool byKind);
nlohmann::json toJson(const QuantErrorSum& sum);

}  // namespace rankwright
