// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/optimisers/rite.h"

#include "training/api/error.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankwright {

namespace {

// The decay that makes m = b m + (1 - b) g a weighted mean from the first step on; 0 in step 1.
double correctedDecay(double beta, int64_t step)
{
    const auto t = double(step);
    return beta * (1 - std::pow(beta, t - 1)) / (1 - std::pow(beta, t));
}

RiteFactor factor(const at::Tensor& X, const at::Tensor& gradient, int64_t otherWidth)
{
    const auto rows = X.size(0), width = std::min(X.size(0), X.size(1));
    return {.X = X,
        .gradient = gradient,
        .basis = at::zeros({rows, width}, X.options()),
        .first = at::zeros({rows, otherWidth}, X.options()),
        .root = at::zeros({otherWidth, otherWidth}, X.options()),
        .escaped = at::zeros({1}, X.options())};
}

// A sum in float64 is finite where all of its float32 terms are, and costs a tenth of looking at each.
bool finite(const at::Tensor& t)
{
    return std::isfinite(at::sum(t, at::kDouble).item<double>());
}

// pinv(R) of X = Q R. Singular values below a share of the largest are rounding of X, as in numpy's matrix_rank; that of 0 is 0.
at::Tensor inverseOf(const RiteFactor& f, const at::Tensor& R)
{
    const double rounding = f.X.scalar_type() == at::kFloat ? double(std::numeric_limits<float>::epsilon())
                                                            : std::numeric_limits<double>::epsilon();
    const double share = rounding * double(std::max(f.X.size(0), f.X.size(1)));
    if (R.size(0) == R.size(1) && at::diagonal(R).ne(0).all().item<bool>()) {
        const auto inverse = at::linalg_solve_triangular(R, at::eye(R.size(0), R.options()), true);
        // The product of the norms is at least largest / smallest singular value: none is below the share.
        if (R.norm().item<double>() * inverse.norm().item<double>() * share < 1)
            return inverse;
    }
    return at::linalg_pinv(R, share);
}

void setBasis(RiteFactor& f, const at::Tensor& Q)
{
    f.turn = at::mm(Q.t(), f.basis).to(at::kDouble);
    f.basis.copy_(Q);
}

// h = g pinv(R of the other factor), or 0 where it is too large or not finite; returns the sum of its squares.
double setGradient(RiteFactor& f, const RiteFactor& other, double scale, double skip)
{
    f.h = at::mm(f.gradient, other.inverse.mul(scale).to(f.X.scalar_type()));
    const double squares = at::sum(f.h.square(), at::kDouble).item<double>();
    if (squares <= skip * skip * double(f.h.numel()))
        return squares;
    f.h.zero_();
    return 0;
}

// What turning v into the new basis may have lost: no more than the largest drop of an eigenvalue, nor than that of the trace.
double lostMass(const at::Tensor& before, const at::Tensor& after)
{
    const double drop = at::max(at::linalg_eigvalsh(before) - at::linalg_eigvalsh(after)).item<double>();
    const double trace = (before.trace() - after.trace()).item<double>();
    return std::min(std::max(0.0, drop), std::max(0.0, trace));
}

// The step of one factor. Small matrices are worked on in float64, what has as many rows as X in the type of X.
void moveFactor(RiteFactor& f, const RiteFactor& other, int64_t step, double rate, double clip,
    const RiteOptions& options)
{
    const auto type = f.X.scalar_type();
    const double b1 = correctedDecay(options.beta1, step), b2 = correctedDecay(options.beta2, step);
    const auto h = f.h.to(at::kDouble) * clip;
    const auto root = f.root.to(at::kDouble);
    const auto turned = at::mm(other.turn, root);
    auto v = at::mm(turned, turned.t());
    double escaped = 0;
    if (options.escape) {
        escaped = b2 * (f.escaped.item<double>() + lostMass(at::mm(root, root.t()), v));
        f.escaped.fill_(escaped);
    }
    v = at::addmm(v, h.t(), h, b2, (1 - b2) / double(h.size(0)));
    const auto [w, E] = at::linalg_eigh(v);
    const auto values = w.clamp_min(0);
    f.root.copy_(at::mm(E * values.sqrt(), E.t()));
    const auto whiten = at::mm(E / ((values + escaped).sqrt() + options.epsilon), E.t());
    const auto u = at::mm(f.h, whiten.mul(clip * (1 - b1)).to(type));
    f.first.copy_(at::addmm(u, f.first, other.turn.t().to(type), 1, b1));
    const auto direction = at::mm(f.first, other.inverse.t().to(type));
    if (finite(direction))
        f.X.mul_(1 - rate * options.weightDecay).sub_(direction, rate);
}

}  // namespace

