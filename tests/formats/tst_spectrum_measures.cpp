// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Cumulative energy and the edge of the noise, against the law of Marchenko and Pastur integrated in another way. Real random matrices
// are in tests/training/tst_spectrum.cpp.
#include "training/api/spectrum_measures.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace rankwright;

namespace {

ModuleSpectrum spectrum(int64_t rows, int64_t cols, std::vector<float> values)
{
    ModuleSpectrum result{.name = "m", .rows = rows, .cols = cols, .values = std::move(values)};
    for (const float value : result.values)
        result.energy += double(value) * double(value);
    return result;
}

// Share of eigenvalues below `upper` from the density itself, by the midpoint rule; t = a + (b - a) u^2 (3 - 2 u) takes the roots at both
// ends away.
double share(double beta, double upper)
{
    const double a = std::pow(1 - std::sqrt(beta), 2), b = std::pow(1 + std::sqrt(beta), 2);
    constexpr int kSteps = 200'000;
    double sum = 0;
    for (int i = 0; i < kSteps; ++i) {
        const double u = (i + 0.5) / kSteps, t = a + (b - a) * u * u * (3 - 2 * u);
        if (t > upper)
            break;
        sum += std::sqrt(std::max(0.0, (b - t) * (t - a))) / (2 * std::numbers::pi * beta * t) * (b - a) * 6 * u * (1 - u) / kSteps;
    }
    return sum;
}

double medianOfLaw(double beta)
{
    double low = std::pow(1 - std::sqrt(beta), 2), high = std::pow(1 + std::sqrt(beta), 2);
    for (int i = 0; i < 40; ++i) {
        const double middle = (low + high) / 2;
        (share(beta, middle) < 0.5 ? low : high) = middle;
    }
    return (low + high) / 2;
}

// All values equal: the median is 1, so that the edge gives the law's median away.
double medianFromEdge(int64_t rows, int64_t cols)
{
    const auto [shorter, longer] = std::minmax(rows, cols);
    const double noise = noiseEdge(spectrum(rows, cols, std::vector<float>(size_t(shorter), 1.0F)))
        / (std::sqrt(double(rows)) + std::sqrt(double(cols)));
    return 1 / (noise * noise * double(longer));
}

}  // namespace

class TestSpectrumMeasures : public QObject
{
    Q_OBJECT
private slots:
    void cumulativeEnergyIsOfSquares();
    void medianOfTheLaw_data();
    void medianOfTheLaw();
    void squareMatricesAreKnown();
    void medianRisesAsMatricesFlatten();
    void edgeOfQuantiles_data();
    void edgeOfQuantiles();
    void edgeScales();
    void medianOfEvenAndOddCounts();
    void shortListsUseTheirEntries();
    void zeroMatrices();
    void spikesStandOut();
};

void TestSpectrumMeasures::cumulativeEnergyIsOfSquares()
{
    QCOMPARE(cumulativeEnergy(spectrum(3, 4, {3, 2, 1})), (std::vector<double>{9.0 / 14, 13.0 / 14, 1.0}));
    ModuleSpectrum top = spectrum(3, 4, {3, 2, 1});
    top.values.resize(2);   // the energy is of all values
    QCOMPARE(cumulativeEnergy(top), (std::vector<double>{9.0 / 14, 13.0 / 14}));
    QCOMPARE(cumulativeEnergy(spectrum(2, 2, {0, 0})), (std::vector<double>{0.0, 0.0}));
    QVERIFY(cumulativeEnergy(spectrum(2, 2, {})).empty());
}

void TestSpectrumMeasures::medianOfTheLaw_data()
{
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("cols");
    for (const auto& [rows, cols] : std::vector<std::pair<int, int>>{{576, 576}, {192, 576}, {1536, 576}, {576, 577}, {10, 1000}, {1000, 10}})
        QTest::addRow("%d x %d", rows, cols) << rows << cols;
}

void TestSpectrumMeasures::medianOfTheLaw()
{
    QFETCH(int, rows);
    QFETCH(int, cols);
    const double ours = medianFromEdge(rows, cols), other = medianOfLaw(double(std::min(rows, cols)) / std::max(rows, cols));
    QVERIFY2(std::abs(ours - other) < 2e-5, qPrintable(QString::number(ours) + " and " + QString::number(other)));
}

// theta + sin(theta) = pi / 2 has the solution 0.83171..., and the median is 2 - 2 cos(theta) (Gavish and Donoho: 0.6528).
void TestSpectrumMeasures::squareMatricesAreKnown()
{
    const double median = medianFromEdge(300, 300);
    QVERIFY(std::abs(median - 0.652775941633570) < 1e-12);
    const double theta = std::acos(1 - median / 2);
    QVERIFY(std::abs(theta + std::sin(theta) - std::numbers::pi / 2) < 1e-12);
}

