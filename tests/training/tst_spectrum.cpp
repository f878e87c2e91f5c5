// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Singular values against LAPACK's float64 ones: 1e-5 relative for those above 1e-6 of the largest; the edge of the noise on matrices that
// are noise; spectra of runs and of calibrated weights against the same matrices made here.
#include "tests/support/engine_fixture.h"
#include "training/adapters/decompose.h"
#include "training/analysis/calibration.h"
#include "training/analysis/largest_values.h"
#include "training/analysis/spectrum.h"
#include "training/api/error.h"
#include "training/api/rank_plan.h"
#include "training/api/spectrum_measures.h"
#include "training/train/trained_model.h"

#include <ATen/ATen.h>

#include <QTemporaryDir>
#include <QTest>

using namespace rankwright;

namespace {

at::Tensor gaussian(int64_t rows, int64_t cols)
{
    return at::randn({rows, cols}, at::kDouble);
}

at::Tensor orthonormalColumns(int64_t rows, int64_t cols)
{
    return std::get<0>(at::linalg_qr(gaussian(rows, cols)));
}

// rows x cols with singular values falling evenly on a logarithmic scale to 1 / condition.
at::Tensor conditioned(int64_t rows, int64_t cols, double condition)
{
    const auto count = std::min(rows, cols);
    const auto values = at::logspace(0, -std::log10(condition), count, 10.0, at::kDouble);
    return at::matmul(orthonormalColumns(rows, count) * values, orthonormalColumns(cols, count).t());
}

// Half of the values 1, half of them 1 / condition: what squaring leaves of the small ones is worst.
at::Tensor twoLevels(int64_t side, double condition)
{
    auto values = at::ones({side}, at::kDouble);
    values.narrow(0, side / 2, side - side / 2).fill_(1 / condition);
    return at::matmul(orthonormalColumns(side, side) * values, orthonormalColumns(side, side).t());
}

// Singular values k^-decay.
at::Tensor powerLaw(int64_t rows, int64_t cols, double decay)
{
    const auto count = std::min(rows, cols);
    const auto values = at::arange(1, count + 1, at::kDouble).pow(-decay);
    return at::matmul(orthonormalColumns(rows, count) * values, orthonormalColumns(cols, count).t());
}

// The largest relative error of the values above 1e-6 of the largest. Smaller ones must be as small.
double relativeError(const at::Tensor& found, const at::Tensor& exact)
{
    const auto all = exact.narrow(0, 0, found.numel());
    const double largest = all[0].item<double>();
    const auto counted = all > 1e-6 * largest;
    const auto rest = found.masked_select(counted.logical_not());
    if (rest.numel() > 0 && rest.max().item<double>() > 1.1e-6 * largest)
        return 1;
    return ((found - all).abs() / all).masked_select(counted).max().item<double>();
}

at::Tensor valuesOf(const ModuleSpectrum& spectrum)
{
    return at::tensor(spectrum.values, at::kFloat).to(at::kDouble);
}

}  // namespace

class TestSpectrum : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void agreesWithLapack_data();
    void agreesWithLapack();
    void smallValuesBesideManyLargeOnes();
    void zeroMatrix();
    void realMatrices_data();
    void realMatrices();
    void largestAgreeWithLapack_data();
    void largestAgreeWithLapack();
    void largeMatricesListTheirLargest();
    void refusesWhatIsNotFinite();
    void noiseStaysBelowItsEdge_data();
    void noiseStaysBelowItsEdge();
    void runsShowTheirTrainedWeights();
    void calibratedWeights();
    void cancelsBetweenMatrices();
    void plannedFileSizeIsTheExports();

private:
    QTemporaryDir m_folder;
};

void TestSpectrum::initTestCase()
{
    at::manual_seed(20260);
    QVERIFY(m_folder.isValid());
}

