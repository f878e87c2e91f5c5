// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// LQ-LoRA (Guo and others 2023, arXiv 2311.12023, and its published code): LoftQ's alternation until the error grows, weighted by the
// Fisher information where wanted, and a number format a matrix under a budget of bits.
#include "training/api/catalog.h"

#ifndef RANKWRIGHT_TORCH
#include "training/api/method_options.h"
#include "training/api/error.h"

namespace rankwright {

namespace {

// The smallest configuration takes 2 + 2/64 + 16/(64 * 256) = 2.03 bits.
void check(const RunConfig& config)
{
    const double bits = optionNumber(config, "bits");
    if (bits > 0 && bits < 2.1) {
        throw Error{ErrorParts{.code = Code::config,
            .place = "/bits",
            .found = optionText(config, "bits"),
            .allowed = "0, or 2.1 to 8",
            .advice = "The smallest format takes 2.03 bits a parameter: set --bits to 2.1 or more, or to 0."}};
    }
}

}  // namespace

extern const MethodCard lqLoraCard{
    .id = "lq-lora",
    .title = "LQ-LoRA",
    .explanation = "Splits W into a quantised and a low-rank part in turn until the error grows; with --bits, a number format for each matrix under a budget.",
    .formula = "s B A = the principal slice of W - Q, its rows and columns weighted by w = sqrt of F's means, Q = Q(W - s B A), in turn while ||F^1/2 o (W - s B A - Q)|| falls;"
               " y = Q x + s B A x, s = alpha / r",
    .paper = "Guo and others 2023, arXiv 2311.12023",
    .stepZero = "Near the base model: closer than the quantised W alone.",
    .note = "F is gathered from a few training rows (16 unless told), where the paper takes 10,000 sequences of C4. The published code returns the round after the best one; we keep the best.",
    .picture = {.residual = true},
    .options = {options::rounds(100),
        {.key = "weighted", .option = "--weighted", .label = "Weighted by Fisher information",
            .kind = Field::Kind::choice, .otherwise = "no", .choices = {"no", "yes"},
            .help = "Errors count by the squared gradients of training rows, a factor a row and a factor a column."},
        {.key = "bits", .option = "--bits", .label = "Bits a parameter", .kind = Field::Kind::number, .otherwise = 0.0,
            .least = 0, .most = 8,
            .help = "Average bits for which each matrix gets a format of its own, 2.1 or more; 0: the base's format for all.",
            .unit = "bits"},
        options::svd("2"), options::oversample(), options::gradientBatches(), options::gradientRows()},
    .base = "nf4-dq",
    .needsQuantisedBase = true,
    .learningRateSource = "the published code",
    .allowsDropout = false,
    .plainExport = PlainExport::doubled,
    .check = check,
};

}  // namespace rankwright

#else
#include "training/adapters/gradients.h"
#include "training/adapters/rounds.h"
#include "training/io/weights.h"
#include "training/quant/bit_allocation.h"
#include "training/quant/nfb.h"

#include <ATen/ATen.h>

