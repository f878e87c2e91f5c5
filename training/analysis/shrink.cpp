// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/analysis/shrink.h"

#include "training/analysis/update.h"
#include "training/api/adapter_size.h"
#include "training/api/error.h"
#include "training/export/adapter_file.h"
#include "training/formats/atomic_file.h"
#include "training/train/evaluate.h"
#include "training/train/trained_model.h"

#include <ATen/ATen.h>

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankwright {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

struct Module
{
    const AdapterSet::Entry& entry;
    Triplets update;      // of dW, float64
    Factors atStart;      // where the adapter belongs to its base
    [[nodiscard]] int64_t most() const { return update.S.numel(); }
};
// A rank for each module, in their order.
using Ranks = std::vector<int64_t>;

void checkJob(const ShrinkJob& job)
{
    for (const auto rank : job.ranks) {
        if (rank < 1) {
            throw Error({.code = Code::usage, .place = "--rank", .found = std::to_string(rank), .allowed = "1 or more",
                .advice = "Name the ranks to cut to, as --rank 4,8."});
        }
    }
    for (const auto energy : job.energies) {
        if (!(energy > 0 && energy <= 1)) {
            throw Error({.code = Code::usage, .place = "--energy", .found = nlohmann::json(energy).dump(), .allowed = "above 0 and at most 1",
                .advice = "0.9 keeps nine tenths of each module's squared norm."});
        }
    }
}

// Throws Error{unsupported} where a part of what was trained is no low-rank update, or the adapter could not stand alone.
void checkRun(const TrainedModel& trained, const ShrinkJob& job)
{
    for (const auto& entry : trained.adapters->entries()) {
        if (hasLowRankUpdate(entry))
            continue;
        const bool rows = entry.slot && entry.slot->delta->magnitude.defined();
        throw Error({.code = Code::unsupported, .file = job.folder, .place = entry.name,
            .found = rows ? "DoRA, which rescales whole rows: its update has full rank" : "a weight that was trained as a whole",
            .allowed = "methods that train factors A and B", .advice = "`drift` shows how such a run has moved."});
    }
    const auto why = whyNoPlainAdapter(*trained.adapters);
    if (!job.out.empty() && !why.empty()) {
        throw Error({.code = Code::unsupported, .file = job.folder, .place = "--out", .found = "a run with " + trained.config.method,
            .allowed = "runs whose adapter goes on the original base", .advice = "Leave --out away: " + why + "."});
    }
}

std::vector<Module> modulesOf(const TrainedModel& trained, const ShrinkJob& job, JobContext& context)
{
    const auto starts = factorsAtStart(job.folder, trained);
    const auto& entries = trained.adapters->entries();
    std::vector<Module> modules;
    for (const auto& entry : entries) {
        context.progress("Decomposing " + entry.name, int64_t(modules.size()), int64_t(entries.size()));
        const auto found = starts.find(entry.name);
        const auto atStart = found == starts.end() ? Factors() : found->second;
        modules.push_back({entry, tripletsOf(lowRankUpdate(entry, atStart)), atStart});
    }
    return modules;
}

// The smallest rank that holds `share` of the squared norm.
int64_t rankFor(const at::Tensor& values, double share)
{
    const auto kept = values.square().cumsum(0);
    if (kept.numel() == 0)
        return 0;
    const double wanted = share * kept[-1].item<double>() * (1 - 1e-12);   // 1 means all that rounding can tell
    return std::min(kept.numel(), (kept < wanted).sum().item<int64_t>() + 1);
}

int64_t fileBytes(const std::vector<Module>& modules, const Ranks& ranks)
{
    std::vector<PlannedModule> planned;
    for (size_t i = 0; i < modules.size(); ++i) {
        const auto& [U, S, V] = modules[i].update;
        planned.push_back({.name = modules[i].entry.name, .rows = U.size(0), .cols = V.size(0), .rank = ranks[i]});
    }
    return adapterFileBytes(planned);
}

ShrinkPoint pointOf(const std::vector<Module>& modules, const Ranks& ranks)
{
    ShrinkPoint point;
    double kept = 0, all = 0;
    for (size_t i = 0; i < modules.size(); ++i) {
        const auto& [U, S, V] = modules[i].update;
        const auto squares = S.square();
        kept += squares.narrow(0, 0, ranks[i]).sum().item<double>();
        all += squares.sum().item<double>();
        point.parameters += ranks[i] * (U.size(0) + V.size(0));
    }
    point.energy = all > 0 ? kept / all : kNone;
    point.bytes = fileBytes(modules, ranks);
    point.loss = kNone;
    return point;
}

// The update cut to `rank` as float32 factors: B = U sqrt(S), A = sqrt(S) V^T, whose product is the best of that rank (Eckart and
// Young 1936).
Factors cut(const Triplets& update, int64_t rank)
{
    return splitEvenly({update.U.narrow(1, 0, rank), update.S.narrow(0, 0, rank), update.V.narrow(1, 0, rank)}, 1);
}

// Takes the adapters off: every weight is what it was at step 0.
void takeOff(const std::vector<Module>& modules, Weights& weights)
{
    for (const auto& module : modules) {
        auto& slot = *module.entry.slot;
        if (module.entry.edit && !module.entry.belongsToBase)
            slot.base.place(originalOf(weights, module.entry.name + ".weight"), {}, module.entry.format);
        slot.delta.reset();
        if (module.entry.belongsToBase)
            slot.delta = Delta{.A = module.atStart.A, .B = module.atStart.B};
    }
}

void putOn(const std::vector<Module>& modules, const Ranks& ranks)
{
    for (size_t i = 0; i < modules.size(); ++i) {
        const auto& module = modules[i];
        auto& delta = module.entry.slot->delta;
        const auto [A, B] = cut(module.update, ranks[i]);
        if (module.entry.belongsToBase)
            delta = Delta{.A = at::cat({module.atStart.A, A}, 0), .B = at::cat({module.atStart.B, B}, 1)};
        else if (ranks[i] > 0)
            delta = Delta{.A = A, .B = B};
        else
            delta.reset();
    }
}

// What was asked, or 1, 2, 4, ... and the largest rank there is.
std::vector<std::pair<ShrinkPoint, Ranks>> pointsOf(const std::vector<Module>& modules, const ShrinkJob& job)
{
    auto wanted = job.ranks;
    int64_t most = 0;
    for (const auto& module : modules)
        most = std::max(most, module.most());
    if (wanted.empty() && job.energies.empty()) {
        for (int64_t rank = 1; rank < most; rank *= 2)
            wanted.push_back(rank);
        wanted.push_back(std::max<int64_t>(most, 1));
    }
    std::vector<std::pair<ShrinkPoint, Ranks>> points;
    const auto add = [&](int64_t rank, double energy, const auto& rankOf) {
        Ranks ranks;
        for (const auto& module : modules)
            ranks.push_back(rankOf(module));
        auto point = pointOf(modules, ranks);
        point.rank = rank;
        point.energyAsked = energy;
        points.emplace_back(point, std::move(ranks));
    };
    for (const auto rank : wanted)
        add(rank, 0, [&](const Module& module) { return std::min(rank, module.most()); });
    for (const auto energy : job.energies)
        add(0, energy, [&](const Module& module) { return rankFor(module.update.S, energy); });
    return points;
}

std::string baseName(const TrainedModel& trained)
{
    const auto& path = trained.weights->source().path;
    const bool named = trained.config.model != "default" && !std::filesystem::exists(trained.config.model);
    return named ? trained.config.model : std::filesystem::absolute(path).string();
}

std::filesystem::path outputFolder(const std::string& asked)
{
    const auto out = std::filesystem::path(asked).lexically_normal();
    return out.has_filename() ? out : out.parent_path();   // "adapter/"
}

// Written beside the target and renamed when whole. alpha is the rank: the factors hold the scale.
std::string writeCut(const std::vector<Module>& modules, const Ranks& ranks, const TrainedModel& trained, const std::string& asked)
{
    const auto out = outputFolder(asked);
    std::vector<PlacedStart> starts;
    for (size_t i = 0; i < modules.size(); ++i) {
        if (ranks[i] == 0)
            continue;
        const auto [A, B] = cut(modules[i].update, ranks[i]);
        starts.push_back({modules[i].entry.name, {.A = A, .B = B, .scaling = 1}});
    }
    const bool nothing = starts.empty();
    for (const auto& name : trained.model.labelHeadTensors()) {   // goes along whole
        const auto found = std::ranges::find(trained.model.otherTensors(), name, [](const auto& entry) { return entry.first; });
        starts.push_back({name, {.trainsWeight = true, .weight = found->second.detach()}});
    }
    if (nothing) {
        throw Error({.code = Code::data, .file = out, .place = "--out", .found = "an update of zero in every module",
            .allowed = "a run that has changed something", .advice = "Train the run first."});
    }
    createOutputFolder(out);
    auto temporary = out;
    temporary += ".tmp-" + std::to_string(::getpid());
    std::error_code ignored;
    std::filesystem::remove_all(temporary, ignored);
    try {
        createOutputFolder(temporary);
        writeAdapter(temporary, starts, baseName(trained), {}, headOf(trained.model, trained.labels));
        syncDirectory(temporary);
        std::filesystem::rename(temporary, out);
        syncDirectory(std::filesystem::absolute(out).parent_path());
    } catch (...) {
        std::filesystem::remove_all(temporary, ignored);
        std::filesystem::remove(out, ignored);   // only where it is still empty
        throw;
    }
    return out.string();
}

// The run's evaluation loss on the model as it is now.
class Examiner
{
public:
    Examiner(const TrainedModel& trained, const ShrinkJob& job, JobContext& context) : m_trained(trained), m_context(context)
    {
        if (job.evaluate)
            m_samples = evaluationData(trained, context).samples;
    }
    [[nodiscard]] double loss(const std::string& what) const
    {
        if (m_samples.empty())
            return kNone;
        return evaluate(m_trained.model, m_samples, [&](int64_t done, int64_t total) {
            m_context.progress("Evaluating " + what, done, total);
            return true;
        }).rowMean;
    }

private:
    const TrainedModel& m_trained;
    JobContext& m_context;
    std::vector<Sample> m_samples;
};

std::string nameOf(const ShrinkPoint& point)
{
    return point.rank > 0 ? "rank " + std::to_string(point.rank) : "energy " + nlohmann::json(point.energyAsked).dump();
}

}  // namespace