void TestSpectrum::agreesWithLapack_data()
{
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("cols");
    QTest::addColumn<int>("rank");        // 0: full
    QTest::addColumn<double>("condition"); // 0: random entries
    for (const auto& [rows, cols] : std::vector<std::pair<int, int>>{{300, 120}, {120, 300}, {200, 200}, {1, 64}, {64, 1}, {1, 1}, {5, 500}})
        QTest::addRow("random %d x %d", rows, cols) << rows << cols << 0 << 0.0;
    for (const int rank : {1, 8, 60}) {
        QTest::addRow("tall of rank %d", rank) << 160 << 100 << rank << 0.0;
        QTest::addRow("wide of rank %d", rank) << 100 << 160 << rank << 0.0;
    }
    for (const double condition : {1e2, 1e4, 0.9e5, 1.1e5, 1e6, 1e8, 1e12}) {
        QTest::addRow("condition %g, square", condition) << 128 << 128 << 0 << condition;
        QTest::addRow("condition %g, tall", condition) << 576 << 192 << 0 << condition;
    }
}

void TestSpectrum::agreesWithLapack()
{
    QFETCH(int, rows);
    QFETCH(int, cols);
    QFETCH(int, rank);
    QFETCH(double, condition);
    const auto W = condition > 0 ? conditioned(rows, cols, condition)
        : rank > 0               ? at::matmul(gaussian(rows, rank), gaussian(rank, cols))
                                 : gaussian(rows, cols);
    for (const auto& weight : {W, W.to(at::kFloat), W.t()}) {
        const auto exact = at::linalg_svdvals(weight.to(at::kDouble));
        const double worst = relativeError(singularValues(weight), exact);
        QVERIFY2(worst <= 1e-5, qPrintable(QString::number(worst)));
        const auto spectrum = spectrumOf("m", weight, "", 0);
        QCOMPARE(int(spectrum.values.size()), std::min(rows, cols));
        QVERIFY(relativeError(valuesOf(spectrum), exact) <= 1e-5);
        const double energy = exact.square().sum().item<double>();
        QVERIFY(std::abs(spectrum.energy - energy) <= 1e-12 * energy);
        QVERIFY(std::abs(spectrum.stableRank - energy / std::pow(exact[0].item<double>(), 2)) <= 1e-9 * spectrum.stableRank);
        const auto p = exact / exact.sum();
        const double effective = std::exp(-(p * p.clamp_min(1e-300).log()).sum().item<double>());
        QVERIFY(std::abs(spectrum.effectiveRank - effective) <= 1e-4 * effective);
    }
}

void TestSpectrum::smallValuesBesideManyLargeOnes()
{
    for (const double condition : {1e4, 3.2e4, 3.4e4, 0.95e5, 1.05e5, 1e6}) {
        const auto W = twoLevels(800, condition);
        const double worst = relativeError(singularValues(W), at::linalg_svdvals(W));
        QVERIFY2(worst <= 1e-5, qPrintable(QString("condition %1: %2").arg(condition).arg(worst)));
    }
}

void TestSpectrum::zeroMatrix()
{
    for (const int64_t top : {0, 3, -1}) {
        const auto spectrum = spectrumOf("m", at::zeros({6, 4}), "", top);
        QCOMPARE(spectrum.values, std::vector<float>(top == 3 ? 3 : 4, 0.0F));
        QCOMPARE(spectrum.energy, 0.0);
        QCOMPARE(spectrum.stableRank, 0.0);
        QCOMPARE(spectrum.effectiveRank, 0.0);
        QCOMPARE(noiseEdge(spectrum), 0.0);
    }
    QVERIFY(at::equal(largestSingularValues(at::zeros({600, 500}), 10), at::zeros({10}, at::kDouble)));
}

void TestSpectrum::realMatrices_data()
{
    QTest::addColumn<QString>("model");
    QTest::newRow("tiny") << QString::fromStdString(golden("tiny").string());
    QTest::newRow("stories260K") << QString::fromStdString(stories().string());
    QTest::newRow("default model") << QString::fromStdString(defaultModel().string());
}