void TestSpectrumMeasures::medianRisesAsMatricesFlatten()
{
    double before = 0;
    for (const int64_t cols : {64, 65, 80, 128, 512, 4096, 1'000'000}) {
        const double median = medianFromEdge(64, cols);
        QVERIFY(median > before);
        QCOMPARE(medianFromEdge(cols, 64), median);
        before = median;
    }
    QVERIFY(before < 1 && before > 0.9999);
    QVERIFY(std::isfinite(noiseEdge(spectrum(1, 1, {2.0F}))) && std::isfinite(noiseEdge(spectrum(1, 5'000'000, {2.0F}))));
}

void TestSpectrumMeasures::edgeOfQuantiles_data()
{
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("cols");
    QTest::newRow("square") << 200 << 200;
    QTest::newRow("wide") << 100 << 400;
    QTest::newRow("tall") << 300 << 100;
}

// The values that the law itself has, as quantiles: their noise is 0.3, the edge is where the law ends, and nothing is above it.
void TestSpectrumMeasures::edgeOfQuantiles()
{
    QFETCH(int, rows);
    QFETCH(int, cols);
    constexpr double kNoise = 0.3;
    const int shorter = std::min(rows, cols), longer = std::max(rows, cols);
    const double beta = double(shorter) / longer, a = std::pow(1 - std::sqrt(beta), 2), b = std::pow(1 + std::sqrt(beta), 2);
    std::vector<float> values;
    constexpr int kSteps = 400'000;
    double sum = 0;
    for (int i = 0; i < kSteps && int(values.size()) < shorter; ++i) {
        const double u = (i + 0.5) / kSteps, t = a + (b - a) * u * u * (3 - 2 * u);
        sum += std::sqrt((b - t) * (t - a)) / (2 * std::numbers::pi * beta * t) * (b - a) * 6 * u * (1 - u) / kSteps;
        if (sum >= (double(values.size()) + 0.5) / shorter)
            values.push_back(float(kNoise * std::sqrt(t * longer)));
    }
    QCOMPARE(int(values.size()), shorter);
    std::ranges::reverse(values);
    const ModuleSpectrum law = spectrum(rows, cols, values);
    const double edge = kNoise * (std::sqrt(double(rows)) + std::sqrt(double(cols)));
    QVERIFY2(std::abs(noiseEdge(law) / edge - 1) < 2e-3, qPrintable(QString::number(noiseEdge(law) / edge)));
    QCOMPARE(valuesAboveEdge(law), int64_t(0));
}

void TestSpectrumMeasures::edgeScales()
{
    const double one = noiseEdge(spectrum(4, 6, {4, 3, 2, 1}));
    QVERIFY(std::abs(noiseEdge(spectrum(4, 6, {40, 30, 20, 10})) / one - 10) < 1e-6);
    QCOMPARE(noiseEdge(spectrum(6, 4, {4, 3, 2, 1})), one);
    // The median decides, not the largest value.
    QCOMPARE(noiseEdge(spectrum(4, 6, {4000, 3, 2, 1})), one);
}

void TestSpectrumMeasures::medianOfEvenAndOddCounts()
{
    // 2.5 is the median of 4 3 2 1, and of 9 2.5 1.
    const double even = noiseEdge(spectrum(4, 4, {4, 3, 2, 1})) / (std::sqrt(4.0) * 2) * std::sqrt(4.0);
    const double odd = noiseEdge(spectrum(3, 3, {9, 2.5F, 1})) / (std::sqrt(3.0) * 2) * std::sqrt(3.0);
    QVERIFY(std::abs(even - odd) < 1e-12);
}

void TestSpectrumMeasures::shortListsUseTheirEntries()
{
    ModuleSpectrum top = spectrum(4, 9, {4, 3, 2, 1});   // energy 30, root mean square entry sqrt(30 / 36)
    top.values.resize(2);
    QVERIFY(std::abs(noiseEdge(top) - std::sqrt(30.0 / 36) * 5) < 1e-12);
}

void TestSpectrumMeasures::zeroMatrices()
{
    QCOMPARE(noiseEdge(spectrum(3, 5, {0, 0, 0})), 0.0);
    QCOMPARE(valuesAboveEdge(spectrum(3, 5, {0, 0, 0})), int64_t(0));
    QCOMPARE(noiseEdge(ModuleSpectrum{}), 0.0);
    // Most values zero: there is no noise, and what there is stands above it.
    QCOMPARE(noiseEdge(spectrum(5, 5, {3, 2, 0, 0, 0})), 0.0);
    QCOMPARE(valuesAboveEdge(spectrum(5, 5, {3, 2, 0, 0, 0})), int64_t(2));
}

void TestSpectrumMeasures::spikesStandOut()
{
    std::vector<float> values(101, 1.0F);
    values[0] = 50;
    values[1] = 20;
    QCOMPARE(valuesAboveEdge(spectrum(101, 101, values)), int64_t(2));
}

QTEST_GUILESS_MAIN(TestSpectrumMeasures)
#include "tst_spectrum_measures.moc"
