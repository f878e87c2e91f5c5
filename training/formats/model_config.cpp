// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Rotary frequencies, and whether a model of the given sizes can exist.
#include "training/formats/model_config.h"

#include "training/api/error.h"
#include "training/formats/hf_config.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace rankwright {

namespace {

// Far above the largest models there are (126 layers, about 1e12 parameters), far below what a file can claim.
constexpr int64_t kMostLayers = 4096;
constexpr int64_t kMostMlps = 1 << 17;          // experts of all layers, each a table row or three
constexpr double kMostParameters = 4398046511104.0;  // 2^42
constexpr double kGib = 1073741824.0;

// Llama 3's rule: long waves are stretched by `factor`, short ones stay, those between are mixed.
double llama3Frequency(double frequency, const RopeScaling& rope)
{
    const double wavelength = 2 * std::numbers::pi / frequency;
    const auto context = double(rope.originalContext);
    if (wavelength > context / rope.lowFrequencyFactor)
        return frequency / rope.factor;
    if (wavelength < context / rope.highFrequencyFactor)
        return frequency;
    const double smooth = (context / wavelength - rope.lowFrequencyFactor)
        / (rope.highFrequencyFactor - rope.lowFrequencyFactor);
    return frequency * ((1 - smooth) / rope.factor + smooth);
}

}  // namespace

std::vector<double> ropeFrequencies(const ModelConfig& config)
{
    std::vector<double> frequencies;
    for (int64_t i = 0; i < config.headDim / 2; ++i) {
        double frequency = std::pow(config.ropeTheta, -2.0 * double(i) / double(config.headDim));
        if (config.rope.type == "linear")
            frequency /= config.rope.factor;
        else if (config.rope.type == "llama3")
            frequency = llama3Frequency(frequency, config.rope);
        else if (config.rope.type == "divisors")
            frequency /= config.rope.divisors.at(size_t(i));
        frequencies.push_back(frequency);
    }
    return frequencies;
}

void checkModelSize(const ModelConfig& config, const std::filesystem::path& file, const std::string& place)
{
    // Doubles cannot overflow here: each factor is below 2^40, and an estimate is all that is wanted.
    const auto hidden = double(config.hiddenSize);
    const double attention = 2 * hidden * double(config.headDim) * (double(config.heads) + double(config.kvHeads));
    const auto& experts = config.experts;
    const double mlp = 3 * hidden
        * std::max(double(config.intermediateSize),
            (double(experts.count) + double(experts.shared)) * double(experts.intermediateSize));
    const double layer = attention + mlp + 2 * hidden;
    const double parameters = layer * double(config.layers) + 2 * hidden * double(config.vocabSize);
    const bool countable = config.layers <= kMostLayers && config.layers * (1 + experts.count) <= kMostMlps;
    if (countable && parameters <= kMostParameters)
        return;
    const double gib = parameters * 2 / kGib;
    throw Error{ErrorParts{.code = Code::limit,
        .file = file,
        .place = place,
        .found = std::to_string(config.layers) + " layers of width " + std::to_string(config.hiddenSize)
            + (experts.count > 0 ? " with " + std::to_string(experts.count) + " experts" : "") + ", about "
            + std::to_string(int64_t(std::min(gib, 1e18))) + " GiB at two bytes a parameter",
        .allowed = "at most " + std::to_string(kMostLayers) + " layers, " + std::to_string(kMostMlps) + " experts in all and "
            + std::to_string(int64_t(kMostParameters * 2 / kGib)) + " GiB",
        .advice = "The file is damaged or not a model's configuration; fetch it again."}};
}

}  // namespace rankwright