void TestSpectrum::realMatrices()
{
    QFETCH(QString, model);
    if (model.isEmpty())
        QSKIP("the model is not there");
    Weights weights(openModelSource(model.toStdString()));
    const auto modules = matchingModules(weights.config(), "*");
    // Every shape of a large model, three layers of it.
    const auto step = modules.size() > 60 ? modules.size() / 3 : 1;
    double worst = 0;
    size_t looked = 0;
    for (size_t i = 0; i < modules.size(); ++i) {
        if (step > 1 && i % step >= 7)
            continue;
        const auto W = weights.read(modules[i].name + ".weight");
        worst = std::max(worst, relativeError(singularValues(W), at::linalg_svdvals(W.to(at::kDouble))));
        ++looked;
    }
    qInfo("%zu matrices, largest relative error %.2e", looked, worst);
    QVERIFY(worst <= 1e-5);
}

void TestSpectrum::largestAgreeWithLapack_data()
{
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("cols");
    QTest::addColumn<int>("count");
    QTest::addColumn<double>("decay");   // of a power law; 0: random entries; below 0: a rank
    QTest::newRow("power law, wide") << 700 << 900 << 40 << 0.7;
    QTest::newRow("power law, tall") << 900 << 700 << 40 << 1.5;
    QTest::newRow("slow power law") << 800 << 800 << 64 << 0.2;
    QTest::newRow("random, from all values") << 400 << 500 << 100 << 0.0;
    QTest::newRow("one value") << 600 << 600 << 1 << 0.5;
    QTest::newRow("low rank, enough") << 700 << 600 << 20 << -50.0;
    QTest::newRow("low rank, too low") << 700 << 600 << 20 << -12.0;
}

void TestSpectrum::largestAgreeWithLapack()
{
    QFETCH(int, rows);
    QFETCH(int, cols);
    QFETCH(int, count);
    QFETCH(double, decay);
    const auto W = decay > 0 ? powerLaw(rows, cols, decay)
        : decay < 0          ? at::matmul(gaussian(rows, int64_t(-decay)), gaussian(int64_t(-decay), cols))
                             : gaussian(rows, cols);
    for (const auto& weight : {W, W.to(at::kFloat)}) {
        int steps = 0;
        const auto found = largestSingularValues(weight, count, [&] { ++steps; });
        QCOMPARE(int(found.numel()), count);
        const double worst = relativeError(found, at::linalg_svdvals(weight.to(at::kDouble)));
        QVERIFY2(worst <= 1e-5, qPrintable(QString::number(worst)));
        QVERIFY(steps > 0);
    }
}

void TestSpectrum::largeMatricesListTheirLargest()
{
    const auto W = powerLaw(700, 900, 0.8).to(at::kFloat);
    const auto exact = at::linalg_svdvals(W.to(at::kDouble));
    const double energy = exact.square().sum().item<double>();
    const auto spectrum = spectrumOf("m", W, "hash", 20, {}, 512);   // as if 512 were the largest side to compute whole
    QCOMPARE(int(spectrum.values.size()), 20);
    QVERIFY(relativeError(valuesOf(spectrum), exact) <= 1e-5);
    QVERIFY2(std::abs(spectrum.energy - energy) <= 1e-12 * energy, "the energy is of all values");
    QVERIFY(std::abs(spectrum.stableRank - energy / std::pow(exact[0].item<double>(), 2)) <= 1e-5 * spectrum.stableRank);
    QVERIFY2(std::isnan(spectrum.effectiveRank), "it cannot be known from twenty values");
    // Automatic: 256 of them. All where that is small enough, and then everything is known.
    QCOMPARE(int(spectrumOf("m", W, "", SpectrumJob::kAuto, {}, 512).values.size()), 256);
    const auto whole = spectrumOf("m", W, "", SpectrumJob::kAuto);
    QCOMPARE(int(whole.values.size()), 700);
    const auto cut = spectrumOf("m", W, "", 20);
    QCOMPARE(cut.effectiveRank, whole.effectiveRank);
    QCOMPARE(int(cut.values.size()), 20);
}