namespace {

ShrinkReport shrunk(const ShrinkJob& job, JobContext& context)
{
    const at::NoGradGuard guard;
    const auto trained = openTrained(job.folder, context);
    checkRun(*trained, job);
    const auto modules = modulesOf(*trained, job, context);
    ShrinkReport report{.step = trained->step};
    for (const auto& module : modules) {
        const auto& S = module.update.S;
        report.modules.push_back({module.entry.name, {S.const_data_ptr<double>(), S.const_data_ptr<double>() + S.numel()}});
    }
    auto points = pointsOf(modules, job);
    const Examiner examiner(*trained, job, context);
    report.lossFull = examiner.loss("the whole update");
    takeOff(modules, *trained->weights);
    report.lossBase = examiner.loss("without the update");
    for (auto& [point, ranks] : points) {
        putOn(modules, ranks);
        point.loss = examiner.loss(nameOf(point));
        report.points.push_back(point);
    }
    if (!job.out.empty()) {
        const auto smallest = std::min_element(points.begin(), points.end(),
            [](const auto& a, const auto& b) { return a.first.parameters < b.first.parameters; });
        report.adapter = writeCut(modules, smallest->second, *trained, job.out);
    }
    return report;
}

}  // namespace

ShrinkReport shrinkRun(const ShrinkJob& job, JobContext& context)
{
    checkJob(job);
    if (job.out.empty())
        return shrunk(job, context);
    const auto out = outputFolder(job.out);
    createOutputFolder(out);   // refuses what exists before anything is computed
    try {
        return shrunk(job, context);
    } catch (...) {
        std::error_code ignored;
        std::filesystem::remove(out, ignored);   // only where it is still empty
        throw;
    }
}

}  // namespace rankwright