namespace rankwright {

namespace {

// A row or column whose gradients are smaller than this share of the largest counts as if they were not: dividing by nothing would
// turn the rounding of the others into its weights.
constexpr double kLeastImportance = 1e-3;
// Values of a matrix that its 432 possible formats are measured on, about.
constexpr int64_t kMeasured = 1 << 16;

// sqrt(F), and the best weights of one factor a row and one a column: what a decomposition can follow (section 3.3 of the paper).
struct Importance
{
    at::Tensor root, rows, columns;   // (out, in), (out, 1), (1, in)
};

at::Tensor lifted(const at::Tensor& means)
{
    const auto roots = means.sqrt();
    return roots.clamp_min(kLeastImportance * roots.max().item<double>()).to(at::kFloat);
}

// `F` (out, in), sums of squared gradients; only their ratios count. Undefined or zero: every weight counts alike.
Importance importanceOf(const at::Tensor& F)
{
    if (!F.defined())
        return {};
    const auto exact = F.to(at::kDouble);
    const double mean = exact.mean().item<double>();
    if (mean == 0)
        return {};
    const auto ratios = exact / mean;
    return {ratios.sqrt().to(at::kFloat), lifted(ratios.mean(1, true)), lifted(ratios.mean(0, true))};
}

Factors weightedPrincipal(const at::Tensor& X, const Importance& importance, const SlotStart& slot, double s)
{
    if (!importance.root.defined())
        return splitEvenly(principalTriplets(X, slot), s);
    const auto [A, B] = splitEvenly(principalTriplets(importance.rows * X * importance.columns, slot), s);
    return {A / importance.columns, B / importance.rows};
}

at::Tensor found(const std::map<std::string, at::Tensor>& prepared, const std::string& key)
{
    const auto place = prepared.find(key);
    return place == prepared.end() ? at::Tensor() : place->second;
}

// A word among the tensors that prepare() hands on: its bytes.
at::Tensor toTensor(const std::string& word)
{
    return at::tensor(at::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t*>(word.data()), word.size()), at::kByte);
}

std::string toWord(const at::Tensor& bytes)
{
    return {reinterpret_cast<const char*>(bytes.data_ptr<uint8_t>()), size_t(bytes.numel())};
}

// ||F^1/2 o (rest - quantised(rest))||^2 for each configuration, rest = W minus its principal part: what the first round would lose.
// Measured on evenly spaced rows, which is all that a choice among formats needs.
std::vector<double> costs(const at::Tensor& weight, const Importance& importance, const SlotStart& slot)
{
    const auto step = std::max<int64_t>(1, weight.numel() / kMeasured);
    const auto rest = residual(weight, weightedPrincipal(weight, importance, slot, 1), 1).slice(0, 0, weight.size(0), step).contiguous();
    const auto root = importance.root.defined() ? importance.root.slice(0, 0, weight.size(0), step) : at::Tensor();
    std::vector<double> costs;
    for (const auto& config : nfbConfigs()) {
        const auto error = rest - roundTrip(rest, spelled(config));
        const double size = (root.defined() ? error * root : error).to(at::kDouble).square().sum().item<double>();
        costs.push_back(size * double(weight.size(0)) / double(rest.size(0)));
    }
    return costs;
}

// A configuration for each module, all together within the option's bits a parameter (section 3.2).
void chooseFormats(PrepareContext& context, Prepared& prepared)
{
    std::vector<std::vector<double>> cost, bits;
    double parameters = 0;
    for (const auto& [name, rank] : context.modules) {
        context.progress("Errors of the number formats", int64_t(cost.size()), int64_t(context.modules.size()));
        const auto weight = context.weights.read(name + ".weight");
        const double numbers = double(weight.numel());
        // Errors of weights that matter more than those of another matrix count more: F keeps its scale between matrices.
        const auto F = found(prepared[name], "F");
        const double scale = F.defined() ? F.to(at::kDouble).mean().item<double>() : 1;
        cost.push_back(costs(weight, importanceOf(F), {name, rank, double(rank), context.config}));
        for (auto& value : cost.back())
            value *= scale;
        bits.emplace_back();
        for (const auto& config : nfbConfigs())
            bits.back().push_back(storageBits(config, numbers));
        parameters += numbers;
    }
    const auto chosen = allocateBits(cost, bits, parameters, optionNumber(context.config, "bits"));
    for (size_t i = 0; i < context.modules.size(); ++i)
        prepared[context.modules[i].first]["format"] = toTensor(spelled(nfbConfigs()[chosen.choice[i]]));
}

Prepared prepare(PrepareContext& context)
{
    Prepared prepared;
    if (optionText(context.config, "weighted") == "yes") {
        const double sequences = optionNumber(context.config, "gradientBatches") * optionNumber(context.config, "gradientRows");
        squaredGradients(context, int64_t(sequences),
            [&](const std::string& name, const at::Tensor& F) { prepared[name]["F"] = F; });
    }
    if (optionNumber(context.config, "bits") > 0)
        chooseFormats(context, prepared);
    return prepared;
}

Start start(const at::Tensor& weight, const SlotStart& slot)
{
    const double s = loraScaling(slot);
    const auto prepared = slot.prepared ? *slot.prepared : std::map<std::string, at::Tensor>();
    const auto importance = importanceOf(found(prepared, "F"));
    const auto own = found(prepared, "format");
    const auto format = own.defined() ? toWord(own) : slot.format;
    const auto norm = [&](const at::Tensor& error) {
        return (importance.root.defined() ? error * importance.root : error).to(at::kDouble).norm().item<double>();
    };
    auto result = alternate(weight,
        {.count = int64_t(optionNumber(slot.config, "rounds")),
            .scaling = s,
            .principal = [&](const at::Tensor& X) { return weightedPrincipal(X, importance, slot, s); },
            .roundTrip = [&](const at::Tensor& X) { return roundTrip(X, format); },
            .norm = norm,
            .each = slot.eachRound});
    if (own.defined())
        result.format = format;
    return result;
}

}  // namespace

extern const MethodSpec lqLora{.id = "lq-lora", .start = start, .prepare = prepare};

}  // namespace rankwright
#endif
