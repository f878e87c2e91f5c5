// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The identities that each method's paper promises (docs/methods.md names the papers), on single weights.
#include "training/adapters/orthonormal.h"
#include "training/ops/ops.h"

#include "tests/support/method_fixture.h"

#include <ATen/core/grad_mode.h>

#include <QTest>

using namespace rankwright;

class TestIdentities : public QObject
{
    Q_OBJECT

    static void shapes()
    {
        QTest::addColumn<int>("rows");
        QTest::addColumn<int>("cols");
        QTest::addColumn<int>("rank");
        QTest::addColumn<double>("alpha");
        for (const auto& [rows, cols] : {std::pair{48, 64}, {64, 48}, {40, 40}}) {
            for (const int rank : {1, 8, std::min(rows, cols)}) {
                for (const double share : {0.5, 1.0, 2.0})
                    QTest::addRow("%dx%d rank %d alpha %gr", rows, cols, rank, share) << rows << cols << rank << share * rank;
            }
        }
    }

    static at::Tensor product(const Start& start) { return start.scaling * at::matmul(f64(start.B), f64(start.A)); }
    static double tail(const at::Tensor& values, int64_t rank)
    {
        return rank < values.numel() ? frobenius(values.narrow(0, rank, values.numel() - rank)) : 0;
    }
    static double fromIdentity(const at::Tensor& X) { return largest(f64(X) - at::eye(X.size(0), at::kDouble)); }

    // Gradient of the loss sum(y * C) of y = linearGroup(x) to the tensors of the delta; returns dL/dW_eff = C^T x.
    static at::Tensor backThrough(LinearSlot& slot)
    {
        at::manual_seed(5);
        const auto x = at::randn({7, slot.in()}), C = at::randn({7, slot.out()});
        const at::AutoGradMode on(true);
        const std::array<const LinearSlot*, 1> group{&slot};
        (ops::linearGroup(x, group, {})[0] * C).sum().backward();
        return at::matmul(f64(C).t(), f64(x));
    }

private Q_SLOTS:
    // PiSSA: A A^T = B^T B = S / s; the residual has the spectrum that remains; the sum does not depend on alpha.
    void pissaHoldsThePrincipalPart_data() { shapes(); }
    void pissaHoldsThePrincipalPart()
    {
        QFETCH(int, rows);
        QFETCH(int, cols);
        QFETCH(int, rank);
        QFETCH(double, alpha);
        const auto W = decayingWeight(rows, cols);
        const auto start = placed({.method = "pissa"}, W, rank, alpha).start;
        const auto S = at::linalg_svdvals(f64(W));
        const auto expected = at::diag(S.narrow(0, 0, rank) / start.scaling);
        const auto A = f64(start.A), B = f64(start.B);
        QCOMPARE(start.scaling, alpha / rank);
        QVERIFY(frobenius(at::matmul(A, A.t()) - expected) < 1e-5 * frobenius(expected));
        QVERIFY(frobenius(at::matmul(B.t(), B) - expected) < 1e-5 * frobenius(expected));
        const auto residual = at::linalg_svdvals(f64(W) - product(start));
        QVERIFY(std::abs(frobenius(residual) - tail(S, rank)) < 2e-6 * frobenius(W));
        if (rank < S.numel())
            QVERIFY(std::abs((residual[0] - S[rank]).item<double>()) < 2e-6);
        QVERIFY(largest(product(start) - product(placed({.method = "pissa"}, W, rank).start)) < 1e-6);
    }

    void slicesAreOrdered()
    {
        const auto W = decayingWeight(48, 64);
        const auto S = at::linalg_svdvals(f64(W));
        double before = 1e9;
        for (const auto& [slice, first] : {std::pair{"principal", 0}, {"middle", 20}, {"minor", 41}}) {
            RunConfig config{.method = "pissa", .options = {{"slice", std::string(slice)}}};
            const auto p = placed(config, W, 7, 14);
            const double size = frobenius(product(p.start));
            QVERIFY(std::abs(size - frobenius(S.narrow(0, first, 7))) < 1e-5);
            QVERIFY(size < before && largest(p.error()) < 1e-6);
            before = size;
        }
    }

