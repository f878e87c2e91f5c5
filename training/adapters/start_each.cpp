// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/adapters/start_each.h"

#include "training/adapters/in_parallel.h"
#include "training/api/error.h"
#include "training/ops/vector_loops.h"
#include "training/train/peak_memory.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <bit>

namespace rankwright {

namespace {

// What stays between matrices that were read and decomposed leaves holes that the next ones do not fit into: given back every so many.
constexpr int64_t kBetweenReleases = 8;

// One pass over memory; at::isfinite() writes a mask as long as the weight, which its sum reads again.
RANKWRIGHT_VECTOR_CLONES int64_t notFinite(const float* values, int64_t count)
{
    constexpr uint32_t kExponent = 0x7f800000;
    int64_t found = 0;
    for (int64_t first = 0; first < count; first += 1 << 16) {
        int32_t inPiece = 0;
        for (int64_t i = first; i < std::min(count, first + (1 << 16)); ++i)
            inPiece += (std::bit_cast<uint32_t>(values[i]) & kExponent) == kExponent ? 1 : 0;
        found += inPiece;
    }
    return found;
}

at::Tensor finiteWeight(const LinearSlot* slot, Weights& weights, const std::string& module, bool held)
{
    auto weight = held && slot != nullptr && !slot->delta ? slot->base.dense() : weights.read(module + ".weight");
    if (const auto bad = notFinite(weight.const_data_ptr<float>(), weight.numel()); bad > 0) {
        throw Error({.code = Code::data,
            .file = weights.source().path,
            .place = "tensor " + module + ".weight",
            .found = std::to_string(bad) + " values that are not finite",
            .allowed = "finite weights",
            .advice = "Fetch the model again, or leave this module out with --modules; `verify` reads everything."});
    }
    return weight;
}

// Whether the bases are the files' values: float32, in this machine's memory.
bool holdsOriginals(const Model& model, const RunConfig& config)
{
    return model.type() == at::kFloat && model.device().is_cpu() && !isQuantised(config);
}

}  // namespace

std::vector<PlacedStart> startEach(const std::vector<std::pair<ModuleShape, ModuleRank>>& modules, const MethodSpec& method,
    const Prepared& prepared, Model& model, Weights& weights, const RunConfig& config, const Model::Progress& progress,
    const std::function<bool()>& stopped)
{
    const auto count = int64_t(modules.size());
    const bool held = holdsOriginals(model, config);
    const bool small = std::ranges::all_of(modules, [](const auto& one) { return one.first.out * one.first.in <= kManyAtOnce; });
    std::vector<PlacedStart> starts(modules.size());
    std::atomic<int64_t> done{0};
    int64_t released = 0;
    const auto start = [&](int64_t i) {
        const auto& [module, rank] = modules[size_t(i)];
        const auto found = prepared.find(module.name);
        const SlotStart place{module.name, rank.rank, rank.alpha, config, effectiveBase(config),
            found == prepared.end() ? nullptr : &found->second};
        starts[size_t(i)] = {module.name, method.start(finiteWeight(model.slot(module.name), weights, module.name, held), place)};
        ++done;
    };
    const auto between = [&] {
        if (stopped && stopped())
            throw Error({.code = Code::stopped, .place = "preparing the adapters", .found = "a stop was asked for"});
        const auto now = done.load();
        if (progress && now < count)
            progress("Preparing " + modules[size_t(now)].first.name, now, count);
        if (now >= released + kBetweenReleases) {
            released = now;
            releaseFreedMemory();
        }
    };
    between();
    inParallel(count, small ? at::get_num_threads() : 1, start, between);
    return starts;
}

}  // namespace rankwright
