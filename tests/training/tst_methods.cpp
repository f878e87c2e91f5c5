// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What every registered method promises of its start, on tall, wide and square weights, rank 1 to full, float32 and bfloat16, full
// and few bits; and the decompositions they share. The methods' own identities are in tst_identities.
#include "training/api/error.h"

#include "tests/support/method_fixture.h"

#include <QTest>

using namespace rankwright;

class TestMethods : public QObject
{
    Q_OBJECT

    static void shapes()
    {
        QTest::addColumn<int>("rows");
        QTest::addColumn<int>("cols");
        QTest::addColumn<int>("rank");
        for (const auto& [rows, cols] : {std::pair{48, 64}, {64, 48}, {40, 40}}) {
            for (const int rank : {1, 8, std::min(rows, cols)})
                QTest::addRow("%dx%d rank %d", rows, cols, rank) << rows << cols << rank;
        }
    }

    // |s B core A| as products of sizes: what the rounding of the edit is relative to.
    static at::Tensor sizeOfProduct(const Start& start)
    {
        const auto A = start.edit ? start.edit->A0 : start.A, B = start.edit ? start.edit->B0 : start.B;
        return at::matmul(f64(B).abs(), f64(A).abs()) * start.scaling;
    }

    // True where |error| <= bound in every element.
    static bool within(const at::Tensor& error, const at::Tensor& bound)
    {
        return (f64(error).abs() <= f64(bound)).all().item<bool>();
    }

    // The card's sentence on step 0, in numbers.
    static void compareStepZero(const MethodCard& card, const Placed& p, double alpha)
    {
        const auto place = qPrintable(QString("%1, %2, alpha %3").arg(QString::fromStdString(card.id),
            QString::fromStdString(p.config.dtype)).arg(alpha));
        const auto stored = slotWith(p.W, {.trainsWeight = true}, "none",
            p.config.dtype == "bfloat16" ? at::kBFloat16 : at::kFloat).base.dense();
        const auto format = effectiveBase(p.config);
        const auto effective = effectiveWeight(p.slot);
        QVERIFY2(at::isfinite(effective).all().item<bool>(), place);
        if (format != "none" && !card.picture.residual) {
            QVERIFY2(at::equal(effective, roundTrip(p.W, format)), place);
        } else if (format != "none") {
            QVERIFY2(frobenius(p.error()) < frobenius(p.W - roundTrip(p.W, format)), place);
        } else if (card.picture.residual) {
            // The residual is rounded to the base's dtype, the product and the sum to float32.
            const auto size = sizeOfProduct(p.start) + f64(p.W).abs();
            auto bound = 0x1p-19 * size;
            if (p.config.dtype == "bfloat16")
                bound = bound + 0x1p-8 * (f64(p.W) - p.start.scaling * at::matmul(f64(p.start.edit->B0), f64(p.start.edit->A0))).abs();
            QVERIFY2(within(p.error(), bound), place);
        } else if (card.id == "lora-xs") {
            const auto& R = p.start.core;
            QVERIFY2(frobenius(effective - stored) <= 1.01 * p.start.scaling * frobenius(R) * largest(at::linalg_svdvals(p.start.A))
                    + 1e-6 * frobenius(p.W), place);
        } else if (p.start.magnitude.defined()) {
            QVERIFY2(within(effective - stored, 0x1p-21 * stored.abs()), place);
        } else {
            QVERIFY2(at::equal(effective, stored), place);
        }
    }

    static bool equalOrAbsent(const at::Tensor& a, const at::Tensor& b)
    {
        return a.defined() == b.defined() && (!a.defined() || at::equal(a, b));
    }
    static bool sameStart(const Start& a, const Start& b)
    {
        return equalOrAbsent(a.A, b.A) && equalOrAbsent(a.B, b.B) && equalOrAbsent(a.core, b.core)
            && equalOrAbsent(a.magnitude, b.magnitude) && a.scaling == b.scaling && a.edit.has_value() == b.edit.has_value()
            && (!a.edit || (at::equal(a.edit->A0, b.edit->A0) && at::equal(a.edit->B0, b.edit->B0)));
    }

private Q_SLOTS:
    void everyCardHasItsArithmetic()
    {
        QCOMPARE(methods().size(), methodCards().size());
        for (size_t i = 0; i < methods().size(); ++i)
            QCOMPARE(std::string(methods()[i].id), methodCards()[i]->id);
    }

    void stepZeroIsWhatTheCardSays_data() { shapes(); }
    void stepZeroIsWhatTheCardSays()
    {
        QFETCH(int, rows);
        QFETCH(int, cols);
        QFETCH(int, rank);
        const auto W = decayingWeight(rows, cols);
        for (const auto* card : methodCards()) {
            for (const char* dtype : {"float32", "bfloat16"}) {
                for (const double share : {0.5, 1.0, 2.0}) {
                    const RunConfig config{.method = card->id, .dtype = dtype};
                    compareStepZero(*card, placed(config, W, rank, share * rank), share * rank);
                }
            }
        }
    }

    // On a base in few bits an edited start is off by exactly what quantising its residual loses.
    void aQuantisedBaseCostsTheErrorOfItsResidual()
    {
        const auto W = decayingWeight(48, 64);
        for (const auto* card : methodCards()) {
            for (const char* base : {"nf4", "nf4-dq", "int8", "nf3"}) {
                if (!card->allowsQuantisedBase)
                    continue;
                RunConfig config{.method = card->id, .base = base};
                if (card->id == "lora-xs")
                    config.options["sigma"] = 0.0;
                const auto p = placed(config, W, 8);
                const auto& edit = p.start.edit;
                const auto rest = edit ? at::addmm(W, edit->B0, edit->A0, 1, -edit->scaling) : W;
                auto expected = roundTrip(rest, base);
                if (card->picture.residual)
                    expected = at::addmm(expected, p.start.core.defined() ? p.start.B * p.start.core : p.start.B, p.start.A, 1, p.start.scaling);
                QVERIFY2(frobenius(effectiveWeight(p.slot) - expected) <= 1e-6 * frobenius(W),
                    qPrintable(QString::fromStdString(card->id) + " on " + base));
            }
        }
    }