void TestSpectrum::refusesWhatIsNotFinite()
{
    auto W = gaussian(20, 30);
    W[3][4] = std::numeric_limits<double>::infinity();
    QVERIFY_THROWS_EXCEPTION(Error, (void)spectrumOf("m", W, "", 0));
}

void TestSpectrum::noiseStaysBelowItsEdge_data()
{
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("cols");
    QTest::newRow("square") << 500 << 500;
    QTest::newRow("wide") << 200 << 600;
    QTest::newRow("tall") << 800 << 300;
}

// The largest value of pure noise ends at the edge but for fluctuations of order n^(-2/3); spikes well above it are counted exactly.
void TestSpectrum::noiseStaysBelowItsEdge()
{
    QFETCH(int, rows);
    QFETCH(int, cols);
    constexpr double kNoise = 0.02;
    const auto noise = gaussian(rows, cols) * kNoise;
    const auto spectrum = spectrumOf("noise", noise, "", 0);
    const double edge = kNoise * (std::sqrt(double(rows)) + std::sqrt(double(cols)));
    QVERIFY2(std::abs(noiseEdge(spectrum) / edge - 1) < 0.02, qPrintable(QString::number(noiseEdge(spectrum) / edge)));
    QVERIFY2(valuesAboveEdge(spectrum) <= 3, qPrintable(QString::number(valuesAboveEdge(spectrum))));
    QVERIFY(std::abs(double(spectrum.values[0]) / edge - 1) < 0.05);
    const auto U = orthonormalColumns(rows, 5), V = orthonormalColumns(cols, 5);
    const auto sizes = at::tensor(std::vector<double>{9, 6, 4, 3, 2}, at::kDouble) * edge;
    const auto spiked = spectrumOf("spiked", noise + at::matmul(U * sizes, V.t()), "", 0);
    const auto above = std::ranges::count_if(spiked.values, [&](float value) { return double(value) > 1.02 * noiseEdge(spiked); });
    QCOMPARE(int64_t(above), int64_t(5));
    QVERIFY(valuesAboveEdge(spiked) <= 5 + valuesAboveEdge(spectrum));
}

void TestSpectrum::runsShowTheirTrainedWeights()
{
    const auto folder = std::filesystem::path(m_folder.path().toStdString()) / "run";
    auto config = goldenConfig(golden("tiny"));
    config.method = "dora";
    config.modules = "q_proj,up_proj";
    config.steps = 3;
    Listener listener;
    JobContext context(listener, {});
    const auto engine = makeTorchEngine();
    (void)run(*engine, runIn(folder, config), listener, {});

    SpectrumJob job{.model = config.model, .modules = "q_proj,k_proj"};
    const auto before = modelSpectrum(job, context);
    job.folder = folder.string();
    listener.events.clear();
    const auto after = modelSpectrum(job, context);
    QCOMPARE(after.modules.size(), before.modules.size());
    QVERIFY(listener.all<ModuleSpectrum>() == after.modules);
    const auto trained = openTrained(folder, context);
    int changed = 0;
    for (size_t i = 0; i < after.modules.size(); ++i) {
        const auto& spectrum = after.modules[i];
        const auto W = effectiveWeight(*trained->model.slot(spectrum.name)).to(at::kDouble);
        QVERIFY(relativeError(valuesOf(spectrum), at::linalg_svdvals(W)) <= 1e-5);
        QVERIFY2(spectrum.hash != before.modules[i].hash, "a cache would mix them up");
        const bool adapted = spectrum.name.ends_with("q_proj");
        QCOMPARE(spectrum.energy != before.modules[i].energy, adapted);
        changed += adapted;
    }
    QVERIFY(changed > 0);
    // What is known is not computed again: a mark in the cache comes back.
    job.known = after.modules;
    for (auto& one : job.known)
        one.stableRank = -7;
    for (const auto& one : modelSpectrum(job, context).modules)
        QCOMPARE(one.stableRank, -7.0);
}

