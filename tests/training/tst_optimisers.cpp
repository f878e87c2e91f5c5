// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// AdamW against torch.optim's numbers; LoRA-RITE against its formulas in float64 (tests/golden/make_optimiser_golden.py), its
// invariance under another split of the product, and its behaviour where factors are zero, deficient or not finite.
#include "training/optimisers/adamw.h"
#include "training/optimisers/rite.h"

#include "training/formats/json.h"
#include "training/io/weights.h"
#include "tests/support/thrown.h"

#include <ATen/ATen.h>

#include <QTest>

#include <cmath>
#include <cstring>
#include <limits>

using namespace rankwright;

namespace {

using Role = TrainedTensor::Role;

const std::filesystem::path kGolden = std::filesystem::path(RANKWRIGHT_SOURCE_DIR) / "tests/golden/optimisers";

// Tensors in flat buffers, as AdapterSet lays them out.
struct Buffers
{
    struct Given { Role role; at::Tensor start; double rateFactor = 1; };

    explicit Buffers(const std::vector<Given>& given)
    {
        int64_t count = 0;
        for (const auto& one : given)
            count += one.start.numel();
        parameters = at::zeros({count}, at::kFloat);
        gradients = at::zeros({count}, at::kFloat);
        int64_t offset = 0;
        for (const auto& [role, start, rateFactor] : given) {
            const auto view = [&](const at::Tensor& flat) {
                return flat.narrow(0, offset, start.numel()).view(start.sizes());
            };
            const auto name = "tensor " + std::to_string(tensors.size());
            tensors.push_back({name, role, view(parameters), view(gradients), rateFactor});
            tensors.back().parameter.copy_(start);
            offset += start.numel();
        }
    }
    std::unique_ptr<Optimiser> optimiser(const char* id, const RunConfig& config)
    {
        return optimiserById(id).make(tensors, parameters, gradients, config);
    }
    // dL/dA and dL/dB of the pair whose A is tensor `a`, from dL/d(B A).
    void setGradient(size_t a, const at::Tensor& G)
    {
        const auto &A = tensors[a].parameter, &B = tensors[a + 1].parameter;
        tensors[a].gradient.copy_(at::mm(B.t(), G));
        tensors[a + 1].gradient.copy_(at::mm(G, A.t()));
    }
    [[nodiscard]] at::Tensor product(size_t a) const { return at::mm(tensors[a + 1].parameter, tensors[a].parameter); }

    at::Tensor parameters, gradients;
    std::vector<TrainedTensor> tensors;
};

double worst(const at::Tensor& a, const at::Tensor& b)
{
    return ((a.to(at::kDouble) - b.to(at::kDouble)).abs().max() / b.to(at::kDouble).abs().max()).item<double>();
}

bool sameBytes(const at::Tensor& a, const at::Tensor& b)
{
    return a.sizes() == b.sizes() && a.scalar_type() == b.scalar_type()
        && std::memcmp(a.const_data_ptr(), b.const_data_ptr(), size_t(a.nbytes())) == 0;
}

bool finite(const at::Tensor& t) { return at::isfinite(t).all().item<bool>(); }

at::Tensor random(at::IntArrayRef shape, uint64_t seed, at::ScalarType type = at::kFloat)
{
    at::manual_seed(seed);
    return at::randn(shape, at::kDouble).to(type);
}

// One value's step with the defaults, weight decay 0.1 and gradients halved.
void plainAdamW(at::Tensor& p, const at::Tensor& g, at::Tensor& m, at::Tensor& v, int64_t i, int64_t t, double rate)
{
    const float b1 = 0.9f, b2 = 0.999f, grad = g.const_data_ptr<float>()[i] * 0.5f;
    const auto size = float(rate / (1 - std::pow(0.9, double(t)))), root = float(std::sqrt(1 - std::pow(0.999, double(t))));
    float &pi = p.data_ptr<float>()[i], &mi = m.data_ptr<float>()[i], &vi = v.data_ptr<float>()[i];
    mi = b1 * mi + float(1 - 0.9) * grad;
    vi = b2 * vi + float(1 - 0.999) * grad * grad;
    pi = pi * float(1 - rate * 0.1) - size * mi / (std::sqrt(vi) / root + 1e-8f);
}

nlohmann::json cases() { return readJsonFile(kGolden / "cases.json", 1 << 20); }

// Two pairs and a vector: what RITE meets in a DoRA run.
std::vector<Buffers::Given> mixed()
{
    return {{Role::A, random({4, 20}, 1)}, {Role::B, random({12, 4}, 2)}, {Role::other, random({12}, 3)},
        {Role::A, random({3, 9}, 4)}, {Role::B, random({17, 3}, 5), 2.0}};
}

}  // namespace