    void factorsHaveTheShapesOfTheirPicture_data() { shapes(); }
    void factorsHaveTheShapesOfTheirPicture()
    {
        QFETCH(int, rows);
        QFETCH(int, cols);
        QFETCH(int, rank);
        const auto W = decayingWeight(rows, cols);
        for (const auto* card : methodCards()) {
            const auto p = placed({.method = card->id}, W, rank);
            const auto& picture = card->picture;
            QCOMPARE(p.start.trainsWeight, picture.weight == Part::trained);
            QCOMPARE(p.start.A.defined(), picture.A != Part::absent);
            QCOMPARE(p.start.core.defined(), picture.core != Part::absent);
            QCOMPARE(p.start.magnitude.defined(), picture.magnitude != Part::absent);
            QCOMPARE(p.start.driftGain != 0, picture.drifts);
            if (p.start.trainsWeight)
                continue;
            QCOMPARE(p.start.A.sizes(), at::IntArrayRef({rank, cols}));
            QCOMPARE(p.start.B.sizes(), at::IntArrayRef({rows, rank}));
            QCOMPARE(p.start.trainsA, picture.A == Part::trained);
            QCOMPARE(p.start.trainsB, picture.B == Part::trained);
            for (const auto& tensor : {p.start.A, p.start.B})
                QVERIFY(tensor.scalar_type() == at::kFloat && tensor.is_contiguous());
        }
    }

    void startFollowsFromTheSeed()
    {
        const auto W = decayingWeight(48, 64);
        for (const auto* card : methodCards()) {
            RunConfig config{.method = card->id, .seed = 4};
            for (const auto& option : card->options) {
                if (option.key == "svd")
                    config.options["svd"] = std::string("1");
            }
            QVERIFY(sameStart(placed(config, W, 4).start, placed(config, W, 4).start));
        }
        RunConfig config;
        const auto& lora = methodById("lora");
        const auto first = lora.start(W, {"m", 4, 4, config});
        QVERIFY(!at::equal(first.A, lora.start(W, {"other", 4, 4, config}).A));
        config.seed = 1;
        QVERIFY(!at::equal(first.A, lora.start(W, {"m", 4, 4, config}).A));
    }

    // Zero weights, weights of a lower rank than the adapter, weights with zero rows and columns.
    void degenerateWeightsStayFinite()
    {
        const auto low = at::matmul(decayingWeight(40, 3), decayingWeight(3, 60));
        auto holes = decayingWeight(40, 60);
        holes.narrow(0, 0, 10).zero_();
        holes.narrow(1, 0, 20).zero_();
        for (const auto& W : {at::zeros({40, 60}, at::kFloat), low, holes, low.t().contiguous()}) {
            for (const auto* card : methodCards()) {
                for (const char* svd : {"exact", "2"}) {
                    RunConfig config{.method = card->id};
                    for (const auto& option : card->options) {
                        if (option.key == "svd")
                            config.options["svd"] = std::string(svd);
                    }
                    const auto p = placed(config, W, 12, 0, preparedFor(config, W, 12, W));
                    const auto place = qPrintable(QString::fromStdString(card->id) + " " + svd);
                    QVERIFY2(at::isfinite(effectiveWeight(p.slot)).all().item<bool>(), place);
                    if (!isQuantised(config))
                        QVERIFY2(largest(p.error()) < 1e-4 * std::max(1.0, largest(W)), place);
                }
            }
        }
    }

    void randomisedApproachesTheBest()
    {
        const auto W = decayingWeight(96, 128);
        const int64_t rank = 12;
        const auto S = at::linalg_svdvals(f64(W));
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
        const auto low = at::matmul(decayingWeight(40, 10), decayingWeight(10, 60));
        for (const auto& W : {decayingWeight(48, 64), decayingWeight(64, 48), low}) {
            const auto expected = at::linalg_svdvals(f64(W));
            const auto found = singularValues(W);
            QVERIFY(((found - expected).abs().max() / expected[0]).item<double>() < 1e-9);
        }
    }

    void anySliceOfTripletsIsExact()
    {
        const auto low = at::matmul(decayingWeight(40, 10), decayingWeight(10, 60));
        for (const auto& W : {decayingWeight(48, 64), decayingWeight(64, 48), low}) {
            const auto values = at::linalg_svdvals(f64(W));
            const auto k = values.numel();
            for (const int64_t first : {int64_t(0), k / 2, k - 5}) {
                const auto [U, S, V] = exactTriplets(W, 5, first);
                QVERIFY(largest(S - values.narrow(0, first, 5)) < 1e-9);
                QVERIFY(largest(at::matmul(U.t(), U) - at::eye(5, at::kDouble)) < 1e-5);
                QVERIFY(largest(at::matmul(V.t(), V) - at::eye(5, at::kDouble)) < 1e-5);
                QVERIFY(largest(at::matmul(f64(W), V) - U * S) < 1e-9);
            }
        }
    }

    void refusesUnknownMethods()
    {
        try {
            methodById("pisa");
            QFAIL("accepted");
        } catch (const Error& error) {
            QVERIFY(QString(error.what()).contains("pissa"));
        }
    }
};

QTEST_GUILESS_MAIN(TestMethods)
#include "tst_methods.moc"