    void oloraTakesTheFirstColumns_data() { shapes(); }
    void oloraTakesTheFirstColumns()
    {
        QFETCH(int, rows);
        QFETCH(int, cols);
        QFETCH(int, rank);
        QFETCH(double, alpha);
        const auto W = decayingWeight(rows, cols);
        const auto start = placed({.method = "olora"}, W, rank, alpha).start;
        QVERIFY(fromIdentity(at::matmul(start.B.t(), start.B)) < 1e-5);
        QVERIFY(largest(at::tril(start.A, -1)) < 1e-7);
        const auto BA = at::matmul(f64(start.B), f64(start.A));
        QVERIFY(largest((BA - f64(W)).narrow(1, 0, rank)) < 1e-6);
    }

    void scalingsAndRates()
    {
        const auto W = decayingWeight(48, 64);
        QCOMPARE(placed({.method = "lora"}, W, 16, 8).start.scaling, 0.5);
        QCOMPARE(placed({.method = "rslora"}, W, 16, 8).start.scaling, 2.0);
        QCOMPARE(placed({.method = "sorsa"}, W, 16).start.scaling, 1.0);
        RunConfig plus{.method = "lora-plus", .options = {{"lrRatio", 5.0}}};
        QCOMPARE(placed(plus, W, 16).start.rateFactorB, 5.0);
        // Kaiming: within 1 / sqrt(in); gaussian: deviation 1 / rank.
        const auto uniform = placed({.method = "lora"}, W, 32).start.A;
        QVERIFY(largest(uniform) <= 0.125 && largest(uniform) > 0.12);
        QVERIFY(std::abs(uniform.std().item<double>() - 0.125 / std::sqrt(3.0)) < 0.002);
        RunConfig normal{.method = "lora", .options = {{"init", std::string("gaussian")}}};
        const auto drawn = placed(normal, W, 32).start.A;
        QVERIFY(std::abs(drawn.std().item<double>() * 32 - 1) < 0.05 && std::abs(drawn.mean().item<double>()) < 0.003);
    }

    // DoRA: the magnitude is the norm of the rows that the base really has, in few bits as well.
    void doraStartsFromTheStoredNorms()
    {
        const auto W = decayingWeight(48, 64);
        for (const char* base : {"none", "nf4", "nf2"}) {
            const auto p = placed({.method = "dora", .base = base}, W, 8);
            QVERIFY(largest(p.start.magnitude / rowNorms(p.slot) - 1) < 1e-6);
        }
    }

    // QPiSSA: nuclear-norm error against that of the quantised W: never worse, better with more rounds; and the same for any alpha.
    void qpissaLosesLessWithMoreRounds()
    {
        const auto W = decayingWeight(128, 192, 1.0);
        const double plain = nuclear(W - roundTrip(W, "nf4"));
        const auto reduction = [&](const char* method, double rounds, double alpha) {
            RunConfig config{.method = method, .base = "nf4", .options = {{"rounds", rounds}}};
            return 1 - nuclear(placed(config, W, 16, alpha).error()) / plain;
        };
        const double once = reduction("qpissa", 1, 16), five = reduction("qpissa", 5, 16);
        const double loftq = reduction("loftq", 1, 16), loftqFive = reduction("loftq", 5, 16);
        qInfo("nuclear-norm error reduction: QPiSSA %.3f, %.3f with 5 rounds; LoftQ %.3f, %.3f", once, five, loftq, loftqFive);
        QVERIFY(once > 0 && five >= once);
        QVERIFY(loftq > 0 && loftqFive >= loftq);
        QVERIFY(once > loftq && five > loftqFive);
        QVERIFY(std::abs(reduction("qpissa", 5, 48) - five) < 1e-2);
        // One round is PiSSA on a quantised base.
        RunConfig one{.method = "qpissa", .base = "nf4", .options = {{"rounds", 1.0}}};
        const auto a = placed(one, W, 16), b = placed({.method = "pissa", .base = "nf4"}, W, 16);
        QVERIFY(at::equal(a.start.A, b.start.A) && at::equal(effectiveWeight(a.slot), effectiveWeight(b.slot)));
    }

