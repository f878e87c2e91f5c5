// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What can be chosen, in words: methods, formats of the frozen base, optimisers. No LibTorch: forms, command-line options, the checks
// of a configuration and docs/methods.md are made from these tables; the engine holds the arithmetic under the same names.
#pragma once

#include "training/api/config.h"

#include <string>
#include <string_view>
#include <vector>

namespace rankwright {

// One option that belongs to a method: a row of the configuration, shown and accepted where the method is chosen.
struct MethodOption
{
    std::string key;                        // JSON key: "lrRatio"; the same kind and range wherever several methods share it
    std::string option;                     // command line: "--lr-ratio"
    std::string label;                      // "Rate of B over A"
    Field::Kind kind = Field::Kind::number; // number | integer | choice | text
    OptionValue otherwise;                  // the method's default
    double least = 0, most = 0;
    std::vector<std::string> choices = {};  // of a choice; of a text: words beside whole numbers from least to most
    std::string help;                       // one sentence
    std::string unit = {};
};

// How one part of an adapted weight takes part in training; what a card's picture shows.
enum class Part { absent, frozen, trained };

struct MethodPicture
{
    Part A = Part::trained, B = Part::trained;
    Part core = Part::absent;        // between B and A: r numbers (SORSA) or r x r (LoRA-XS)
    Part magnitude = Part::absent;   // one number a row (DoRA)
    Part weight = Part::frozen;      // trained: full fine-tuning
    bool residual = false;           // the frozen weight is what the adapter's start leaves of W
    bool drifts = false;             // the weight moves with the adapter (Delta-LoRA)
};

// What `export --format lora` can say of a run with this method on a base in full precision.
enum class PlainExport
{
    asIs,       // rank r, on the original base
    doubled,    // rank 2r, on the original base: the base was edited
    dora,       // PEFT's DoRA form
    none,       // no low-rank form: merged weights only
};

struct MethodCard
{
    std::string id;                  // "lora-plus"
    std::string title;               // "LoRA+"
    std::string explanation;         // one sentence for people
    std::string formula;             // "y = W x + s B A x, A ~ U(-1/sqrt(n), 1/sqrt(n)), B = 0"
    std::string paper;               // "Hu and others 2021, arXiv 2106.09685"
    std::string stepZero;            // what holds before the first step
    std::string note = {};           // where it is our reading, or differs from the paper; empty otherwise
    MethodPicture picture = {};
    MethodPicture (*pictureOf)(const RunConfig& config) = nullptr;   // where options change the picture
    std::vector<MethodOption> options = {};
    std::string base = "none";       // what `--base auto` means
    bool needsQuantisedBase = false; // the method's point is a base in few bits
    bool allowsQuantisedBase = true;
    std::string optimiser = "adamw"; // what `--optimizer auto` means
    double learningRate = 2e-5;      // the paper's
    std::string learningRateSource = {};
    bool allowsDropout = true;       // on the adapter's input
    bool allowsStartAdapter = false; // --init-adapter
    PlainExport plainExport = PlainExport::asIs;
    // Throws Error{config} where the configuration makes no sense for this method, beyond what the fields above say.
    void (*check)(const RunConfig& config) = nullptr;
};

// In display order (training/methods/methods.inc).
const std::vector<const MethodCard*>& methodCards();
const MethodCard* findMethodCard(std::string_view id);   // nullptr where there is none
const MethodCard& methodCard(std::string_view id);       // throws Error{config} with the nearest name

// A format of frozen weights (training/quant/formats.inc): "none", "nf4", "nf4-dq", "int8", ...
struct BaseFormat
{
    std::string id, title, explanation;
    double bits = 32;                // a parameter, statistics included; "none": the run's dtype
};
const std::vector<BaseFormat>& baseFormats();

struct OptimiserCard { std::string id, title, explanation, paper; };
const std::vector<OptimiserCard>& optimiserCards();      // training/optimisers/optimisers.inc

// What `auto` stands for, resolved by the method's card.
std::string effectiveBase(const RunConfig& config);       // "none", "nf4", ...
std::string effectiveOptimiser(const RunConfig& config);  // "adamw", "rite"
MethodPicture effectivePicture(const RunConfig& config);
inline bool isQuantised(const RunConfig& config) { return effectiveBase(config) != "none"; }
// The run's value of a method option, or the method's default. Throws Error{internal} where the method has no such option.
double optionNumber(const RunConfig& config, std::string_view key);
std::string optionText(const RunConfig& config, std::string_view key);
const MethodOption* findMethodOption(const MethodCard& card, std::string_view key);   // nullptr where there is none
std::string optionValueText(const OptionValue& value);    // as in an option: "0.0004", "exact"
std::string allowedValues(const MethodOption& option);    // "a whole number from 1 to 1000"
// Drops options that the method does not have and those that say no more than its defaults: equal runs have equal configurations.
void keepOwnOptions(RunConfig& config);
// The checks that follow from the card: unknown options, bases, dropout, start adapters; then the card's own. Called by validate().
void checkMethod(const RunConfig& config, const std::filesystem::path& file = {});
// Throws Error{config} where a run that starts from an adapter names a rank, alpha, plan or modules of its own: the adapter says
// them. Asked of new runs only: a run that an earlier version stored may name both.
void checkStartAdapter(const RunConfig& config, const std::filesystem::path& file = {});
// Why an export in `format` (lora, peft, merged) cannot say what a run with this configuration trains; empty: it can. What only the
// trained files tell is left to the engine.
std::string exportRefusal(const RunConfig& config, std::string_view format);

}  // namespace rankwright
