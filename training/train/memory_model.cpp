// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The counts follow training/ops, nn/decoder.cpp and nn/experts.cpp line by line, encoders by their likeness to a decoder; what they
// cannot know is measured: kProgram, kSlack.
// docs/check_estimates.py holds the whole against runs.
#include "training/train/memory_model.h"

#include "training/adapters/in_parallel.h"
#include "training/api/catalog.h"
#include "training/train/loss_pass.h"
#include "training/train/row_order.h"
#include "training/train/schedule.h"
#include "training/train/session.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace rankwright {

namespace {

// LibTorch's code and tables as far as a run touches them, the thread pool, tokenizer and program: measured with the smallest model.
constexpr double kProgram = 105e6;
// The C library's allocator reuses blocks of changing size badly (glibc 2.36): what a step frees between what it keeps leaves holes.
// Shares of the freed bytes that stay lost, measured: of a layer's own, and of those that projections of many operations add.
constexpr double kLostOfLayer = 1.17, kLostOfProjections = 0.23;
constexpr double kLostAtStart = 100e6;        // what reading the model has left behind
constexpr int64_t kChunk = 256;               // targets at a time in ops::lmLoss
constexpr int64_t kBlock = 128;               // ops::attention: queries at a time
constexpr int64_t kEvalTokens = 2048;         // evaluate(): tokens at once
constexpr int64_t kProbeRows = 8, kProbeTokens = 32;   // StepZeroProbe
constexpr int64_t kTogether = int64_t(1) << 28;        // meanGradients(): weights at a time
constexpr int64_t kMicrosLooked = int64_t(1) << 22;    // batches of the run that are looked at; later ones are like the others

using Module = RunShape::Module;

double width(const RunConfig& config) { return double(c10::elementSize(scalarType(config.dtype))); }

bool wide(const RunConfig& config) { return config.dtype == "float32"; }

bool trains(Part part) { return part == Part::trained; }

// Whether the base moves with the adapter at some step of this run.
bool drifts(const RunConfig& config)
{
    return effectivePicture(config).drifts && (config.steps == 0 || optionNumber(config, "startStep") < double(config.steps));
}

bool anyAdapted(const std::vector<const Module*>& group)
{
    return std::ranges::any_of(group, [](const Module* module) { return module->rank > 0; });
}

// As fitsFastForm() in ops/linear_group.cpp decides.
bool isFast(const RunConfig& config, const std::vector<const Module*>& group)
{
    const auto picture = effectivePicture(config);
    const bool plain = picture.A != Part::absent && picture.core == Part::absent
        && picture.magnitude == Part::absent && !drifts(config);
    return plain && anyAdapted(group);
}

// Bytes a token that projections with one input keep: the input, once for all of them, and what each adds. `gradient`: whether the input
// depends on anything trained; `input`: bytes a token of what it is computed from, as far as nobody else keeps it.
double keptByGroup(const RunConfig& config, const std::vector<const Module*>& group, bool gradient, double input)
{
    const auto picture = effectivePicture(config);
    const double in = double(group.front()->shape.in);
    if (!anyAdapted(group))
        return 0;
    if (trains(picture.weight))
        return input;
    double own = 0;
    if (isFast(config, group)) {
        for (const auto* module : group)
            own += width(config) * double(module->rank);
        return input + own;
    }
    const bool drops = config.dropout > 0, keepsInput = trains(picture.A);
    for (const auto* module : group) {
        if (module->rank == 0)
            continue;
        own += 4 * double(module->rank) * (keepsInput && picture.core != Part::absent ? 2 : 1);
        own += drops && gradient ? 4 * in : 0;    // the mask
        if (keepsInput && (drops || !wide(config)))
            own += 4 * in;                        // the input in float32, for each projection anew
        if (picture.magnitude != Part::absent)
            own += 8 * double(module->shape.out); // the base's and the adapter's part, which the magnitude scales
    }
    return (keepsInput && !drops && wide(config) ? input : 0) + own;
}

// The projections of one layer by what they share. An expert sees a share of the tokens.
struct Mlp
{
    std::vector<const Module*> inner, down;
    double share = 1, width = 0;
};
struct LayerGroups
{
    std::vector<const Module*> qkv, o;
    std::vector<Mlp> mlps;
};

LayerGroups groupsOf(const ModelConfig& model, const std::vector<Module>& layer)
{
    LayerGroups groups;
    std::map<std::string, Mlp> mlps;
    const auto part = [](const std::string& name) { return name.substr(0, name.rfind('.')); };
    for (const auto& module : layer) {
        const auto& name = module.shape.name;
        const auto& k = module.kind;
        const bool isInner = k == "gate_proj" || k == "up_proj" || k == "w1" || k == "w3" || name.ends_with("intermediate.dense");
        const bool isDown = k == "down_proj" || k == "w2" || (name.ends_with("output.dense") && !name.ends_with("attention.output.dense"));
        if (!isInner && !isDown) {
            (k == "o_proj" || name.ends_with("attention.output.dense") ? groups.o : groups.qkv).push_back(&module);
            continue;
        }
        auto& mlp = mlps[model.form == "decoder" ? part(name) : std::string()];
        (isInner ? mlp.inner : mlp.down).push_back(&module);
        mlp.width = double(isInner ? module.shape.out : module.shape.in);
        if (name.find(".experts.") != std::string::npos)
            mlp.share = double(model.experts.perToken) / double(model.experts.count);
    }
    for (auto& [name, mlp] : mlps) {
        if (!mlp.inner.empty())
            groups.mlps.push_back(std::move(mlp));
    }
    return groups;
}

// Bytes a token, as Model::forward goes through one layer. `gradient`: whether what comes in depends on anything trained, afterwards
// what goes out; operations on what does not depend on it keep nothing.
double keptByLayer(const RunConfig& config, const RunShape& shape, const std::vector<Module>& layer, bool& gradient)
{
    const auto& m = shape.model;
    const double w = width(config), hidden = double(m.hiddenSize);
    const double queries = double(m.heads * m.headDim), keys = double(m.kvHeads * m.headDim);
    const auto groups = groupsOf(m, layer);
    double kept = 0;
    // Input and scale; a trained norm has the plain form, which keeps its input in float32 and the normalised values.
    const double norm = shape.everything ? 4 * hidden + w * hidden + 4 : w * hidden + 4;
    // A decoder's norm is part of the node of the projections behind it, where that has the fast form (ops::Input).
    const auto fused = [&](const std::vector<const Module*>& group) {
        return m.form == "decoder" && !shape.everything && !group.empty() && anyAdapted(group) && isFast(config, group);
    };
    const auto take = [&](const std::vector<const Module*>& group, double input) {
        kept += keptByGroup(config, group, gradient, input);
        gradient = gradient || anyAdapted(group);
    };
    kept += gradient && !fused(groups.qkv) ? norm : 0;
    if (!groups.qkv.empty())
        take(groups.qkv, w * hidden);
    if (gradient)   // q and k turned, v, what attention gives, a sum of exponentials a head
        kept += w * (2 * queries + 2 * keys) + 4 * double(m.heads);
    if (!groups.o.empty())
        take(groups.o, gradient ? 0 : w * queries);
    const bool before = gradient;
    bool normKept = false;
    for (const auto& mlp : groups.mlps) {
        normKept = normKept || !fused(mlp.inner);
        bool inside = before;
        double own = keptByGroup(config, mlp.inner, inside, w * hidden);
        inside = inside || anyAdapted(mlp.inner);
        const double gateAndUp = w * mlp.width * double(mlp.inner.size());
        own += inside ? gateAndUp : 0;
        const bool again = m.form == "decoder" && !mlp.down.empty() && isFast(config, mlp.down);   // down's input is computed again
        if (!mlp.down.empty())
            own += keptByGroup(config, mlp.down, inside, !again ? w * mlp.width : inside ? 0 : gateAndUp);
        kept += mlp.share * own;
        gradient = gradient || inside || (!mlp.down.empty() && anyAdapted(mlp.down));
    }
    return kept + (before && (normKept || groups.mlps.empty()) ? norm : 0);
}

// Bytes a token that one layer's holes take.
double lostByLayer(const RunConfig& config, const RunShape& shape, const std::vector<Module>& layer)
{
    const auto& m = shape.model;
    const auto picture = effectivePicture(config);
    // q and k before they are turned, what o_proj and down_proj give.
    double lost = kLostOfLayer * width(config) * double((m.heads + m.kvHeads) * m.headDim + 2 * m.hiddenSize);
    if (trains(picture.weight))
        return lost;
    // The base's product, the adapter's and that scaled; DoRA's sums; the moved weight's products (ops/linear_group.cpp).
    const double operations = 3 + (picture.magnitude != Part::absent ? 2 : 0) + (drifts(config) ? 5 : 0);
    for (const auto& module : layer) {
        if (module.rank > 0 && !isFast(config, {&module}))
            lost += kLostOfProjections * operations * 4 * double(module.shape.out);
    }
    return lost;
}

// Rows of one forward and backward pass.
struct Micro
{
    int64_t rows = 0, tokens = 0, targets = 0, longest = 0;
    void add(const RowSize& row)
    {
        ++rows;
        tokens += row.tokens;
        targets += row.targets;
        longest = std::max(longest, row.tokens);
    }
};

// Linear in the micro-batch, so that millions of them can be compared.
struct Activations
{
    double token = 0, target = 0, lostToken = 0;   // bytes
    [[nodiscard]] double of(const Micro& micro) const
    {
        return double(micro.tokens) * token + double(micro.targets) * target;
    }
};

Activations activations(const RunConfig& config, const RunShape& shape)
{
    const auto& m = shape.model;
    const double w = width(config), hidden = double(m.hiddenSize);
    Activations all;
    bool gradient = shape.everything;   // of the embeddings
    for (const auto& layer : shape.layers) {
        all.token += keptByLayer(config, shape, layer, gradient);
        all.lostToken += lostByLayer(config, shape, layer);
    }
    all.token += shape.everything ? 4 * hidden + w * hidden : w * hidden;   // the last norm
    if (m.form == "decoder")   // cosines and sines in float32, for all layers together
        all.token += 4 * double(m.headDim) * (m.localRopeTheta > 0 ? 2 : 1);
    all.target = w * hidden;                                                // the loss's gradient
    return all;
}

// What is there for a moment while everything else is kept: the head's logits, the scores of the rows that are worked on or one
// layer's gradients.
// `atOnce`: shares of the rows that threads take at one time.
double momentBytes(const RunConfig& config, const RunShape& shape, const Micro& micro, int64_t atOnce)
{
    const auto& m = shape.model;
    const double w = width(config), vocabulary = m.form == "decoder" ? double(m.vocabSize) : 1;   // labels are few
    const double logits = shape.everything
        // All logits at once: of the loss, its logarithms and both gradients; the head's own gradient waits for the embeddings'.
        ? (wide(config) ? 12 : 14) * double(micro.targets) * vocabulary + (wide(config) ? 4 : 8) * vocabulary * double(m.hiddenSize)
        // A chunk's of each, and the head packed for the product with it.
        : w * double(std::min(kChunk * atOnce, micro.targets)) * vocabulary + w * vocabulary * double(m.hiddenSize);
    // Probabilities and their gradients of a block of queries, and sums of the keys' and values' gradients, of each thread: a row, or a
    // share of a long row's blocks.
    const auto longest = double(micro.longest);
    const bool eachThread = micro.rows >= shape.threads || (micro.longest + kBlock - 1) / kBlock >= 2 * shape.threads;
    const double scores = double(eachThread ? shape.threads : 1)
        * (2 * w * double(m.heads) * std::min(longest, double(kBlock)) * longest + 8 * double(m.kvHeads * m.headDim) * longest);
    const double inner = double(m.intermediateSize) * double(micro.tokens) * (4 * w + (wide(config) ? 0 : 4));
    return std::max({logits, scores, inner});
}

template <class Visit>
void eachMicro(const RunConfig& config, const std::vector<RowSize>& rows, const Visit& visit)
{
    if (rows.empty())
        return;
    RowOrder order(int64_t(rows.size()), config.order, config.seed);
    const auto steps = totalSteps(config, int64_t(rows.size()));
    const auto micros = std::min(steps * config.accumulate, std::max<int64_t>(1, kMicrosLooked / config.batch));
    for (int64_t i = 0; i < micros; ++i) {
        Micro micro;
        for (int64_t j = 0; j < config.batch; ++j)
            micro.add(rows[size_t(order.row(i * config.batch + j))]);
        visit(micro);
    }
}

// Evaluation keeps nothing: one layer's values of a batch, and the logits.
double evalBytes(const RunConfig& config, const RunShape& shape, const std::vector<RowSize>& rows)
{
    const auto& m = shape.model;
    auto frozen = shape;
    frozen.everything = false;
    double most = 0;
    Micro micro;
    const auto take = [&] {
        const double layer = width(config) * double(micro.tokens)
            * (3 * double(m.hiddenSize) + std::max(3 * double(m.intermediateSize), 4 * double(m.heads * m.headDim)));
        most = std::max(most, layer + momentBytes(config, frozen, {.rows = micro.rows, .targets = micro.targets, .longest = micro.longest}, 1));
        micro = {};
    };
    for (const auto& row : rows) {
        if (micro.rows > 0 && micro.tokens + row.tokens > kEvalTokens)
            take();
        micro.add(row);
    }
    if (micro.rows > 0)
        take();
    return most;
}

// A matrix that is trained itself keeps its base beside it; embeddings, norms and head are replaced.
double weightBytes(const RunConfig& config, const RunShape& shape)
{
    const auto base = effectiveBase(config);
    const double w = width(config), others = shape.everything ? 0 : w * double(shape.all - shape.adaptable);
    double bits = 8 * w;
    if (base != "none") {
        const auto& formats = baseFormats();
        bits = std::ranges::find_if(formats, [&](const BaseFormat& format) { return format.id == base; })->bits;
        if (findMethodOption(methodCard(config.method), "bits") && optionNumber(config, "bits") > 0)
            bits = optionNumber(config, "bits");   // a format a matrix, so many bits on average
        else if (base == "int8")
            bits = 8;                              // and a scale a row
    }
    double scales = 0;
    for (const auto& layer : shape.layers) {
        for (const auto& module : layer)
            scales += base == "int8" ? 4 * double(module.shape.out) : 0;
    }
    return others + double(shape.adaptable) * bits / 8 + scales;
}

// Values of A and B of all adapted modules, trained or not.
double factorValues(const RunConfig& config, const RunShape& shape)
{
    double values = 0;
    if (effectivePicture(config).A == Part::absent)
        return values;
    for (const auto& layer : shape.layers) {
        for (const auto& module : layer)
            values += double(module.rank * (module.shape.out + module.shape.in));
    }
    return values;
}

double momentsBytes(const RunConfig& config, const RunShape& shape)
{
    const auto trainable = double(shape.trainable);
    if (effectiveOptimiser(config) != "rite")
        return 8 * trainable;
    double pairs = 0;   // roots of r x r, and the same in float64 for a moment
    for (const auto& layer : shape.layers) {
        for (const auto& module : layer)
            pairs += double(module.rank * module.rank) * (2 * 4 + 4 * 8);
    }
    return 12 * trainable + pairs;   // basis, momentum, and the gradient in the basis for a moment
}

// The largest matrix while it is decomposed: itself, a float64 copy, its square and what an eigenvalue problem needs; as many of them as
// startEach() works on at once.
double decompositionBytes(const RunConfig& config, const RunShape& shape)
{
    double most = 0;
    int64_t matrices = 0;
    bool small = true;
    for (const auto& layer : shape.layers) {
        for (const auto& [module, kind, bias, rank] : layer) {
            if (rank == 0)
                continue;
            const auto size = double(module.out * module.in), side = double(std::min(module.out, module.in));
            ++matrices;
            small = small && module.out * module.in <= kManyAtOnce;
            const bool decomposes = effectivePicture(config).residual || config.method == "lora-xs" || config.method == "cora";
            most = std::max(most, decomposes ? 16 * size + 8 * 5 * side * side : 12 * size);
        }
    }
    return most * (small ? double(std::min(matrices, shape.threads)) : 1);
}

struct StartBytes { double kept = 0, peak = 0; };

// Shares of a micro-batch that threads take at one time, where it has rows for them all: as sharesOf() in loss_pass.cpp decides.
int64_t mostShares(const RunConfig& config, const RunShape& shape)
{
    const double routerLoss = config.routerLoss >= 0 ? config.routerLoss : shape.model.experts.balance;
    return config.device == "cpu" && routerLoss == 0
        && fitsShares(shape.threads, 4 * double(shape.trainable), weightBytes(config, shape)) ? shape.threads : 1;
}

// Before the first step. `kept` stays: the factors that the run began with, and the logits of the step-0 check.
StartBytes startBytes(const RunConfig& config, const RunShape& shape, const std::vector<RowSize>& rows)
{
    const auto picture = effectivePicture(config);
    const double factors = factorValues(config, shape);
    int64_t probe = 0;
    for (size_t i = 0; i < std::min(size_t(kProbeRows), rows.size()); ++i)
        probe += std::min(kProbeTokens, rows[i].tokens);
    const double logits = shape.model.form == "decoder" ? 4 * double(probe) * double(shape.model.vocabSize) : 0;
    StartBytes bytes{.kept = 4 * factors * (picture.residual ? 2 : 1) + logits};
    // The check holds the logits before and after, their difference and its size.
    bytes.peak = bytes.kept + std::max(3 * logits, decompositionBytes(config, shape));
    if (config.method == "lora-ga") {
        // Gradients of the whole base in float32, the batch's activations, and singular vectors in float64.
        auto full = config;
        full.method = "full";
        full.options.clear();
        auto whole = shape;
        whole.everything = false;
        Micro micro;
        const auto count = std::min(rows.size(), size_t(optionNumber(config, "gradientRows")));
        for (size_t i = 0; i < count; ++i)
            micro.add(rows[i]);
        const double values = double(std::min(shape.adaptable, kTogether));
        const double gradients = values * (wide(config) ? 4 : 8) + activations(full, whole).of(micro) + momentBytes(full, whole, micro, 1);
        bytes.peak = std::max(bytes.peak + 16 * factors, gradients + 16 * factors);
    }
    return bytes;
}

}  // namespace

