// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What every registered method promises, on tall, wide and square weights, rank 1 to full; and what PiSSA promises beyond.
#include "training/methods/decompose.h"
#include "training/methods/method.h"

#include "training/api/error.h"

#include <ATen/ATen.h>

#include <QTest>

using namespace rankwright;

class TestMethods : public QObject
{
    Q_OBJECT

    // A matrix with a decaying spectrum.
    static at::Tensor weight(int64_t rows, int64_t cols)
    {
        at::manual_seed(rows * 100 + cols);
        const auto k = std::min(rows, cols);
        const auto U = std::get<0>(at::linalg_qr(at::randn({rows, k}, at::kDouble)));
        const auto V = std::get<0>(at::linalg_qr(at::randn({cols, k}, at::kDouble)));
        const auto S = at::pow(at::arange(1, k + 1, at::kDouble), -0.8);
        return at::matmul(U * S, V.t()).to(at::kFloat);
    }
    static double frobenius(const at::Tensor& t) { return t.to(at::kDouble).norm().item<double>(); }

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

private Q_SLOTS:
    void startGivesBackTheWeight_data() { shapes(); }
    void startGivesBackTheWeight()
    {
        QFETCH(int, rows);
        QFETCH(int, cols);
        QFETCH(int, rank);
        QFETCH(double, alpha);
        const auto W = weight(rows, cols);
        for (const auto& method : methods()) {
            for (const char* svd : {"exact", "2"}) {
                RunConfig config{.method = std::string(method.id), .svd = svd};
                const auto start = method.start(W, {"module", rank, alpha, config});
                QCOMPARE(start.A.sizes(), at::IntArrayRef({rank, cols}));
                QCOMPARE(start.B.sizes(), at::IntArrayRef({rows, rank}));
                QCOMPARE(start.scaling, alpha / rank);
                BaseWeight base(W);
                if (start.edit)
                    base.setEdited(W, *start.edit);
                const auto effective = at::addmm(base.dense(), start.B, start.A, 1, start.scaling);
                const double worst = ((effective - W).abs().max() / W.abs().max()).item<double>();
                QVERIFY2(worst <= (start.edit ? 1e-6 : 0.0), qPrintable(QString::number(worst)));
            }
        }
    }

    void startFollowsFromTheSeed()
    {
        const auto W = weight(48, 64);
        for (const auto& method : methods()) {
            RunConfig config{.method = std::string(method.id), .svd = "1", .seed = 4};
            const auto a = method.start(W, {"m", 4, 4, config}), b = method.start(W, {"m", 4, 4, config});
            QVERIFY(at::equal(a.A, b.A) && at::equal(a.B, b.B));
        }
        RunConfig config;
        const auto& lora = methodById("lora");
        const auto first = lora.start(W, {"m", 4, 4, config});
        QVERIFY(!at::equal(first.A, lora.start(W, {"other", 4, 4, config}).A));
        config.seed = 1;
        QVERIFY(!at::equal(first.A, lora.start(W, {"m", 4, 4, config}).A));
    }

    // methods.md 1.1: A A^T = B^T B = S / s; the residual's spectrum is what remains.
    void pissaHoldsThePrincipalPart_data() { shapes(); }
    void pissaHoldsThePrincipalPart()
    {
        QFETCH(int, rows);
        QFETCH(int, cols);
        QFETCH(int, rank);
        QFETCH(double, alpha);
        const auto W = weight(rows, cols);
        const RunConfig config{.method = "pissa"};
        const auto start = methodById("pissa").start(W, {"m", rank, alpha, config});
        const auto S = at::linalg_svdvals(W.to(at::kDouble));
        const auto expected = at::diag(S.narrow(0, 0, rank) / start.scaling);
        const auto A = start.A.to(at::kDouble), B = start.B.to(at::kDouble);
        QVERIFY(frobenius(at::matmul(A, A.t()) - expected) < 1e-5 * frobenius(expected));
        QVERIFY(frobenius(at::matmul(B.t(), B) - expected) < 1e-5 * frobenius(expected));
        const auto residual = W.to(at::kDouble) - start.scaling * at::matmul(B, A);
        const double tail = rank < S.numel() ? frobenius(S.narrow(0, rank, S.numel() - rank)) : 0;
        QVERIFY(std::abs(frobenius(residual) - tail) < 2e-6 * frobenius(W));
    }

    void randomisedApproachesTheBest()
    {
        const auto W = weight(96, 128);
        const int64_t rank = 12;
        const auto S = at::linalg_svdvals(W.to(at::kDouble));
        const double best = frobenius(S.narrow(0, rank, S.numel() - rank));
        double before = 10;
        for (const int64_t iterations : {0, 1, 4, 16}) {
            const auto t = randomisedTriplets(W, rank, iterations, 0, 1, "m");
            const double ratio = frobenius(W - at::matmul(t.U * t.S, t.V.t())) / best;
            QVERIFY(ratio <= before + 1e-4);
            before = ratio;
        }
        QVERIFY2(before < 1.001, qPrintable(QString::number(before)));
        const auto wider = randomisedTriplets(W, rank, 1, 10, 1, "m");
        QVERIFY(frobenius(W - at::matmul(wider.U * wider.S, wider.V.t())) / best < 1.01);
    }

    void singularValuesEqualTheSvds()
    {
        // Also where the smallest values vanish: a matrix of rank 10.
        const auto low = at::matmul(at::randn({40, 10}), at::randn({10, 60}));
        for (const auto& W : {weight(48, 64), weight(64, 48), low}) {
            const auto expected = at::linalg_svdvals(W.to(at::kDouble));
            const auto found = singularValues(W);
            QVERIFY(((found - expected).abs().max() / expected[0]).item<double>() < 1e-9);
        }
    }

    void aRankOfAVanishingSpectrumStaysFinite()
    {
        const auto low = at::matmul(at::randn({40, 4}), at::randn({4, 60}));
        const auto t = exactTriplets(low, 12);
        QVERIFY(at::isfinite(t.U).all().item<bool>() && at::isfinite(t.V).all().item<bool>());
        QVERIFY(frobenius(low - at::matmul(t.U * t.S, t.V.t())) < 1e-5 * frobenius(low));
    }

    void refusesWhatMakesNoSense()
    {
        QVERIFY_EXCEPTION_THROWN(methodById("pisa"), Error);
        RunConfig config{.method = "pissa", .dropout = 0.1};
        QVERIFY_EXCEPTION_THROWN(methodById("pissa").check(config), Error);
        try {
            methodById("pisa");
        } catch (const Error& error) {
            QVERIFY(QString(error.what()).contains("pissa"));
        }
    }
};

QTEST_GUILESS_MAIN(TestMethods)
#include "tst_methods.moc"
