// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The arithmetic of a fine-tuning method: how the adapter of one weight starts, what it takes out of the base, and what happens
// around a step. A method is one file in training/methods/ and one line in methods.inc: the file's first half is its MethodCard
// (training/api/catalog.h), its second half, compiled with LibTorch, this.
#pragma once

#include "training/api/catalog.h"
#include "training/nn/linear.h"

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace rankwright {

class AdapterSet;
class Model;
class Weights;
struct Sample;

// What prepare() found out about each module, by module and name; method-specific.
using Prepared = std::map<std::string, std::map<std::string, at::Tensor>>;

struct Start;

// A weight that gets an adapter.
struct SlotStart
{
    std::string name;
    int64_t rank = 0;
    double alpha = 0;
    const RunConfig& config;
    std::string format = "none";        // what the base will be stored in (effectiveBase)
    const std::map<std::string, at::Tensor>* prepared = nullptr;   // this module's part of what prepare() gave
    // For methods that go in rounds: told what the start would be after 1, 2, ... of them. Empty: nobody asks.
    std::function<void(int64_t rounds, const Start& start)> eachRound = {};
};

struct Start
{
    at::Tensor A, B;                    // (rank, in) and (out, rank), float32; undefined where the weight itself is trained
    double scaling = 1;                 // what B A is multiplied by
    std::optional<BaseEdit> edit = {};  // what is taken out of the base, if anything
    at::Tensor core = {};               // (rank) diagonal or (rank, rank) between B and A; undefined: identity
    at::Tensor magnitude = {};          // (out) row norms (DoRA)
    bool trainsA = true, trainsB = true;
    bool trainsWeight = false;          // the weight itself, from `weight` or, where that is undefined, from its original value
    at::Tensor weight = {};             // (as stored) float32
    bool untiesHead = false;            // embeddings whose tied head stays as it was (PEFT's modules_to_save)
    double rateFactorB = 1;             // learning rate of B over that of A (LoRA+)
    double driftGain = 0;               // Delta-LoRA's lambda: the base moves by driftGain * scaling * (B A - snapshot)
    bool belongsToBase = false;         // makes good what this quantised base lost: nonsense on any other (LoftQ)
    std::string format = {};            // a format of this module's own for the base (LQ-LoRA); empty: the run's
};

struct PrepareContext
{
    Model& model;                     // bases as in the file, no adapters
    Weights& weights;
    const RunConfig& config;
    // Modules that will be adapted with their ranks, in model order.
    const std::vector<std::pair<std::string, int64_t>>& modules;
    std::span<const Sample> samples;    // of the training data, in file order; may be empty
    std::function<void(const std::string& what, int64_t done, int64_t total)> progress;   // throws Error{stopped} at a stop
};

struct MethodSpec
{
    std::string_view id;                // the card's
    // `weight` (out, in) float32.
    Start (*start)(const at::Tensor& weight, const SlotStart& slot);
    // What the method changes in a start that was read from an adapter (--init-adapter). nullptr: nothing.
    void (*adopt)(Start& start, const RunConfig& config) = nullptr;
    // Sees the whole model once before the first start(). nullptr: nothing to prepare.
    Prepared (*prepare)(PrepareContext& context) = nullptr;
    // Adds to the gradients after clipping, before the optimiser (SORSA). `rate` is this step's learning rate.
    void (*regularise)(AdapterSet& adapters, const RunConfig& config, double rate) = nullptr;
    // After the update of step `step` (from 1).
    void (*afterStep)(AdapterSet& adapters, const RunConfig& config, int64_t step) = nullptr;
};

const std::vector<MethodSpec>& methods();            // in the order of methodCards()
const MethodSpec& methodById(std::string_view id);   // throws Error{config} with the nearest name

}  // namespace rankwright
