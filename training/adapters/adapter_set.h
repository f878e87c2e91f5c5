// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// All adapters of a model in flat float32 buffers: parameters and gradients lie end to end, what is trained is a view. The
// optimiser, clipping, checkpoints and an all-reduce work on the buffers.
#pragma once

#include "training/adapters/method.h"
#include "training/nn/model.h"
#include "training/optimisers/optimiser.h"

namespace rankwright {

class SharedBases;

struct PlacedStart
{
    std::string name;     // of a slot, or of a whole tensor ("model.norm.weight") whose start trains the weight
    Start start;
};

class AdapterSet
{
public:
    // Attaches a Delta to each named slot of the model, edits its base where the start says so and stores every slot's base in
    // `format` (BaseFormat::id; "none": as it is). Original weights come from `weights`. Throws Error{mismatch} where a name or shape
    // does not fit. `shared`, where given, is what places the bases of models that hold them in common (Model::sharing).
    AdapterSet(Model& model, Weights& weights, const std::vector<PlacedStart>& starts, double dropout,
        const std::string& format = "none", const Model::Progress& progress = {}, SharedBases* shared = nullptr);

    [[nodiscard]] at::Tensor& parameters() { return m_parameters; }     // (count) float32
    [[nodiscard]] at::Tensor& gradients() { return m_gradients; }       // (count) float32
    [[nodiscard]] const at::Tensor& gradients() const { return m_gradients; }
    [[nodiscard]] int64_t count() const { return m_parameters.numel(); }
    // What is trained, as views, in the order of the buffers; A and B of a pair are neighbours.
    [[nodiscard]] const std::vector<TrainedTensor>& trained() const { return m_trained; }
    struct Entry
    {
        std::string name;
        LinearSlot* slot = nullptr;          // nullptr: a tensor of its own (embedding, norm, head)
        std::optional<BaseEdit> edit;
        std::string format;                  // of the base: "none", "nf4", ...
        double driftGain = 0;
        at::Tensor driftA, driftB;           // the snapshot that the drift is measured from; undefined where none is
        bool belongsToBase = false;          // quantised and edited, or made for what this base lost
        // Whether the base in memory lacks what `edit` says; a base that is shared and dense still has it.
        [[nodiscard]] bool baseIsEdited() const { return edit && !(slot != nullptr && slot->delta && slot->delta->edit); }
    };
    [[nodiscard]] const std::vector<Entry>& entries() const { return m_entries; }
    [[nodiscard]] bool editsBase() const;
    [[nodiscard]] bool quantisesBase() const;
    [[nodiscard]] bool belongsToBase() const;   // no other base than the one in memory makes sense of what is trained
    // SHA-256 over the bases that were edited or quantised, as they are stored; empty where none was.
    [[nodiscard]] std::string baseHash() const;
    // Delta-LoRA: from now on the base drifts, measured from the present A and B.
    void snapshotDrift();
    // What a checkpoint holds beside the parameters; loading copies into these tensors and calls stateLoaded().
    [[nodiscard]] std::vector<std::pair<std::string, at::Tensor>> state();
    void stateLoaded();
    // How far the modules are from the file's weights W, rounded to `type`, at the moment of the call.
    struct Deviation
    {
        double largest = 0;      // max|W_eff - W| / max|W|
        std::string module;      // where that is
        double editedBase = 1;   // the largest max|W - scaling B0 A0| / max|W|, at least 1: what is rounded may be larger than W
    };
    [[nodiscard]] Deviation largestDeviation(Weights& weights, at::ScalarType type) const;

private:
    void attach(Model& model, Weights& weights, const PlacedStart& placed, double dropout, const std::string& format,
        SharedBases* shared);
    void attachTensor(Model& model, Weights& weights, const PlacedStart& placed);
    at::Tensor place(const std::string& name, TrainedTensor::Role role, const at::Tensor& value, double rateFactor = 1);

    at::Tensor m_parameters, m_gradients;
    at::Tensor m_drifting;                      // (1): 1 once the base drifts; undefined where none does
    std::vector<TrainedTensor> m_trained;
    std::vector<Entry> m_entries;
    int64_t m_offset = 0;
};

// A weight that could carry an adapter.
struct ModuleShape { std::string name; int64_t out = 0, in = 0; };
// Rank and alpha of each module that the configuration adapts, in the given order: glob, plan, rank. Throws Error{config} for a
// rank above min(out, in) where a factor of that rank is made, a plan entry that names no module, or a selection that is empty. Training and estimates share it.
std::vector<std::pair<ModuleShape, ModuleRank>> chosenModules(const std::vector<ModuleShape>& modules, const RunConfig& config);

// Values that the configured method trains in a module of this shape.
int64_t trainedValues(const RunConfig& config, const ModuleShape& module, int64_t rank);

// The method's start of every chosen module, or the start adapter's where one is given. `samples` are the training data's, for
// methods that look at gradients. The model has no adapters yet.
std::vector<PlacedStart> startAdapters(Model& model, Weights& weights, const RunConfig& config,
    std::span<const Sample> samples, const Model::Progress& progress, const std::function<bool()>& stopped);

}  // namespace rankwright
