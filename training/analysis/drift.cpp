// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/analysis/drift.h"

#include "training/analysis/update.h"
#include "training/api/error.h"
#include "training/train/trained_model.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

namespace rankwright {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// Where the singular directions of an original weight and its size are.
struct Frame
{
    at::Tensor U, V;      // (out, r), (in, r), orthonormal
    double norm = 0;      // ||W||_F
};

void addAngles(ModuleDrift& drift, const at::Tensor& span, const at::Tensor& U)
{
    drift.angleMean = drift.angleLargest = kNone;
    if (span.size(1) == 0)
        return;
    const auto angles = anglesOf(at::matmul(U.t(), span));
    drift.angleMean = angles.mean().item<double>();
    drift.angleLargest = angles.max().item<double>();
}

// `update`: all singular triplets of dW. `left`: columns whose span is compared with U_r.
ModuleDrift driftOf(const std::string& name, int64_t rank, const Triplets& update, const at::Tensor& left, const Frame& frame)
{
    ModuleDrift drift{.name = name, .rank = rank};
    const double size = update.S.numel() > 0 ? update.S.norm().item<double>() : 0;
    drift.update = frame.norm > 0 ? size / frame.norm : kNone;
    drift.inside = kNone;
    if (size > 0) {
        const auto along = [](const at::Tensor& directions, const at::Tensor& vectors) {
            return at::matmul(directions.to(at::kDouble).t(), vectors);
        };
        const auto inside = at::matmul(along(frame.U, update.U) * update.S, along(frame.V, update.V).t()).norm().item<double>() / size;
        drift.inside = inside * inside;
    }
    drift.effectiveRank = effectiveRank(update.S);
    addAngles(drift, left, frame.U);
    return drift;
}

// How many columns of `vectors` have a cosine below `cosine`, by size, to every column of `directions`.
int64_t farFromAll(const at::Tensor& vectors, const at::Tensor& directions, double cosine)
{
    const auto cosines = at::matmul(directions.t(), vectors).abs();
    return (cosines.amax(0) < cosine).sum().item<int64_t>();
}

void checkJob(const DriftJob& job)
{
    if (job.intruderTop < 1) {
        throw Error({.code = Code::usage, .place = "--top", .found = std::to_string(job.intruderTop), .allowed = "1 or more",
            .advice = "The paper looks at the first 10 singular vectors."});
    }
    if (!(job.intruderCosine > 0 && job.intruderCosine <= 1)) {
        throw Error({.code = Code::usage, .place = "--cosine", .found = nlohmann::json(job.intruderCosine).dump(),
            .allowed = "above 0 and at most 1", .advice = "0.5 is what is usual."});
    }
}

// All singular triplets; of a dense update too, which may be 0 or of any rank.
Triplets allTriplets(const at::Tensor& matrix)
{
    return exactTriplets(matrix, std::min(matrix.size(0), matrix.size(1)));
}

ModuleDrift driftOfEntry(const AdapterSet::Entry& entry, const Factors& atStart, const TrainedModel& trained, const DriftJob& job)
{
    const auto W = trained.weights->read(entry.name + ".weight");
    const auto whole = allTriplets(W);
    const auto& B = entry.slot->delta->B;
    const auto smaller = std::min(W.size(0), W.size(1));
    const auto rank = std::min(smaller, B.defined() ? B.size(1) : std::max<int64_t>(1, trained.config.rank));
    const Frame frame{whole.U.narrow(1, 0, rank), whole.V.narrow(1, 0, rank), whole.S.norm().item<double>()};
    const bool low = hasLowRankUpdate(entry);
    const auto update = low ? tripletsOf(lowRankUpdate(entry, atStart)) : allTriplets(denseUpdate(entry, W));
    const auto left = B.defined() ? spanOf(B.detach()) : spanOf(update.U.narrow(1, 0, rank) * update.S.narrow(0, 0, rank));
    auto drift = driftOf(entry.name, rank, update, left, frame);
    const auto first = exactTriplets(effectiveWeight(*entry.slot), std::min(job.intruderTop, smaller)).U;
    drift.intruders = farFromAll(first, whole.U, job.intruderCosine);
    return drift;
}

}  // namespace

DriftReport measureDrift(const DriftJob& job, JobContext& context)
{
    checkJob(job);
    const at::NoGradGuard guard;
    const auto trained = openTrained(job.folder, context);
    const auto starts = factorsAtStart(job.folder, *trained);
    DriftReport report{.step = trained->step, .intruderCosine = job.intruderCosine, .intruderTop = job.intruderTop};
    const auto& entries = trained->adapters->entries();
    for (const auto& entry : entries) {
        context.progress("Decomposing " + entry.name, &entry - entries.data(), int64_t(entries.size()));
        if (!entry.slot)
            continue;
        const auto found = starts.find(entry.name);
        report.modules.push_back(driftOfEntry(entry, found == starts.end() ? Factors() : found->second, *trained, job));
    }
    context.progress("Decomposing", int64_t(entries.size()), int64_t(entries.size()));
    return report;
}

}  // namespace rankwright