int64_t programBytes() { return int64_t(kProgram + kLostAtStart); }

double savedBytes(const RunConfig& config, const RunShape& shape, const std::vector<RowSize>& batch)
{
    Micro micro;
    for (const auto& row : batch)
        micro.add(row);
    return activations(config, shape).of(micro);
}

std::vector<MemoryPart> memoryParts(const RunConfig& config, const RunShape& shape, const std::vector<RowSize>& rows,
    const std::vector<RowSize>& evalRows)
{
    const auto all = activations(config, shape);
    const auto shares = mostShares(config, shape);
    double kept = 0, moment = 0;
    int64_t gradientSets = 1;
    eachMicro(config, rows, [&](const Micro& micro) {
        const int64_t atOnce = micro.rows >= shares ? shares : 1;
        if (atOnce > 1)
            gradientSets = 1 + atOnce;
        const double bytes = all.of(micro) + double(micro.tokens) * all.lostToken;
        const double now = momentBytes(config, shape, micro, atOnce);
        if (bytes + now > kept + moment) {
            kept = bytes;
            moment = now;
        }
    });
    const auto picture = effectivePicture(config);
    const double factors = factorValues(config, shape);
    const double adapters = 4 * double(shape.trainable) + (picture.drifts ? 4 * factors : 0);
    const double gradients = 4 * double(shape.trainable), moments = momentsBytes(config, shape);
    const auto start = startBytes(config, shape, rows);
    double data = 0;   // ids, marks and text of the rows
    for (const auto& row : rows)
        data += 10 * double(row.tokens) + 200;
    // Optimiser and gradients do not exist yet while the start is made; evaluation holds nothing of a step.
    const double training = start.kept + gradients + moments + kept + moment;
    const double evaluation = start.kept + gradients + moments + evalBytes(config, shape, evalRows);
    // Trainer::save() looks whether all parameters are finite, their sizes and a few marks each, while the heap still has what the step
    // kept.
    const double saving = start.kept + gradients + moments + kept + 6 * double(shape.trainable);
    // At the end of a pass in shares, when the activations are gone: each share's gradients.
    const double adding = start.kept + gradients * double(gradientSets) + moments;
    const double excess = std::max({0.0, start.peak - training, evaluation - training, saving - training, adding - training});
    const auto part = [](const char* id, const char* title, double bytes) { return MemoryPart{id, title, int64_t(bytes)}; };
    return {part("program", "Program", kProgram + kLostAtStart + data),
        part("weights", "Weights", weightBytes(config, shape)),
        part("adapters", "Adapters", adapters),
        part("gradients", "Gradients", gradients),
        part("optimiser", "Optimiser", moments),
        part("activations", "Activations", kept),
        part("head", "Step", moment),
        part("start", "Start", start.kept + excess)};
}

}  // namespace rankwright
