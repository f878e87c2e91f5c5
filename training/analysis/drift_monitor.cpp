// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Drift while a run goes on. With dW = P Q^T and the kept triplets U, S, V of W everything follows from four small products: U^T P,
// V^T Q, P^T P and Q^T Q; no matrix of the weight's size is touched.
#include "training/analysis/drift.h"

#include "training/analysis/update.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <chrono>
#include <cmath>
#include <limits>

namespace rankwright {

struct DriftMonitor::Directions
{
    const AdapterSet::Entry& entry;
    int64_t rank = 0;
    Factors atStart;      // where the adapter belongs to its base
    Triplets first;       // the L first of W, float32
    double norm = 0;      // ||W||_F
};

namespace {

using Clock = std::chrono::steady_clock;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kTop = 10, kKept = 2 * kTop;   // the paper looks at the first 10
constexpr double kCosine = 0.5;
constexpr double kShare = 0.02;                  // of the training time
constexpr int64_t kSmall = 1024;                 // sides up to this are decomposed as a whole
constexpr int64_t kIterations = 4, kOversample = 20;

double secondsSince(Clock::time_point begin)
{
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

// LAPACK calls on matrices as small as these gain nothing from a second thread and wait for it. (Several modules at once are no way
// out: QR in MKL, as LibTorch brings it, never returns from within a parallel region.)
class OneThread
{
public:
    OneThread() { at::set_num_threads(1); }
    ~OneThread() { at::set_num_threads(m_before); }
    OneThread(const OneThread&) = delete;
    OneThread& operator=(const OneThread&) = delete;

private:
    int m_before = at::get_num_threads();
};

// The `count` first triplets, float32: from the eigenvectors of the shorter side's Gram matrix in float32, 0.1 degrees off for
// SmolLM2's; of larger ones randomised, which costs far less, but in their flat spectra turns single directions by degrees. Where the
// values fall so fast that float32 squares lose the small ones, in float64.
Triplets firstTriplets(const at::Tensor& W, int64_t count, const RunConfig& config, const std::string& name)
{
    const bool wide = W.size(0) <= W.size(1);
    if (std::min(W.size(0), W.size(1)) > kSmall)
        return randomisedTriplets(W, count, kIterations, kOversample, config.seed, name);
    const OneThread alone;
    const auto X = wide ? W : W.t();
    const auto [values, vectors] = at::linalg_eigh(at::matmul(X, X.t()));   // ascending
    const auto S = values.narrow(0, values.numel() - count, count).flip(0).clamp_min(0).sqrt();
    if (!(S[count - 1].item<float>() > 0.05F * S[0].item<float>())) {
        const auto exact = exactTriplets(W, count);
        return {exact.U.to(at::kFloat), exact.S.to(at::kFloat), exact.V.to(at::kFloat)};
    }
    const auto U = vectors.narrow(1, vectors.size(1) - count, count).flip(1).contiguous();
    const auto V = at::matmul(X.t(), U) / S;
    return wide ? Triplets{U, S, V} : Triplets{V, S, U};
}

// R (k, k) with R^T R = gram, from its eigenvalues: also where it is singular.
at::Tensor rootOf(const at::Tensor& gram)
{
    const auto [values, vectors] = at::linalg_eigh(gram);
    return values.clamp_min(0).sqrt().unsqueeze(1) * vectors.t();
}

// T (k, rank) with X T orthonormal, gram = X^T X; directions below 1e-6 of the largest are left out.
at::Tensor whiteningOf(const at::Tensor& gram)
{
    const auto [values, vectors] = at::linalg_eigh(gram);   // ascending
    const double largest = values[-1].item<double>();
    const auto rank = largest > 0 ? (values > 1e-12 * largest).sum().item<int64_t>() : 0;
    const auto first = values.numel() - rank;
    return vectors.narrow(1, first, rank) / values.narrow(0, first, rank).sqrt();
}

// a^T b in float64, from float32 products.
at::Tensor overlapOf(const at::Tensor& a, const at::Tensor& b)
{
    return at::matmul(a.t(), b).to(at::kDouble);
}
at::Tensor gramOf(const at::Tensor& X)
{
    const auto exact = X.to(at::kDouble);
    return at::matmul(exact.t(), exact);
}

// Coordinates of the thin factors: P = U a + P' p with P' orthonormal and orthogonal to U, Q = V b + Q' q.
struct Coordinates { at::Tensor a, p, b, q; };

// W_eff between the bases [U, P'] and [V, Q'] is [S + a b^T, a q^T; p b^T, p q^T], but for P'^T W Q'. Its first left singular vectors
// have their cosines to U in their first L coordinates.
int64_t intrudersOf(const Coordinates& c, const at::Tensor& S)
{
    auto W = at::matmul(at::cat({c.a, c.p}, 0), at::cat({c.b, c.q}, 0).t());
    const auto kept = S.numel();
    W.narrow(0, 0, kept).narrow(1, 0, kept).diagonal().add_(S.to(at::kDouble));
    const auto vectors = std::get<1>(at::linalg_eigh(at::matmul(W, W.t())));   // ascending
    const auto top = std::min(kTop, kept);
    const auto cosines = vectors.narrow(1, vectors.size(1) - top, top).narrow(0, 0, kept).abs();
    return (cosines.amax(0) < kCosine).sum().item<int64_t>();
}

void addAngles(ModuleDrift& drift, const at::Tensor& B, const at::Tensor& U)
{
    drift.angleMean = drift.angleLargest = kNone;
    const auto whitening = whiteningOf(gramOf(B));
    if (whitening.size(1) == 0)
        return;
    const auto angles = anglesOf(at::matmul(overlapOf(U, B), whitening));
    drift.angleMean = angles.mean().item<double>();
    drift.angleLargest = angles.max().item<double>();
}

ModuleDrift driftOf(const std::string& name, int64_t rank, const ThinProduct& update, const at::Tensor& B, const Triplets& first,
    double norm)
{
    const auto& [U, S, V] = first;
    const auto r = std::min(rank, U.size(1));
    ModuleDrift drift{.name = name, .rank = rank, .inside = kNone};
    addAngles(drift, B, U.narrow(1, 0, r));
    const auto gramP = gramOf(update.P), gramQ = gramOf(update.Q);
    const auto values = at::linalg_svdvals(at::matmul(rootOf(gramP), rootOf(gramQ).t()));
    const double size = values.norm().item<double>();
    drift.update = norm > 0 ? size / norm : kNone;
    drift.effectiveRank = effectiveRank(values);
    if (!(size > 0))
        return drift;
    const auto a = overlapOf(U, update.P), b = overlapOf(V, update.Q);
    const double inside = at::matmul(a.narrow(0, 0, r), b.narrow(0, 0, r).t()).norm().item<double>() / size;
    drift.inside = std::min(1.0, inside * inside);
    drift.intruders = intrudersOf({a, rootOf(gramP - at::matmul(a.t(), a)), b, rootOf(gramQ - at::matmul(b.t(), b))}, S);
    return drift;
}

}  // namespace

DriftMonitor::DriftMonitor(const AdapterSet& adapters, Weights& weights, const RunConfig& config, const Model::Progress& progress)
    : m_every(config.driftEvery)
{
    if (m_every <= 0)
        return;
    const at::NoGradGuard guard;
    const auto begin = Clock::now();
    for (const auto& entry : adapters.entries()) {
        if (hasLowRankUpdate(entry))
            m_modules.push_back({entry, entry.slot->delta->B.size(1), entry.belongsToBase ? foldedFactors(*entry.slot) : Factors(), {}});
    }
    for (auto& module : m_modules) {
        if (progress)
            progress("Singular directions of " + module.entry.name, &module - m_modules.data(), int64_t(m_modules.size()));
        const auto W = weights.read(module.entry.name + ".weight");
        const auto kept = std::min({W.size(0), W.size(1), std::max(module.rank, kKept)});
        module.first = firstTriplets(W, kept, config, module.entry.name);
        module.norm = W.to(at::kDouble).norm().item<double>();
    }
    const auto trial = Clock::now();
    (void)measure();
    m_last = secondsSince(trial);
    m_setup = secondsSince(begin);
}

DriftMonitor::~DriftMonitor() = default;

int64_t DriftMonitor::bytes() const
{
    int64_t bytes = 0;
    for (const auto& module : m_modules) {
        for (const auto& tensor : {module.first.U, module.first.S, module.first.V, module.atStart.A, module.atStart.B})
            bytes += tensor.defined() ? int64_t(tensor.nbytes()) : 0;
    }
    return bytes;
}

std::vector<ModuleDrift> DriftMonitor::measure() const
{
    const at::NoGradGuard guard;
    const OneThread alone;
    std::vector<ModuleDrift> drifts;
    for (const auto& module : m_modules) {
        const auto& entry = module.entry;
        drifts.push_back(driftOf(entry.name, module.rank, lowRankUpdate(entry, module.atStart), entry.slot->delta->B.detach().cpu(),
            module.first, module.norm));
    }
    return drifts;
}

std::optional<DriftEvent> DriftMonitor::after(int64_t step, double trainingSeconds)
{
    if (m_begin < 0)   // a resumed run has trained before
        m_begin = step > 1 ? trainingSeconds : 0;
    if (m_modules.empty() || step % m_every != 0 || m_spent + m_last > kShare * (trainingSeconds - m_begin))
        return std::nullopt;
    const auto begin = Clock::now();
    DriftEvent event{.step = step, .modules = measure()};
    event.seconds = m_last = secondsSince(begin);
    m_spent += m_last;
    return event;
}

}  // namespace rankwright