    // LoftQ: s B A is the best rank r of what the stored base lacks (Eckart and Young), for any number of rounds.
    void loftqIsTheBestOfWhatIsLost()
    {
        const auto W = decayingWeight(96, 64, 0.7);
        for (const double rounds : {1.0, 2.0, 5.0}) {
            for (const double alpha : {4.0, 8.0, 16.0}) {
                RunConfig config{.method = "loftq", .base = "nf4", .options = {{"rounds", rounds}}};
                const auto p = placed(config, W, 8, alpha);
                const auto lost = f64(W) - f64(p.slot.base.dense());
                const double best = tail(at::linalg_svdvals(lost), 8);
                QVERIFY(std::abs(frobenius(lost - product(p.start)) - best) < 1e-5 * best);
                QVERIFY(frobenius(p.error()) <= frobenius(W - roundTrip(W, "nf4")));
                QCOMPARE(p.start.edit.has_value(), rounds > 1);
            }
        }
    }

    // SORSA: orthonormal at the start; the closed gradient is autograd's; following it alone brings factors back.
    void sorsaPullsBackToOrthonormal()
    {
        const auto start = placed({.method = "sorsa"}, decayingWeight(48, 64), 8).start;
        QVERIFY(orthonormalError(start.A) < 1e-5 && orthonormalError(start.B.t()) < 1e-5);
        at::manual_seed(3);
        auto X = start.A + 0.05 * at::randn_like(start.A);
        {
            const at::AutoGradMode on(true);
            auto leaf = f64(X).clone().set_requires_grad(true);
            (at::matmul(leaf, leaf.t()) - at::eye(8, at::kDouble)).norm().backward();
            auto gradient = at::zeros_like(X);
            addOrthonormalGradient(X, gradient, 1);
            QVERIFY(largest(gradient - leaf.grad()) < 1e-5);
        }
        double before = orthonormalError(X);
        const double first = before;
        // The norm is not squared: steps of one size, until they are as long as the way that is left.
        while (before > 0.1 * first) {
            auto gradient = at::zeros_like(X);
            addOrthonormalGradient(X, gradient, 1);
            X = X - 0.005 * gradient;
            const double now = orthonormalError(X);
            QVERIFY(now < before);
            before = now;
        }
        auto exact = at::eye(4, 6), gradient = at::zeros({4, 6});
        addOrthonormalGradient(exact, gradient, 1);
        QCOMPARE(largest(gradient), 0.0);
        // The transposed view is written through.
        auto ofB = at::zeros({6, 4});
        addOrthonormalGradient(2 * exact, ofB.t(), 1);
        QVERIFY(largest(ofB) > 0);
    }

    // LoRA-GA: disjoint directions, so that one step of size 1 reaches the best approximation of G of rank 2r.
    void loraGaReachesRankTwiceR_data()
    {
        QTest::addColumn<QString>("direction");
        for (const char* direction : {"ArB2r", "A2rBr", "ArBr"})
            QTest::newRow(direction) << direction;
    }
    void loraGaReachesRankTwiceR()
    {
        QFETCH(QString, direction);
        for (const auto& [rows, cols] : {std::pair{48, 64}, {64, 48}, {40, 40}}) {
            const auto W = decayingWeight(rows, cols), G = decayingWeight(rows, cols, 0.3, 9);
            const int64_t rank = 8;
            RunConfig config{.method = "lora-ga",
                .options = {{"direction", direction.toStdString()}, {"gaScale", std::string("unit")}}};
            const auto start = placed(config, W, rank, 0, preparedFor(config, W, rank, G)).start;
            QCOMPARE(start.scaling, std::sqrt(double(rank)));
            const auto A = f64(start.A), B = f64(start.B), g = f64(G);
            const auto reached = at::matmul(at::matmul(B, B.t()), g) + at::matmul(at::matmul(g, A.t()), A);
            const auto t = exactTriplets(G, 2 * rank);
            QVERIFY(frobenius(reached - at::matmul(t.U * t.S, t.V.t())) < 1e-5 * frobenius(G));
        }
    }

