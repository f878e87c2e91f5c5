// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// All adapters of a model in flat float32 buffers: parameters and gradients lie end to end, A, B and their gradients are views. The
// optimiser, clipping, checkpoints and an all-reduce work on the buffers.
#pragma once

#include "training/methods/method.h"
#include "training/nn/decoder.h"

namespace rankwright {

struct PlacedStart
{
    std::string name;
    Start start;
};

class AdapterSet
{
public:
    // Attaches a Delta to each named slot of the model and edits its base where the start says so. Original weights come from
    // `weights`. Throws Error{mismatch} where a name or shape does not fit.
    AdapterSet(Decoder& model, Weights& weights, const std::vector<PlacedStart>& starts, double dropout);

    [[nodiscard]] at::Tensor& parameters() { return m_parameters; }     // (count) float32
    [[nodiscard]] at::Tensor& gradients() { return m_gradients; }       // (count) float32
    [[nodiscard]] int64_t count() const { return m_parameters.numel(); }
    struct Entry
    {
        std::string name;
        LinearSlot* slot = nullptr;
        std::optional<BaseEdit> edit;
        int64_t rank = 0;
        double alpha = 0;
    };
    [[nodiscard]] const std::vector<Entry>& entries() const { return m_entries; }
    // {NAME.lora_A, NAME.lora_B}, views of the parameters.
    [[nodiscard]] std::vector<std::pair<std::string, at::Tensor>> tensors() const;
    // Largest max|W_base + s B A - W| / max|W| over the modules, at the moment of the call, and the module where it is.
    [[nodiscard]] std::pair<double, std::string> largestDeviation(Weights& weights) const;

private:
    at::Tensor m_parameters, m_gradients;
    std::vector<Entry> m_entries;
};

// A weight that could carry an adapter.
struct ModuleShape { std::string name; int64_t out = 0, in = 0; };
// Rank and alpha of each module that the configuration adapts, in the given order: glob, plan, rank. Throws Error{config} for a
// rank above min(out, in), a plan entry that names no module, or a selection that is empty. Training and estimates share it.
std::vector<std::pair<ModuleShape, ModuleRank>> chosenModules(const std::vector<ModuleShape>& modules, const RunConfig& config);

// The method's start of every chosen module, or the start adapter's where one is given.
std::vector<PlacedStart> startAdapters(Decoder& model, Weights& weights, const RunConfig& config,
    const Decoder::Progress& progress, const std::function<bool()>& stopped);

}  // namespace rankwright