RitePair::RitePair(const at::Tensor& a, const at::Tensor& gradA, const at::Tensor& b, const at::Tensor& gradB)
    : A(factor(a.detach().t(), gradA.detach().t(), std::min(a.size(0), b.size(0)))),
      B(factor(b.detach(), gradB.detach(), std::min(a.size(0), a.size(1))))
{
}

double RitePair::unmagnify(double scale, const RiteOptions& options)
{
    A.h.reset();
    const auto [Q_A, R_A] = at::linalg_qr(A.X);
    const auto [Q_B, R_B] = at::linalg_qr(B.X);
    const auto R_A64 = R_A.to(at::kDouble), R_B64 = R_B.to(at::kDouble);
    if (!finite(R_A64) || !finite(R_B64))   // so is X then
        return 0;
    A.inverse = inverseOf(A, R_A64);
    B.inverse = inverseOf(B, R_B64);
    setBasis(A, Q_A);
    setBasis(B, Q_B);
    return setGradient(A, B, scale, options.skip) + setGradient(B, A, scale, options.skip);
}

void RitePair::update(int64_t step, double rateA, double rateB, double clip, const RiteOptions& options)
{
    if (!A.h.defined())
        return;
    moveFactor(A, B, step, rateA, clip, options);
    moveFactor(B, A, step, rateB, clip, options);
    for (auto* f : {&A, &B}) {
        f->inverse.reset();
        f->turn.reset();
        f->h.reset();
    }
}

double riteClip(double squares, const RiteOptions& options)
{
    const double norm = std::sqrt(squares);
    return options.clip > 0 && norm > options.clip ? options.clip / norm : 1;
}

namespace {

[[noreturn]] void refuse(const RunConfig& config, const std::string& found)
{
    throw Error({.code = Code::config,
        .place = "/optimizer",
        .found = "\"rite\" with the method \"" + config.method + "\": " + found,
        .allowed = "a method that trains both A and B of every adapted weight",
        .advice = "Use --optimizer adamw, or another method."});
}

}  // namespace

Rite::Rite(const std::vector<TrainedTensor>& tensors, const RunConfig& config)
    : m_options{.beta1 = config.beta1,
          .beta2 = config.beta2,
          // The configuration's default is AdamW's 1e-8; below the port's 1e-6, directions without any gradient would be all noise.
          .epsilon = std::max(config.epsilon, 1e-6),
          .weightDecay = config.weightDecay,
          .clip = config.clip},
      m_adamw(adamwOptions(config))
{
    int64_t others = 0;
    for (size_t i = 0; i < tensors.size(); ++i) {
        const auto& tensor = tensors[i];
        if (tensor.role == TrainedTensor::Role::other) {
            m_others.push_back({tensor.parameter.detach(), tensor.gradient.detach(), tensor.rateFactor, others});
            others += tensor.parameter.numel();
            continue;
        }
        const bool paired = tensor.role == TrainedTensor::Role::A && i + 1 < tensors.size()
            && tensors[i + 1].role == TrainedTensor::Role::B;
        if (!paired)
            refuse(config, tensor.name + " is trained without its other factor");
        const auto& B = tensors[++i];
        m_pairs.push_back({RitePair(tensor.parameter, tensor.gradient, B.parameter, B.gradient), tensor.rateFactor,
            B.rateFactor});
    }
    if (m_pairs.empty())
        refuse(config, "it trains no factors A and B");
    m_otherFirst = at::zeros({others}, m_pairs.front().pair.A.X.options());
    m_otherSecond = at::zeros_like(m_otherFirst);
    layOut();
}

