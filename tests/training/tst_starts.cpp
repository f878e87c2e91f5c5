// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Fast ways to a start against the plain ones: Lanczos and Krylov spaces against LAPACK and subspace iteration, many matrices at once
// against one after another, reading rows in pieces against reading them in order, NF4 by halving against NF4 by comparing.
#include "tests/support/engine_fixture.h"
#include "training/adapters/decompose.h"
#include "training/adapters/in_parallel.h"
#include "training/adapters/krylov.h"
#include "training/api/error.h"
#include "training/io/weights.h"
#include "training/nn/linear.h"
#include "training/quant/nf4_arithmetic.h"
#include "training/quant/nf4_loops.h"
#include "training/quant/widest.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <QTest>

#include <atomic>
#include <cmath>
#include <random>
#include <thread>

using namespace rankwright;

namespace {

at::Tensor orthonormalColumns(int64_t rows, int64_t cols)
{
    return std::get<0>(at::linalg_qr(at::randn({rows, cols}, at::kDouble)));
}

at::Tensor withValues(int64_t rows, int64_t cols, const at::Tensor& values)
{
    const auto count = values.numel();
    return at::matmul(orthonormalColumns(rows, count) * values, orthonormalColumns(cols, count).t()).to(at::kFloat);
}

at::Tensor powerLaw(int64_t rows, int64_t cols, double decay)
{
    return withValues(rows, cols, at::arange(1, std::min(rows, cols) + 1, at::kDouble).pow(-decay));
}

double restOf(const at::Tensor& W, const Triplets& t)
{
    const auto U = t.U.to(at::kDouble), S = t.S.to(at::kDouble), V = t.V.to(at::kDouble);
    return (W.to(at::kDouble) - at::matmul(U * S, V.t())).norm().item<double>();
}

double offOrthonormal(const at::Tensor& columns)
{
    const auto X = columns.to(at::kDouble);
    return (at::matmul(X.t(), X) - at::eye(X.size(1), at::kDouble)).abs().max().item<double>();
}

}  // namespace