class TestOptimisers : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void adamwEqualsTorch_data()
    {
        QTest::addColumn<bool>("plus");
        QTest::newRow("one rate") << false;
        QTest::newRow("LoRA+ groups") << true;
    }
    void adamwEqualsTorch()
    {
        QFETCH(bool, plus);
        const auto c = cases();
        const auto& a = c["adamw"];
        auto golden = readTensors(kGolden / "adamw.safetensors");
        Buffers buffers({{Role::A, golden["start.0"]}, {Role::B, golden["start.1"], plus ? a["ratio"].get<double>() : 1.0},
            {Role::other, golden["start.2"]}});
        RunConfig config;
        config.weightDecay = a["weightDecay"];
        config.beta1 = a["beta1"];
        config.beta2 = a["beta2"];
        config.epsilon = a["epsilon"];
        const auto optimiser = buffers.optimiser("adamw", config);
        for (int64_t t = 1; t <= c["steps"]; ++t) {
            for (size_t i = 0; i < 3; ++i)
                buffers.tensors[i].gradient.copy_(golden["gradient." + std::to_string(i) + "." + std::to_string(t)]);
            optimiser->step(t, a["rate"], 1);
        }
        for (size_t i = 0; i < 3; ++i) {
            const auto expected = golden[(plus ? "plus." : "equal.") + std::to_string(i)];
            QVERIFY(worst(golden["start." + std::to_string(i)], expected) > 1e-2);
            const double found = worst(buffers.tensors[i].parameter, expected);
            QVERIFY2(found < 1e-6, qPrintable(QString::number(found)));
        }
    }

    // Ranges, threads and the split into chunks do not show: every value goes through the same arithmetic.
    void adamwIsOnePassBitForBit()
    {
        const auto start = random({3 * 20011}, 1), gradient = random({3 * 20011}, 2);
        for (const bool split : {false, true}) {
            Buffers buffers({{Role::A, start.narrow(0, 0, 20011)}, {Role::B, start.narrow(0, 20011, 20011), split ? 4.0 : 1.0},
                {Role::other, start.narrow(0, 2 * 20011, 20011)}});
            RunConfig config;
            config.weightDecay = 0.1;
            const auto optimiser = buffers.optimiser("adamw", config);
            auto p = start.clone();
            auto m = at::zeros_like(p), v = at::zeros_like(p);
            for (int64_t t = 1; t <= 3; ++t) {
                buffers.gradients.copy_(gradient * double(t));
                optimiser->step(t, 1e-2, 0.5);
                for (int64_t i = 0; i < p.numel(); ++i)
                    plainAdamW(p, buffers.gradients, m, v, i, t, split && i / 20011 == 1 ? 4e-2 : 1e-2);
            }
            QVERIFY(sameBytes(buffers.parameters, p));
            QVERIFY(sameBytes(optimiser->state()[0].second, m));
            QVERIFY(sameBytes(optimiser->state()[1].second, v));
            QVERIFY(optimiser->state()[0].first == "first" && optimiser->state()[1].first == "second");
        }
    }

    void firstStepOfBIsTheRatioTimesThatOfA()
    {
        Buffers buffers({{Role::A, at::zeros({4, 20})}, {Role::B, at::zeros({12, 4}), 16.0}});
        buffers.gradients.fill_(0.3f);
        const auto optimiser = buffers.optimiser("adamw", {});
        optimiser->step(1, 1e-3, 1);
        const auto &A = buffers.tensors[0].parameter, &B = buffers.tensors[1].parameter;
        QVERIFY(worst(A, at::full({4, 20}, -1e-3)) < 1e-4);
        QVERIFY(worst(B, A.narrow(1, 0, 12).t() * 16) < 1e-6);
    }

    void riteEqualsItsFormulas_data()
    {
        QTest::addColumn<QString>("name");
        const auto all = cases();
        for (const auto& [name, unused] : all["rite"].items())
            QTest::newRow(name.c_str()) << QString::fromStdString(name);
    }
    // The optimiser as it trains, in float32, and its arithmetic in float64, against the reference's float64.
    void riteEqualsItsFormulas()
    {
        QFETCH(QString, name);
        const auto all = cases();
        const auto& c = all["rite"][name.toStdString()];
        const int64_t pairs = all["pairs"], steps = all["steps"];
        auto golden = readTensors(kGolden / "rite.safetensors");
        const auto stored = [&](int64_t pair, const std::string& what, int64_t t) {
            return golden.at(name.toStdString() + "." + std::to_string(pair) + "." + what + "." + std::to_string(t));
        };
        const RiteOptions options{.beta1 = c["beta1"], .beta2 = c["beta2"], .epsilon = c["epsilon"],
            .weightDecay = c["weightDecay"], .clip = c["clip"], .escape = c["escape"]};
        RunConfig config{.weightDecay = options.weightDecay, .clip = options.clip, .beta1 = options.beta1,
            .beta2 = options.beta2};
        const double rate = c["rate"], factorB = c["rateFactorB"];

        std::vector<Buffers::Given> given;
        std::vector<at::Tensor> A, B, gradA, gradB;
        std::vector<RitePair> exact;
        for (int64_t i = 0; i < pairs; ++i) {
            given.push_back({Role::A, stored(i, "A", 0)});
            given.push_back({Role::B, stored(i, "B", 0), factorB});
            A.push_back(stored(i, "A", 0).to(at::kDouble));
            B.push_back(stored(i, "B", 0).to(at::kDouble));
            gradA.push_back(at::zeros_like(A.back()));
            gradB.push_back(at::zeros_like(B.back()));
            exact.emplace_back(A.back(), gradA.back(), B.back(), gradB.back());
        }
        Buffers buffers(given);
        const auto optimiser = buffers.optimiser("rite", config);
        double single = 0, twice = 0;
        for (int64_t t = 1; t <= steps; ++t) {
            double squares = 0;
            for (size_t i = 0; i < size_t(pairs); ++i) {
                const auto G = stored(int64_t(i), "G", t);
                buffers.setGradient(2 * i, G);
                gradA[i].copy_(at::mm(B[i].t(), G.to(at::kDouble)));
                gradB[i].copy_(at::mm(G.to(at::kDouble), A[i].t()));
                squares += exact[i].unmagnify(1, options);
            }
            const double norm = c["norms"][size_t(t - 1)];
            QVERIFY2(std::abs(std::sqrt(squares) - norm) < 1e-6 * norm,
                qPrintable(QString("step %1: norm %2, reference %3").arg(t).arg(std::sqrt(squares)).arg(norm)));
            optimiser->step(t, rate, 1);
            for (size_t i = 0; i < size_t(pairs); ++i) {
                exact[i].update(t, rate, rate * factorB, riteClip(squares, options), options);
                if (t != 1 && t != steps)
                    continue;
                if (i + 1 < size_t(pairs)) {   // the last pair is too ill-conditioned for float32
                    single = std::max({single, worst(buffers.tensors[2 * i].parameter, stored(int64_t(i), "A", t)),
                        worst(buffers.tensors[2 * i + 1].parameter, stored(int64_t(i), "B", t))});
                }
                twice = std::max({twice, worst(A[i], stored(int64_t(i), "A", t)), worst(B[i], stored(int64_t(i), "B", t))});
            }
        }
        QVERIFY2(twice < 1e-6, qPrintable(QString::number(twice)));   // the golden file holds float32
        if (!options.escape)   // which is no setting of a run
            QVERIFY2(single < 1e-5, qPrintable(QString::number(single)));
        if (name == "clipped") {
            QCOMPARE(c["skipped"].get<int>(), 2);
            QVERIFY(c["norms"][0].get<double>() > options.clip);
        }
    }

    // (A, B) and (T A, T's inverse from the right): one product, one path. AdamW's paths part.
    void pathOfTheProductDoesNotDependOnTheFactors()
    {
        const auto A = random({4, 20}, 1, at::kDouble), B = random({12, 4}, 2, at::kDouble);
        const auto T = random({4, 4}, 3, at::kDouble) + 2 * at::eye(4, at::kDouble);
        const auto target = random({12, 20}, 4, at::kDouble);
        const RiteOptions options{.weightDecay = 0, .clip = 1};
        const auto path = [&](at::Tensor a, at::Tensor b) {
            auto gradA = at::zeros_like(a), gradB = at::zeros_like(b);
            RitePair pair(a, gradA, b, gradB);
            for (int64_t t = 1; t <= 8; ++t) {
                const auto G = (at::mm(b, a) - target) * 0.05;
                gradA.copy_(at::mm(b.t(), G));
                gradB.copy_(at::mm(G, a.t()));
                const double squares = pair.unmagnify(1, options);
                pair.update(t, 0.05, 0.1, riteClip(squares, options), options);
            }
            return at::mm(b, a);
        };
        const auto one = path(A.clone(), B.clone()), other = path(at::mm(T, A), at::mm(B, T.inverse()));
        QVERIFY(worst(one, at::mm(B, A)) > 0.05);
        QVERIFY(worst(one, other) < 1e-10);

        const auto adam = [&](const at::Tensor& a, const at::Tensor& b) {
            Buffers buffers({{Role::A, a}, {Role::B, b}});
            const auto optimiser = buffers.optimiser("adamw", {});
            for (int64_t t = 1; t <= 8; ++t) {
                buffers.setGradient(0, (buffers.product(0) - target.to(at::kFloat)) * 0.05);
                optimiser->step(t, 0.05, 1);
            }
            return buffers.product(0);
        };
        QVERIFY(worst(adam(A, B), adam(at::mm(T, A), at::mm(B, T.inverse()))) > 1e-2);
    }

    // B = 0: A stays, B takes the orthogonal polar factor of G Q_A, whatever the size of G.
    void startOfLoraMovesBAlone()
    {
        const auto A = random({4, 20}, 1) * 0.2, G = random({12, 20}, 2) * 0.01;
        Buffers buffers({{Role::A, A}, {Role::B, at::zeros({12, 4})}});
        const auto optimiser = buffers.optimiser("rite", {});
        buffers.setGradient(0, G);
        optimiser->step(1, 1e-3, 1);
        QVERIFY(sameBytes(buffers.tensors[0].parameter, A));
        const auto [Q, R] = at::linalg_qr(A.t().to(at::kDouble));
        const auto [U, S, Vh] = at::linalg_svd(at::mm(G.to(at::kDouble), Q), false);
        const auto expected = at::mm(at::mm(U, Vh), at::linalg_pinv(R).t()) * (-1e-3 * std::sqrt(12.0));
        QVERIFY2(worst(buffers.tensors[1].parameter, expected) < 1e-3, "epsilon is small beside v here");
        buffers.setGradient(0, G);
        optimiser->step(2, 1e-3, 1);
        QVERIFY(!at::equal(buffers.tensors[0].parameter, A));
        QVERIFY(finite(buffers.parameters));
    }

    void reachesATarget_data()
    {
        QTest::addColumn<int>("rank");
        QTest::addColumn<bool>("principal");
        for (const int rank : {1, 4, 16}) {
            for (const bool principal : {true, false})
                QTest::addRow("%s, rank %d", principal ? "principal" : "zero", rank) << rank << principal;
        }
    }
    void reachesATarget()
    {
        QFETCH(int, rank);
        QFETCH(bool, principal);
        const auto W = random({16, 24}, 7);
        const auto [U, S, Vh] = at::linalg_svd(W, false);
        const auto root = S.narrow(0, 0, rank).sqrt();
        const auto A = principal ? Vh.narrow(0, 0, rank) * root.unsqueeze(1) : random({rank, 24}, 8) * 0.2;
        const auto B = principal ? U.narrow(1, 0, rank) * root : at::zeros({16, rank});
        // Of the same rank, so within reach: near a principal start, anywhere else from zero.
        const auto target = at::mm(B + random({16, rank}, 9) * 0.2, A + random({rank, 24}, 10) * 0.2);
        Buffers buffers({{Role::A, A}, {Role::B, B}});
        RunConfig config;
        config.beta2 = 0.95;
        const auto optimiser = buffers.optimiser("rite", config);
        const auto distance = [&] { return (buffers.product(0) - target).norm().item<double>(); };
        const double before = distance();
        constexpr int64_t kSteps = 300;
        for (int64_t t = 1; t <= kSteps; ++t) {
            buffers.setGradient(0, (buffers.product(0) - target) * 0.1);
            optimiser->step(t, 0.03 * (1 - double(t - 1) / kSteps), 1);
            QVERIFY(finite(buffers.parameters));
        }
        QVERIFY2(distance() < 1e-3 * before, qPrintable(QString::number(distance() / before)));
    }

    void resumesBitForBit_data()
    {
        QTest::addColumn<std::string>("name");
        for (const char* name : {"adamw", "rite"})
            QTest::newRow(name) << std::string(name);
    }
    void resumesBitForBit()
    {
        QFETCH(std::string, name);
        const auto go = [&](Buffers& buffers, Optimiser& optimiser, int64_t first, int64_t last) {
            for (int64_t t = first; t <= last; ++t) {
                buffers.setGradient(0, random({12, 20}, uint64_t(100 + t)) * 0.3);
                buffers.setGradient(3, random({17, 9}, uint64_t(200 + t)) * 0.3);
                buffers.tensors[2].gradient.copy_(random({12}, uint64_t(300 + t)));
                optimiser.step(t, 0.01, 1);
            }
        };
        RunConfig config;
        config.weightDecay = 0.01;
        Buffers whole(mixed());
        const auto undisturbed = whole.optimiser(name.c_str(), config);
        go(whole, *undisturbed, 1, 10);

        Buffers before(mixed());
        const auto first = before.optimiser(name.c_str(), config);
        go(before, *first, 1, 5);
        Buffers after(mixed());
        after.parameters.copy_(before.parameters);
        const auto second = after.optimiser(name.c_str(), config);
        const auto from = first->state(), to = second->state();
        for (size_t i = 0; i < from.size(); ++i) {
            QCOMPARE(to[i].first, from[i].first);
            QCOMPARE(to[i].second.sizes(), from[i].second.sizes());
            QCOMPARE(to[i].second.scalar_type(), at::kFloat);   // what a checkpoint gives back
            to[i].second.copy_(from[i].second);
        }
        go(after, *second, 6, 10);
        QVERIFY(sameBytes(after.parameters, whole.parameters));
        for (size_t i = 0; i < to.size(); ++i)
            QVERIFY2(sameBytes(second->state()[i].second, undisturbed->state()[i].second), from[i].first.c_str());
        // The vector follows AdamW under both.
        QVERIFY(!at::equal(whole.tensors[2].parameter, mixed()[2].start));
    }

    void vectorsFollowAdamW()
    {
        Buffers one(mixed()), other(mixed());
        RunConfig config;
        const auto rite = one.optimiser("rite", config), adamw = other.optimiser("adamw", config);
        for (int64_t t = 1; t <= 4; ++t) {
            for (auto* buffers : {&one, &other})
                buffers->tensors[2].gradient.copy_(random({12}, uint64_t(t)));
            rite->step(t, 0.01, 1);
            adamw->step(t, 0.01, 1);
        }
        QVERIFY(sameBytes(one.tensors[2].parameter, other.tensors[2].parameter));
    }

    // Zero, repeated and missing directions in either factor, at any shape and rank, above min(out, in) as well.
    void deficientFactorsStayFinite_data()
    {
        QTest::addColumn<QList<int>>("shape");
        for (const auto& [out, in] : {std::pair{24, 8}, {8, 24}, {12, 12}, {1, 7}, {7, 1}, {1, 1}}) {
            for (const int rank : {1, 3, std::min(out, in), std::min(out, in) + 2})
                QTest::addRow("%dx%d rank %d", out, in, rank) << QList<int>{out, in, rank};
        }
    }
    void deficientFactorsStayFinite()
    {
        QFETCH(QList<int>, shape);
        const int out = shape[0], in = shape[1], rank = shape[2];
        for (const int kind : {0, 1, 2, 3, 4}) {
            auto A = random({rank, in}, 1), B = random({out, rank}, 2);
            if (kind == 1)
                A.select(0, rank - 1).zero_();
            if (kind == 2)
                B.copy_(B.select(1, 0).unsqueeze(1).expand_as(B).clone());
            if (kind == 3)
                A.zero_(), B.zero_();
            if (kind == 4)   // the inverse is beyond float32
                B.mul_(1e-40);
            Buffers buffers({{Role::A, A}, {Role::B, B}});
            const auto optimiser = buffers.optimiser("rite", {});
            for (int64_t t = 1; t <= 10; ++t) {
                buffers.setGradient(0, random({out, in}, uint64_t(10 + t)) * 0.1);
                optimiser->step(t, 0.01, 1);
            }
            QVERIFY(finite(buffers.parameters));
            for (const auto& [name, tensor] : optimiser->state())
                QVERIFY2(finite(tensor), name.c_str());
            const double largest = (buffers.product(0) - at::mm(B, A)).abs().max().item<double>();
            QVERIFY2(largest < 2, qPrintable(QString::number(largest)));
            if (kind == 3)   // both factors zero: their gradients are too, and there is no direction to take
                QVERIFY(at::equal(buffers.parameters, at::zeros_like(buffers.parameters)));
            else
                QVERIFY(largest > 1e-3);
        }
    }

    void nonFiniteValuesStayOut_data()
    {
        QTest::addColumn<double>("bad");
        QTest::addColumn<bool>("inGradient");
        for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
            QTest::addRow("gradient %g", bad) << bad << true;
            QTest::addRow("parameter %g", bad) << bad << false;
        }
    }
    void nonFiniteValuesStayOut()
    {
        QFETCH(double, bad);
        QFETCH(bool, inGradient);
        Buffers buffers(mixed());
        const auto optimiser = buffers.optimiser("rite", {});
        for (int64_t t = 1; t <= 3; ++t) {
            buffers.setGradient(0, random({12, 20}, uint64_t(t)));
            buffers.setGradient(3, random({17, 9}, uint64_t(9 + t)));
            if (t == 2)
                (inGradient ? buffers.tensors[0].gradient : buffers.tensors[0].parameter).select(0, 1).select(0, 5).fill_(bad);
            const auto other = buffers.tensors[3].parameter.clone();
            optimiser->step(t, 0.01, 1);
            QVERIFY(!at::equal(buffers.tensors[3].parameter, other));
        }
        for (const auto& [name, tensor] : optimiser->state())
            QVERIFY2(finite(tensor), name.c_str());
        QVERIFY(finite(buffers.tensors[3].parameter) && finite(buffers.tensors[4].parameter));
        QCOMPARE(finite(buffers.tensors[0].parameter), inGradient);
        QVERIFY(finite(buffers.tensors[1].parameter));
    }

    void tensorsWithoutPairsAreRefused()
    {
        for (const std::string roles : {"", "oo", "A", "B", "ABA", "BA", "AoB"}) {
            std::vector<Buffers::Given> given;
            for (const char role : roles)
                given.push_back({role == 'A' ? Role::A : role == 'B' ? Role::B : Role::other, at::ones({4, 4})});
            Buffers buffers(given);
            const auto error = errorOf([&] { (void)buffers.optimiser("rite", {}); });
            QVERIFY2(error && error->code == Code::config, roles.c_str());
            QCOMPARE(error->place, std::string("/optimizer"));
            QVERIFY(!error->found.empty() && !error->advice.empty());
        }
    }

    void namesAreChecked()
    {
        QVERIFY(optimiserById("rite").clipsItself && !optimiserById("adamw").clipsItself);
        const auto error = errorOf([] { (void)optimiserById("adamx"); });
        QVERIFY(error && error->code == Code::config);
        QVERIFY(error->advice.find("adamw") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(TestOptimisers)
#include "tst_optimisers.moc"
