// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Drift in the singular directions of the original weight: closed forms, planted intruders, the live monitor and its budget.
#include "training/analysis/drift.h"
#include "training/analysis/update.h"
#include "training/formats/sha256.h"
#include "training/train/trained_model.h"

#include "tests/support/engine_fixture.h"
#include "tests/support/method_fixture.h"
#include "tests/support/thrown.h"

#include <ATen/core/grad_mode.h>

#include <QTemporaryDir>
#include <QTest>

using namespace rankwright;

namespace {

constexpr const char* kModule = "model.layers.1.mlp.up_proj";

// The tiny model with adapters whose factors a test sets itself.
struct Bench
{
    RunConfig config;
    Weights weights;
    Model model;
    AdapterSet adapters;

    explicit Bench(const RunConfig& c, at::ScalarType type = at::kFloat)
        : config(c)
        , weights(openModelSource(c.model))
        , model(weights, type, {}, isQuantised(c) ? Bases::later : Bases::dense)
        , adapters(model, weights, startAdapters(model, weights, c, {}, {}, {}), 0, effectiveBase(c))
    {
    }
    const AdapterSet::Entry& entry(const std::string& name = kModule) const
    {
        for (const auto& entry : adapters.entries()) {
            if (entry.name == name)
                return entry;
        }
        throw std::runtime_error(name);
    }
    Delta& delta() const { return *entry().slot->delta; }
    at::Tensor original() { return weights.read(std::string(kModule) + ".weight"); }
    // s B A becomes `product` of rank r: U (out, r), S (r), V (in, r).
    void set(const at::Tensor& U, const at::Tensor& S, const at::Tensor& V) const
    {
        const at::NoGradGuard guard;
        delta().B.copy_(U * S / delta().scaling);
        delta().A.copy_(V.t());
    }
    // The monitor's word on the module, at a time when measuring is cheap.
    ModuleDrift live()
    {
        config.driftEvery = 1;
        DriftMonitor monitor(adapters, weights, config, {});
        return of(*monitor.after(1, 1e6));
    }
    static ModuleDrift of(const DriftEvent& event)
    {
        for (const auto& module : event.modules) {
            if (module.name == kModule)
                return module;
        }
        throw std::runtime_error(kModule);
    }
};

RunConfig tinyConfig(const char* method = "lora", int64_t rank = 4)
{
    auto c = goldenConfig(golden("tiny"));
    c.method = method;
    c.rank = rank;
    c.alpha = double(2 * rank);
    return c;
}

at::Tensor values(std::initializer_list<double> list) { return at::tensor(std::vector<double>(list), at::kDouble); }

// A checkpoint of what the bench holds, so that measureDrift() and shrinkRun() can open it.
void store(Bench& bench, const std::filesystem::path& folder, const std::vector<PlacedStart>& starts)
{
    runIn(folder, bench.config);
    writeStart(folder, starts, bench.weights, bench.adapters.baseHash());
    auto state = bench.adapters.state();
    state.emplace_back("parameters", bench.adapters.parameters());
    writeCheckpoint(folder, {.step = 7}, {.startHash = sha256OfFile(folder / "start.safetensors")}, state);
}

}  // namespace

class TestDrift : public QObject
{
    Q_OBJECT

    QTemporaryDir m_folder;
    std::filesystem::path at(const std::string& name) const { return std::filesystem::path(m_folder.path().toStdString()) / name; }

    DriftReport measured(Bench& bench, const std::string& name, const DriftJob& ask = {})
    {
        const auto starts = startAdapters(bench.model, bench.weights, bench.config, {}, {}, {});
        store(bench, at(name), starts);
        auto job = ask;
        job.folder = at(name).string();
        Listener listener;
        return run(*makeTorchEngine(), job, listener, {});
    }
    ModuleDrift afterwards(Bench& bench, const std::string& name, const DriftJob& ask = {})
    {
        return Bench::of({.modules = measured(bench, name, ask).modules});
    }

private Q_SLOTS:
    void updateInsideTheFirstDirections()
    {
        Bench bench(tinyConfig());
        const auto W = bench.original();
        const auto all = exactTriplets(W, std::min(W.size(0), W.size(1)));
        const auto S = values({3, 2, 1, 0.5}) * 1e-2;
        bench.set(all.U.narrow(1, 0, 4), S, all.V.narrow(1, 0, 4));
        for (const auto& drift : {bench.live(), afterwards(bench, "inside")}) {
            QVERIFY(std::abs(drift.inside - 1) < 1e-6);
            QVERIFY2(drift.angleLargest < 0.1, qPrintable(QString::number(drift.angleLargest)));
            QVERIFY(std::abs(drift.update - S.norm().item<double>() / frobenius(W)) < 1e-7);
            QVERIFY(std::abs(drift.effectiveRank - effectiveRank(S)) < 1e-5);
            QCOMPARE(drift.intruders, int64_t(0));
            QCOMPARE(drift.rank, int64_t(4));
        }
    }