class TestStarts : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { at::manual_seed(2026); }

    void largestTripletsAreTheBest_data()
    {
        QTest::addColumn<QString>("kind");
        QTest::addColumn<int>("rows");
        QTest::addColumn<int>("cols");
        QTest::addColumn<int>("rank");
        for (const char* kind : {"noise", "slow", "fast", "steep", "steps", "equal", "low rank", "zero", "large", "small"}) {
            for (const auto& [rows, cols] : {std::pair{400, 640}, std::pair{640, 400}, std::pair{384, 384}})
                QTest::addRow("%s %d x %d", kind, rows, cols) << kind << rows << cols << 16;
        }
        for (const int rank : {1, 5, 40, 200, 384})
            QTest::addRow("rank %d", rank) << "slow" << 384 << 500 << rank;
        QTest::addRow("a few rows") << "slow" << 24 << 500 << 8;
    }

    void largestTripletsAreTheBest()
    {
        QFETCH(QString, kind);
        QFETCH(int, rows);
        QFETCH(int, cols);
        QFETCH(int, rank);
        const auto side = std::min(rows, cols);
        const auto made = [&]() -> at::Tensor {
            if (kind == "noise")
                return at::randn({rows, cols}) * 0.02;
            if (kind == "slow")
                return powerLaw(rows, cols, 0.2);
            if (kind == "fast")
                return powerLaw(rows, cols, 1.5);
            if (kind == "steep")   // to 1e-12 of the first
                return withValues(rows, cols, at::logspace(0, -12, side, 10.0, at::kDouble));
            if (kind == "steps") {   // the cut goes through equal values
                auto values = at::ones({side}, at::kDouble);
                values.narrow(0, 0, 4).fill_(3);
                values.narrow(0, 30, side - 30).fill_(0.5);
                return withValues(rows, cols, values);
            }
            if (kind == "equal")
                return withValues(rows, cols, at::ones({side}, at::kDouble));
            if (kind == "low rank")
                return at::matmul(at::randn({rows, 7}), at::randn({7, cols}));
            if (kind == "zero")
                return at::zeros({rows, cols});
            return powerLaw(rows, cols, 0.3) * (kind == "large" ? 1e15 : 1e-15);
        };
        const auto W = made();
        const auto exact = at::linalg_svdvals(W.to(at::kDouble));
        const auto found = largestTriplets(W, rank);
        QCOMPARE(found.U.sizes(), at::IntArrayRef({rows, rank}));
        QCOMPARE(found.V.sizes(), at::IntArrayRef({cols, rank}));
        const auto first = exact.narrow(0, 0, rank);
        // What float32 holds of a value beside the largest.
        const auto allowed = at::maximum(first * 1e-5, exact[0] * 1e-6);
        QVERIFY(((found.S - first).abs() <= allowed).all().item<bool>());
        const double best = exact.narrow(0, rank, side - rank).norm().item<double>();
        const double rest = restOf(W, found), least = best * (1 + 1e-6) + 1e-6 * exact[0].item<double>();
        QVERIFY2(rest <= least, qPrintable(QString("%1 instead of %2").arg(rest, 0, 'g', 12).arg(best, 0, 'g', 12)));
        QVERIFY(offOrthonormal(found.U) < 1e-5);
        QVERIFY(offOrthonormal(found.V) < 1e-4);
    }

    void krylovIsNoWorseThanSubspaceIteration_data()
    {
        QTest::addColumn<double>("decay");
        QTest::addColumn<int>("oversample");
        for (const double decay : {0.1, 0.3, 0.7, 1.5}) {
            for (const int oversample : {0, 10})
                QTest::addRow("decay %g, oversampled by %d", decay, oversample) << decay << oversample;
        }
    }

    // Both are random: the mean over a few seeds counts.
    void krylovIsNoWorseThanSubspaceIteration()
    {
        QFETCH(double, decay);
        QFETCH(int, oversample);
        constexpr int64_t kRank = 12;
        const auto W = powerLaw(420, 560, decay);
        const auto exact = at::linalg_svdvals(W.to(at::kDouble));
        const double best = exact.narrow(0, kRank, exact.numel() - kRank).norm().item<double>();
        for (const int64_t iterations : {0, 1, 2, 3, 4, 8, 16}) {
            double ours = 0, plain = 0;
            for (const int64_t seed : {1, 2, 3, 4}) {
                const auto found = randomisedTriplets(W, kRank, iterations, oversample, seed, "m");
                QCOMPARE(found.S.scalar_type(), at::kFloat);
                QVERIFY(offOrthonormal(found.U) < 1e-4 && offOrthonormal(found.V) < 1e-4);
                ours += restOf(W, found) / best - 1;
                plain += restOf(W, subspaceTriplets(W, kRank, iterations, oversample, seed, "m")) / best - 1;
            }
            const double luck = iterations == 0 ? 1.3 : 1.05;   // of other draws; a power of the ratios of values makes it small
            QVERIFY2(ours <= plain * luck + 1e-4, qPrintable(QString("%1 iterations: %2, %3").arg(iterations).arg(ours).arg(plain)));
        }
    }

    void basesStayOrthonormal()
    {
        // Twelve blocks of a matrix of rank 9: from the second on nothing is left to add, and the basis goes on with what is orthogonal.
        const auto W = at::matmul(at::randn({200, 9}), at::randn({9, 300}));
        for (const auto products : {KrylovSpace::Products::float32, KrylovSpace::Products::bfloat16}) {
            KrylovSpace space(W, 8, 12, products, 3);
            space.project();
            while (!space.full()) {
                space.grow();
                space.project();
            }
            QCOMPARE(space.size(), int64_t(96));
            const auto ritz = space.ritz(20);
            const double off = offOrthonormal(ritz.vectors.t());
            QVERIFY2(off < 1e-4, qPrintable(QString::number(off)));
            QVERIFY((ritz.values.narrow(0, 9, 11).abs() < 1e-2 * ritz.values[0]).all().item<bool>());
        }
    }

    void allTasksAreDoneOnce_data()
    {
        QTest::addColumn<int>("workers");
        for (const int workers : {0, 1, 2, 5})
            QTest::addRow("%d workers", workers) << workers;
    }

    void allTasksAreDoneOnce()
    {
        QFETCH(int, workers);
        const auto threads = at::get_num_threads();
        const at::NoGradGuard guard;
        std::vector<std::atomic<int>> done(40);
        std::atomic<bool> gradients{false};
        int told = 0;
        const auto caller = std::this_thread::get_id();
        inParallel(40, workers, [&](int64_t i) {
            gradients = gradients || c10::GradMode::is_enabled();
            (void)at::linalg_qr(at::randn({60, 20}));
            ++done[size_t(i)];
        }, [&] {
            QVERIFY(std::this_thread::get_id() == caller);
            ++told;
        });
        QVERIFY(std::ranges::all_of(done, [](const auto& times) { return times == 1; }));
        QVERIFY(!gradients);
        QVERIFY(told > 0);
        QCOMPARE(at::get_num_threads(), threads);
    }

    void aFailureEndsTheWork()
    {
        for (const int workers : {1, 3}) {
            std::atomic<int> begun{0};
            try {
                inParallel(10000, workers, [&](int64_t i) {
                    ++begun;
                    if (i == 5)
                        throw Error({.code = Code::data, .place = "five"});
                    std::this_thread::sleep_for(std::chrono::milliseconds(1));
                });
                QFAIL("nothing was thrown");
            } catch (const Error& error) {
                QCOMPARE(error.code(), Code::data);
            }
            QVERIFY(begun < 1000);
            QVERIFY_THROWS_EXCEPTION(Error, inParallel(100, workers, [](int64_t) {}, [] { throw Error({.code = Code::stopped, .place = "here"}); }));
        }
    }

    // read() takes rows in pieces on several threads, stream() in order.
    void readingInPiecesIsReading_data()
    {
        QTest::addColumn<QString>("model");
        QTest::newRow("tiny") << QString::fromStdString(golden("tiny").string());
        QTest::newRow("stories260K") << QString::fromStdString(stories().string());
        QTest::newRow("default model") << QString::fromStdString(defaultModel().string());
    }

    void readingInPiecesIsReading()
    {
        QFETCH(QString, model);
        if (model.isEmpty())
            QSKIP("the model is not there");
        Weights weights(openModelSource(model.toStdString()));
        int looked = 0;
        for (const auto& [name, entry] : weights.source().tensors) {
            if (name.find("layers.") != std::string::npos && name.find("layers.1.") == std::string::npos)
                continue;
            std::vector<at::Tensor> parts;
            weights.stream(name, [&](const at::Tensor& rows) { parts.push_back(rows.clone()); });
            const auto plain = at::cat(parts);
            const auto name8 = name.c_str();
            QVERIFY2(at::equal(weights.read(name), plain), name8);
            QVERIFY2(at::equal(weights.read(name, at::kBFloat16), plain.to(at::kBFloat16)), name8);
            QVERIFY2(at::equal(weights.read(name, at::kHalf), plain.to(at::kHalf)), name8);
            ++looked;
        }
        QVERIFY(looked > 5);
    }

    void editsWhereTheBaseLies()
    {
        const auto W = at::randn({40, 70}), B0 = at::randn({40, 4}), A0 = at::randn({4, 70});
        const BaseWeight::Original original{.whole = [&] { return W.clone(); }, .stream = [&](const auto& visit) { visit(W); }};
        const BaseEdit edit{A0, B0, 0.5};
        const auto expected = at::addmm(W, B0, A0, 1, -0.5);
        BaseWeight alone(W.clone());
        for (int times = 0; times < 3; ++times) {   // each from the original, never from what it was made into
            alone.place(original, edit, "none");
            QVERIFY(at::equal(alone.dense(), expected));
        }
        alone.place(original, std::nullopt, "none");
        QVERIFY(at::equal(alone.dense(), W));
        alone.place(original, edit, "none");
        QVERIFY(at::equal(alone.dense(), expected));
        // One that others look at stays as it was.
        const auto shared = W.clone();
        BaseWeight first(shared), second(shared);
        first.place(original, edit, "none");
        QVERIFY(at::equal(first.dense(), expected));
        QVERIFY(at::equal(second.dense(), W) && at::equal(shared, W));
    }

    void bfloat16IsTheRoundedFloat32()
    {
        const auto W = at::randn({37, 150}) * 0.02;
        for (const char* format : {"nf4", "nf4-dq", "int8", "nf3"}) {
            const auto base = quantise(W, format);
            QVERIFY2(at::equal(base->rows(3, 31, at::kBFloat16), base->rows(3, 31, at::kFloat).to(at::kBFloat16)), format);
        }
    }

    void halvingFindsTheSameCodes()
    {
        if (widestVectors() != Width::avx512)
            QSKIP("without AVX-512 codes are found one by one, by what this test compares with");
        std::mt19937 draw(7);
        std::normal_distribution<float> normal;
        for (int round = 0; round < 600; ++round) {
            std::array<float, 640> values{};
            for (auto& value : values)
                value = normal(draw) * std::ldexp(1.0F, int(draw() % 80) - 40);
            if (round % 3 == 0) {   // on the thresholds and beside them
                for (size_t i = 0; i < values.size(); ++i) {
                    const float on = nf4::threshold(int(i % 15));
                    const float beside = std::nextafter(on, draw() % 2 ? 2.0F : -2.0F);
                    values[i] = i % 64 == 63 ? 1.0F : draw() % 3 == 0 ? on : beside;
                }
            }
            if (round % 7 == 0)
                std::fill_n(values.begin(), 64, -0.0F);
            std::array<uint8_t, 320> codes{};
            std::array<float, 10> scales{};
            encodeNf4(values.data(), 10, codes.data(), scales.data());
            for (size_t i = 0; i < values.size(); ++i) {
                const int code = (codes[i / 2] >> (i % 2 ? 0 : 4)) & 15;
                QCOMPARE(code, nf4::codeOf(values[i] * nf4::inverseOf(scales[i / 64])));
            }
        }
    }
};

QTEST_GUILESS_MAIN(TestStarts)
#include "tst_starts.moc"