    void loraGaScales()
    {
        const auto W = decayingWeight(48, 64), G = decayingWeight(48, 64, 0.3, 9);
        const auto norms = [&](const char* scale) {
            RunConfig config{.method = "lora-ga", .options = {{"gaScale", std::string(scale)}, {"gaGamma", 4.0}}};
            const auto start = placed(config, W, 4, 8, preparedFor(config, W, 4, G)).start;
            return std::pair{start.A.norm(2, {1}), start.B.norm(2, {0})};
        };
        const double stable = std::pow(48.0, 0.25) / 2;
        const auto near = [](const at::Tensor& found, double expected) { return largest(found - expected) < 1e-5 * expected; };
        QVERIFY(near(norms("stable").first, stable) && near(norms("stable").second, stable));
        QVERIFY(near(norms("unit").first, 1) && near(norms("unit").second, 1));
        QVERIFY(near(norms("gd").first, 0.25) && near(norms("gd").second, 0.25));   // s = 8 / sqrt(4)
        const double ofW = (at::linalg_svdvals(f64(W)).narrow(0, 0, 4) / 4).sqrt().mean().item<double>();
        QVERIFY(near(norms("weightS").first, ofW) && near(norms("weightS").second, ofW));
        const auto values = at::linalg_svdvals(f64(G)).narrow(0, 4, 4);
        QVERIFY(near(norms("peft").first, 1));
        QVERIFY(largest(norms("peft").second / (values * stable) - 1) < 1e-5);
    }

    // LoRA-XS: B orthonormal, A A^T = S^2, dL/dR = s B^T G A^T, and nothing else has a gradient.
    void loraXsTrainsItsCoreAlone()
    {
        const auto W = decayingWeight(48, 64);
        auto p = placed({.method = "lora-xs", .options = {{"sigma", 0.0}}}, W, 8, 4);
        const auto S = at::linalg_svdvals(f64(W)).narrow(0, 0, 8);
        QVERIFY(fromIdentity(at::matmul(p.start.B.t(), p.start.B)) < 1e-5);
        QVERIFY(largest(at::matmul(f64(p.start.A), f64(p.start.A).t()) - at::diag(S.square())) < 1e-5);
        QCOMPARE(largest(p.error()), 0.0);
        p.slot.delta->core.set_requires_grad(true);
        const auto G = backThrough(p.slot);
        const auto expected = 0.5 * at::matmul(at::matmul(f64(p.start.B).t(), G), f64(p.start.A).t());
        QVERIFY(largest(expected) > 0);
        QVERIFY(largest(f64(p.slot.delta->core.grad()) - expected) < 1e-4 * largest(expected));
        QVERIFY(!p.slot.delta->A.grad().defined() && !p.slot.delta->B.grad().defined());
        const auto core = placed({.method = "lora-xs", .options = {{"sigma", 0.01}}}, W, 40).start.core;
        QVERIFY(std::abs(core.std().item<double>() / 0.01 - 1) < 0.1);
    }

    // Delta-LoRA: the weight's moves telescope. In place: W moves by lambda s (B' A' - B A) after each step from the start step on; ours:
    // the frozen W, the factors and one snapshot. Float64, plain descent on a quadratic loss; gradients have LoRA's gain s.
    void deltaLoraTelescopes()
    {
        for (const int startStep : {0, 6}) {
            const double lambda = 2, s = 0.5, rate = 0.05;
            at::manual_seed(11);
            const auto W0 = decayingWeight(24, 32), target = decayingWeight(24, 32, 0.5, 3);
            const auto A0 = at::randn({4, 32}, at::kDouble) * 0.2, B0 = at::zeros({24, 4}, at::kDouble);
            auto W = f64(W0), A = A0.clone(), B = B0.clone();
            LinearSlot slot{.name = "m", .base = BaseWeight(W0)};
            slot.delta = Delta{};
            auto& delta = *slot.delta;
            delta.A = A0.clone();
            delta.B = B0.clone();
            delta.scaling = s;
            delta.driftGain = lambda;
            for (int step = 0; step < 20; ++step) {
                if (step == startStep + 1) {   // the state after startStep + 1 updates
                    delta.driftA = delta.A.clone();
                    delta.driftB = delta.B.clone();
                }
                const auto inPlace = W + s * at::matmul(B, A), ours = effectiveWeight(slot);
                QVERIFY2(largest(inPlace - ours) < 1e-12, qPrintable(QString::number(largest(inPlace - ours))));
                const auto descend = [&](at::Tensor& a, at::Tensor& b, const at::Tensor& G) {
                    const auto dA = s * at::matmul(b.t(), G), dB = s * at::matmul(G, a.t());
                    a = a - rate * dA;
                    b = b - rate * dB;
                };
                const auto before = at::matmul(B, A);
                descend(A, B, inPlace - f64(target));
                descend(delta.A, delta.B, ours - f64(target));
                if (step > startStep)   // t > K, t from 0
                    W = W + lambda * s * (at::matmul(B, A) - before);
            }
            QVERIFY(largest(W - f64(W0)) > 1e-3);
        }
    }