    void updateOutsideTheFirstDirections()
    {
        Bench bench(tinyConfig());
        const auto all = exactTriplets(bench.original(), std::min(bench.original().size(0), bench.original().size(1)));
        const auto S = values({1, 1, 1, 1}) * 1e-3;
        bench.set(all.U.narrow(1, 4, 4), S, all.V.narrow(1, 4, 4));
        for (const auto& drift : {bench.live(), afterwards(bench, "outside")}) {
            QVERIFY(drift.inside < 1e-9);
            QVERIFY(std::abs(drift.angleMean - 90) < 1e-2);
            QVERIFY(std::abs(drift.effectiveRank - 4) < 1e-6);
        }
        // Half of the squared norm inside, the angles half 0 and half 90 degrees.
        bench.set(all.U.narrow(1, 2, 4), S, all.V.narrow(1, 2, 4));
        const auto half = afterwards(bench, "half");
        QVERIFY(std::abs(half.inside - 0.5) < 1e-6);
        QVERIFY(std::abs(half.angleMean - 45) < 1e-2);
        QVERIFY(std::abs(half.angleLargest - 90) < 1e-2);
    }

    void nothingTrainedYet()
    {
        Bench lora(tinyConfig());
        for (const auto& drift : {lora.live(), afterwards(lora, "zero")}) {
            QCOMPARE(drift.update, 0.0);
            QVERIFY(std::isnan(drift.inside) && std::isnan(drift.angleMean) && std::isnan(drift.angleLargest));
            QCOMPARE(drift.effectiveRank, 0.0);
            QCOMPARE(drift.intruders, int64_t(0));
        }
        // PiSSA starts in the first directions themselves, and with no update, in spite of its residual.
        Bench pissa(tinyConfig("pissa"));
        for (const auto& drift : {pissa.live(), afterwards(pissa, "zero-pissa")}) {
            QCOMPARE(drift.update, 0.0);
            QVERIFY2(drift.angleLargest < 0.1, qPrintable(QString::number(drift.angleLargest)));
            QCOMPARE(drift.intruders, int64_t(0));
        }
    }

    // A new direction, stronger than all of W's, far from each of them.
    void plantedIntruderIsFound()
    {
        Bench bench(tinyConfig("lora", 1));
        const auto W = bench.original();
        const auto all = exactTriplets(W, std::min(W.size(0), W.size(1)));
        const auto count = all.U.size(1);
        const auto direction = all.U.sum(1, true) / std::sqrt(double(count));   // cosine 1 / sqrt(count) to each
        QVERIFY(1 / std::sqrt(double(count)) < 0.5);
        const auto right = all.V.sum(1, true) / std::sqrt(double(count));
        bench.set(direction, 3 * all.S.narrow(0, 0, 1), right);
        QCOMPARE(bench.live().intruders, int64_t(1));
        QCOMPARE(afterwards(bench, "intruder").intruders, int64_t(1));
        QCOMPARE(afterwards(bench, "no-intruder", {.intruderCosine = 0.5 / std::sqrt(double(count))}).intruders, int64_t(0));
        // Not among those that are looked at while it is weaker than they are.
        bench.set(direction, 1e-3 * all.S.narrow(0, 0, 1), right);
        QCOMPARE(afterwards(bench, "weak").intruders, int64_t(0));
    }

    // Against PiSSA's residual its own untouched directions would count as intruders; against W they do not, and a planted one does.
    void intrudersAreThoseOfTheOriginal()
    {
        Bench bench(tinyConfig("pissa"));
        const auto W = bench.original();
        const auto least = std::min(W.size(0), W.size(1));
        const auto residual = bench.entry().slot->base.dense();
        const auto first = exactTriplets(effectiveWeight(*bench.entry().slot), 4).U;
        const auto foreign = [&](const at::Tensor& of) {
            const auto U = exactTriplets(of, least).U;
            return (at::matmul(U.t(), first).abs().amax(0) < 0.5).sum().item<int64_t>();
        };
        // The residual has rank least - 4: with the singular vectors that belong to it, W's first four are all foreign.
        const auto spanned = exactTriplets(residual, least - 4).U;
        QCOMPARE((at::matmul(spanned.t(), first).abs().amax(0) < 0.5).sum().item<int64_t>(), int64_t(4));
        QCOMPARE(foreign(W), int64_t(0));
        QCOMPARE(bench.live().intruders, int64_t(0));
        QCOMPARE(afterwards(bench, "pissa-untouched").intruders, int64_t(0));

        const auto all = exactTriplets(W, least);
        const auto direction = all.U.sum(1, true) / std::sqrt(double(least)), right = all.V.sum(1, true) / std::sqrt(double(least));
        {
            const at::NoGradGuard guard;
            auto& delta = bench.delta();
            delta.B.narrow(1, 3, 1).copy_(direction * 3 * all.S[0] / delta.scaling);
            delta.A.narrow(0, 3, 1).copy_(right.t());
        }
        QCOMPARE(bench.live().intruders, int64_t(1));
        QCOMPARE(afterwards(bench, "pissa-planted").intruders, int64_t(1));
    }