// Moves the state of all pairs into four flat tensors.
void Rite::layOut()
{
    const auto gather = [&](at::Tensor RiteFactor::*member) {
        int64_t count = 0;
        for (auto& placed : m_pairs)
            count += (placed.pair.A.*member).numel() + (placed.pair.B.*member).numel();
        auto flat = at::zeros({count}, m_pairs.front().pair.A.X.options());
        int64_t offset = 0;
        for (auto& placed : m_pairs) {
            for (auto* f : {&placed.pair.A, &placed.pair.B}) {
                auto& part = f->*member;
                part = flat.narrow(0, offset, part.numel()).view(part.sizes());
                offset += part.numel();
            }
        }
        return flat;
    };
    m_basis = gather(&RiteFactor::basis);
    m_first = gather(&RiteFactor::first);
    m_root = gather(&RiteFactor::root);
    m_escaped = gather(&RiteFactor::escaped);
}

void Rite::step(int64_t step, double rate, double scale)
{
    // Pairs are independent but for the norm: a thread takes a pair as a whole, and the sum is taken in their order.
    const auto forEachPair = [&](const auto& visit) {
        at::parallel_for(0, int64_t(m_pairs.size()), 1, [&](int64_t first, int64_t last) {
            const at::NoGradGuard guard;
            for (auto i = first; i < last; ++i)
                visit(size_t(i));
        });
    };
    std::vector<double> squares(m_pairs.size());
    forEachPair([&](size_t i) { squares[i] = m_pairs[i].pair.unmagnify(scale, m_options); });
    double sum = 0;
    for (const auto part : squares)
        sum += part;
    const double clip = riteClip(sum, m_options);
    forEachPair([&](size_t i) {
        auto& placed = m_pairs[i];
        placed.pair.update(step, rate * placed.rateFactorA, rate * placed.rateFactorB, clip, m_options);
    });
    for (const auto& other : m_others) {
        if (!other.parameter.is_cpu()) {
            const auto moment = [&](const at::Tensor& all) {
                return all.narrow(0, other.offset, other.parameter.numel()).view(other.parameter.sizes());
            };
            adamwStep({other.parameter}, {other.gradient}, {moment(m_otherFirst)}, {moment(m_otherSecond)}, m_adamw, step,
                rate * other.rateFactor, scale);
            continue;
        }
        AdamWStep(m_adamw, step, rate * other.rateFactor, scale)
            .apply(other.parameter.data_ptr<float>(), other.gradient.const_data_ptr<float>(),
                m_otherFirst.data_ptr<float>() + other.offset, m_otherSecond.data_ptr<float>() + other.offset, 0,
                other.parameter.numel());
    }
}

std::vector<std::pair<std::string, at::Tensor>> Rite::state()
{
    std::vector<std::pair<std::string, at::Tensor>> all{
        {"rite.basis", m_basis}, {"rite.first", m_first}, {"rite.root", m_root}, {"rite.escaped", m_escaped}};
    if (!m_others.empty()) {
        all.emplace_back("first", m_otherFirst);
        all.emplace_back("second", m_otherSecond);
    }
    return all;
}

namespace {

std::unique_ptr<Optimiser> make(const std::vector<TrainedTensor>& tensors, at::Tensor, at::Tensor, const RunConfig& config)
{
    return std::make_unique<Rite>(tensors, config);
}

}  // namespace

extern const OptimiserSpec rite;
const OptimiserSpec rite{.id = "rite", .clipsItself = true, .make = make};

}  // namespace rankwright