    // LQ-LoRA: more rounds never lose more; below the quantised W; constant weights change nothing; the weighted error counts.
    void lqLoraKeepsTheBestRound()
    {
        const auto W = decayingWeight(96, 64, 0.9);
        double before = frobenius(W - roundTrip(W, "nf3"));
        for (const double rounds : {1.0, 2.0, 3.0, 5.0, 20.0, 100.0}) {
            RunConfig config{.method = "lq-lora", .base = "nf3", .options = {{"rounds", rounds}}};
            const double error = frobenius(placed(config, W, 8, 16).error());
            QVERIFY(error <= before * (1 + 1e-6));
            before = error;
        }
    }

    void lqLoraFollowsTheImportance()
    {
        const auto W = decayingWeight(96, 64, 0.9);
        const RunConfig config{.method = "lq-lora", .base = "nf3"};
        const auto plain = placed(config, W, 8, 16);
        const auto constant = placed(config, W, 8, 16, {{"F", at::full({96, 64}, 0.3f)}});
        QVERIFY(at::equal(plain.start.A, constant.start.A) && at::equal(plain.start.B, constant.start.B));
        const auto zero = placed(config, W, 8, 16, {{"F", at::zeros({96, 64})}});
        QVERIFY(at::equal(plain.start.A, zero.start.A));
        at::manual_seed(2);
        // A factor a row and a factor a column, over three decades, with dead rows and columns.
        auto F = at::matmul(at::pow(10, 3 * at::rand({96, 1})), at::pow(10, 3 * at::rand({1, 64})));
        F.narrow(0, 0, 5).zero_();
        F.narrow(1, 3, 2).zero_();
        const auto weighted = placed(config, W, 8, 16, {{"F", F}});
        const auto error = [&](const Placed& p) { return frobenius(p.error() * F.sqrt()); };
        qInfo("weighted error: %.4g weighted, %.4g not", error(weighted), error(plain));
        QVERIFY(error(weighted) < 0.9 * error(plain));
        QVERIFY(at::isfinite(effectiveWeight(weighted.slot)).all().item<bool>());
        QVERIFY(error(weighted) < frobenius((W - roundTrip(W, "nf3")) * F.sqrt()));
    }

    // CoRA: A = 0 beside a B that is not, so that A has a gradient at once.
    void coraTrainsAFromTheFirstStep()
    {
        for (const char* variant : {"freeze", "train"}) {
            auto p = placed({.method = "cora", .options = {{"variant", std::string(variant)}}}, decayingWeight(48, 64), 8, 4);
            QCOMPARE(p.start.trainsB, std::string(variant) == "train");
            QVERIFY(fromIdentity(at::matmul(p.start.B.t(), p.start.B)) < 1e-5);
            p.slot.delta->A.set_requires_grad(true);
            p.slot.delta->B.set_requires_grad(true);
            const auto G = backThrough(p.slot);
            const auto expected = 0.5 * at::matmul(f64(p.start.B).t(), G);
            QVERIFY(largest(f64(p.slot.delta->A.grad()) - expected) < 1e-4 * largest(expected));
        }
    }
};

QTEST_GUILESS_MAIN(TestIdentities)
#include "tst_identities.moc"