    // dW of every method's folded factors against W_eff - W itself.
    void updateIsWhatChanged_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<bool>("quantised");
        for (const char* method : {"lora", "pissa", "sorsa", "olora", "lora-xs", "rslora"})
            QTest::addRow("%s", method) << method << false;
        for (const char* method : {"qlora", "qpissa", "loftq"})
            QTest::addRow("%s", method) << method << true;
    }
    void updateIsWhatChanged()
    {
        QFETCH(QString, method);
        QFETCH(bool, quantised);
        Bench bench(tinyConfig(method.toLatin1().constData()));
        const at::NoGradGuard guard;
        const auto before = effectiveWeight(*bench.entry().slot);
        const auto atStart = foldedFactors(*bench.entry().slot);
        at::manual_seed(5);
        bench.adapters.parameters().add_(at::randn_like(bench.adapters.parameters()), 1e-2);
        const auto [P, Q] = lowRankUpdate(bench.entry(), atStart);
        const auto dense = effectiveWeight(*bench.entry().slot) - (quantised ? before : bench.original());
        const double off = largest(at::matmul(P, Q.t()) - dense);
        // LoRA-XS begins with s B R A of its own, which full precision counts as an update.
        QVERIFY2(off < 2e-6 * (1 + largest(dense)), qPrintable(QString::number(off)));
        QVERIFY(largest(dense) > 1e-4);
        const auto triplets = tripletsOf({P, Q});
        const auto exact = at::linalg_svdvals(f64(at::matmul(f64(P), f64(Q).t())));
        QVERIFY(largest(triplets.S - exact.narrow(0, 0, triplets.S.numel())) < 1e-10);
    }

    // A run of every kind of method: what is said live at the last step is what is found afterwards.
    void liveAgreesWithAfterwards_data()
    {
        QTest::addColumn<QString>("method");
        for (const char* method : {"lora", "pissa", "delta-lora", "qpissa", "loftq", "qlora"})
            QTest::addRow("%s", method) << method;
    }
    void liveAgreesWithAfterwards()
    {
        QFETCH(QString, method);
        auto c = tinyConfig(method.toLatin1().constData());
        c.steps = 6;
        c.driftEvery = 3;
        c.learningRate = 1e-2;
        const auto job = runIn(at("run-" + method.toStdString()), c);
        Listener listener;
        run(*makeTorchEngine(), job, listener, {});
        Listener later;
        const auto report = run(*makeTorchEngine(), DriftJob{.folder = job.folder}, later, {});
        QCOMPARE(report.step, int64_t(6));
        QVERIFY(!report.modules.empty());
        Weights weights(openModelSource(c.model));
        // The same state in a monitor of its own, without a budget.
        JobContext context(later, {});
        const auto trained = openTrained(job.folder, context);
        if (trained->adapters->belongsToBase()) {   // a monitor takes what it finds for step 0
            for (const auto& event : listener.all<DriftEvent>())
                QVERIFY(event.step % 3 == 0 && event.modules.size() == report.modules.size());
            return;
        }
        DriftMonitor monitor(*trained->adapters, weights, c, {});
        const auto event = monitor.after(3, 1e6);
        QVERIFY(!event);   // the first call of a resumed run: its time begins now
        const auto live = monitor.after(6, 2e6);
        QVERIFY(live);
        QCOMPARE(live->modules.size(), report.modules.size());
        for (size_t i = 0; i < report.modules.size(); ++i) {
            const auto &a = live->modules[i], &b = report.modules[i];
            QCOMPARE(a.name, b.name);
            QVERIFY(std::abs(a.update - b.update) < 1e-5 * b.update);
            QVERIFY2(std::abs(a.inside - b.inside) < 2e-3, qPrintable(QString("%1 %2").arg(a.inside).arg(b.inside)));
            QVERIFY2(std::abs(a.angleMean - b.angleMean) < 0.5, qPrintable(QString("%1 %2").arg(a.angleMean).arg(b.angleMean)));
            QVERIFY(std::abs(a.effectiveRank - b.effectiveRank) < 1e-5 * b.effectiveRank);
            QVERIFY(a.intruders >= b.intruders);
        }
    }

    void measuresNoMoreThanTwoPerCent()
    {
        Bench bench(tinyConfig());
        bench.config.driftEvery = 2;
        DriftMonitor monitor(bench.adapters, bench.weights, bench.config, {});
        QVERIFY(monitor.setupSeconds() > 0);
        QVERIFY(monitor.bytes() > 0);
        QVERIFY(!monitor.after(1, 1e6));
        QVERIFY(!monitor.after(2, 1e-9));    // nothing trained: not even one would fit
        QVERIFY(!monitor.after(3, 1e6));     // not due
        QCOMPARE(monitor.measuringSeconds(), 0.0);
        // What one costs here; the least of a few, since other programs only slow them down.
        double cost = 1e9;
        for (int64_t step = 4; step <= 20; step += 2) {
            const auto event = monitor.after(step, 1e6);
            QVERIFY(event && event->step == step && event->seconds > 0);
            cost = std::min(cost, event->seconds);
        }
        // Steps of five times that: of 200 that are due no more than 2 % of the time allows.
        int64_t measured = 0;
        double dearest = 0;
        DriftMonitor strict(bench.adapters, bench.weights, bench.config, {});
        for (int64_t step = 1; step <= 400; ++step) {
            const double seconds = 5 * cost * double(step);
            if (const auto event = strict.after(step, seconds)) {
                ++measured;
                dearest = std::max(dearest, event->seconds);
                QVERIFY(step % 2 == 0);
            }
            QVERIFY(strict.measuringSeconds() <= 0.02 * seconds + dearest);   // the last one may have been dearer than expected
        }
        QVERIFY2(measured > 0 && measured <= 41, qPrintable(QString::number(measured)));
        bench.config.driftEvery = 0;
        DriftMonitor off(bench.adapters, bench.weights, bench.config, {});
        QVERIFY(!off.after(1, 1e9));
        QCOMPARE(off.bytes(), int64_t(0));
    }

    // Whole weights and DoRA have dense updates: afterwards only, against a dense computation.
    void denseUpdates()
    {
        for (const char* method : {"full", "dora"}) {
            auto c = tinyConfig(method);
            c.modules = "*up_proj,*q_proj";
            c.steps = 4;
            c.driftEvery = 1;
            const auto job = runIn(at(std::string("dense-") + method), c);
            Listener listener;
            run(*makeTorchEngine(), job, listener, {});
            QVERIFY(listener.all<DriftEvent>().empty());
            const auto report = run(*makeTorchEngine(), DriftJob{.folder = job.folder}, listener, {});
            JobContext context(listener, {});
            const auto trained = openTrained(job.folder, context);
            const auto& entry = trained->adapters->entries().front();
            const auto W = trained->weights->read(entry.name + ".weight");
            const auto dW = f64(effectiveWeight(*entry.slot)) - f64(W);
            const auto all = exactTriplets(W, 4);
            const double share = at::matmul(at::matmul(all.U.t(), dW), all.V).norm().item<double>() / frobenius(dW);
            const auto& drift = report.modules.front();
            QCOMPARE(drift.name, entry.name);
            QVERIFY(std::abs(drift.update - frobenius(dW) / frobenius(W)) < 1e-5 * drift.update);
            QVERIFY(std::abs(drift.inside - share * share) < 1e-5);
            QVERIFY(drift.angleLargest > 0 && drift.angleLargest <= 90);
        }
    }

    void refusesWhatCannotBe()
    {
        Bench bench(tinyConfig());
        QCOMPARE(codeOf([&] { measured(bench, "top", {.intruderTop = 0}); }), int(Code::usage));
        QCOMPARE(codeOf([&] { measured(bench, "cosine", {.intruderCosine = 1.5}); }), int(Code::usage));
        QCOMPARE(codeOf([&] { measured(bench, "nan", {.intruderCosine = std::nan("")}); }), int(Code::usage));
        Listener listener;
        runIn(at("empty"), bench.config);
        QCOMPARE(codeOf([&] { run(*makeTorchEngine(), DriftJob{.folder = at("empty").string()}, listener, {}); }), int(Code::missing));
    }
};

QTEST_GUILESS_MAIN(TestDrift)
#include "tst_drift.moc"