void TestSpectrum::calibratedWeights()
{
    Listener listener;
    JobContext context(listener, {});
    SpectrumJob job{.model = golden("tiny").string(), .modules = "*_proj"};
    const auto plain = modelSpectrum(job, context);
    job.weighted = true;
    job.calibration = goldenConfig(golden("tiny"));
    job.calibration.rows = ":4";
    const auto weighted = modelSpectrum(job, context);
    Weights weights(openModelSource(job.model));
    const Model model(weights, at::kFloat);
    const auto rms = calibrate(model, ModelText(weights.source().path), job.calibration, context, 0).rms;
    for (size_t i = 0; i < weighted.modules.size(); ++i) {
        const auto& spectrum = weighted.modules[i];
        const auto W = weights.read(spectrum.name + ".weight").to(at::kDouble) * rms.at(spectrum.name).to(at::kDouble);
        QVERIFY(relativeError(valuesOf(spectrum), at::linalg_svdvals(W)) <= 2e-5);
        QVERIFY(spectrum.hash != plain.modules[i].hash);
        QVERIFY(spectrum.energy != plain.modules[i].energy);
    }
    QCOMPARE(modelSpectrum(job, context).modules.front().hash, weighted.modules.front().hash);
    job.calibration.rows = "4:8";
    QVERIFY(modelSpectrum(job, context).modules.front().hash != weighted.modules.front().hash);
}

void TestSpectrum::cancelsBetweenMatrices()
{
    Listener listener;
    std::stop_source stop;
    struct Stopper : Events
    {
        Listener& listener;
        std::stop_source& stop;
        Stopper(Listener& l, std::stop_source& s) : listener(l), stop(s) {}
        void on(const Event& event) override
        {
            listener.on(event);
            if (listener.all<ModuleSpectrum>().size() == 2)
                stop.request_stop();
        }
    } stopper(listener, stop);
    JobContext stopping(stopper, stop.get_token());
    try {
        (void)modelSpectrum({.model = golden("tiny").string()}, stopping);
        QFAIL("it went on");
    } catch (const Error& error) {
        QCOMPARE(error.code(), Code::stopped);
    }
    QCOMPARE(int(listener.all<ModuleSpectrum>().size()), 2);
}

// The size that a plan says is, to the byte, that of the file an export writes.
void TestSpectrum::plannedFileSizeIsTheExports()
{
    Listener listener;
    JobContext context(listener, {});
    const auto spectra = modelSpectrum({.model = golden("tiny").string()}, context).modules;
    const auto plan = planRanks(spectra, {.energy = 0.3});
    auto config = goldenConfig(golden("tiny"));
    config.steps = 1;
    for (const auto& module : plan.modules)
        config.plan[module.name] = {module.rank, module.alpha};
    const auto folder = std::filesystem::path(m_folder.path().toStdString()) / "planned";
    const auto engine = makeTorchEngine();
    (void)run(*engine, runIn(folder, config), listener, {});
    const auto out = folder / "export";
    (void)run(*engine, ExportJob{.folder = folder.string(), .format = "lora", .out = out.string()}, listener, {});
    QCOMPARE(plan.fileBytes, int64_t(std::filesystem::file_size(out / "adapter_model.safetensors")));
    // The export says the same ranks as the plan does.
    const auto written = readJsonFile(out / "adapter_config.json", 1 << 20), patterns = peftPatterns(plan);
    QVERIFY(written["rank_pattern"] == patterns["rank_pattern"] && written["alpha_pattern"] == patterns["alpha_pattern"]);
    QVERIFY(written["r"] == patterns["r"] && written["lora_alpha"] == patterns["lora_alpha"]);
}

QTEST_GUILESS_MAIN(TestSpectrum)
#include "tst_spectrum.moc"
