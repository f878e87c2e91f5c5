// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The fast paths of charts beside the plain ones: levels find what a scan finds, however a curve grows; the raster
// covers the pixels that Qt's stroker covers.
#include "ui/plots/line_raster.h"
#include "ui/plots/thinning.h"

#include <QImage>
#include <QPainter>
#include <QPainterPath>
#include <QTest>

#include <cmath>
#include <limits>
#include <random>

using namespace rankwright;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::vector<double> noisy(size_t points, double shareOfGaps, unsigned seed)
{
    std::mt19937 random(seed);
    std::normal_distribution<double> noise(0.2, 1);
    std::uniform_real_distribution<double> gap(0, 1);
    std::vector<double> values(points);
    for (double& value : values)
        value = gap(random) < shareOfGaps ? kNaN : noise(random);
    return values;
}

}  // namespace

class TestCurveDrawing : public QObject
{
    Q_OBJECT
private slots:
    void levelsFindWhatAScanFinds_data();
    void levelsFindWhatAScanFinds();
    void infinitiesHaveAPlace();
    void levelsLookAtFewValues();
    void thinningThroughLevelsIsTheSame_data();
    void thinningThroughLevelsIsTheSame();
    void rasterCoversWhatTheStrokerCovers_data();
    void rasterCoversWhatTheStrokerCovers();
    void bandsAreWholeColumns();
    void rasterStaysInItsArea();
};

void TestCurveDrawing::levelsFindWhatAScanFinds_data()
{
    QTest::addColumn<double>("gaps");
    QTest::addColumn<bool>("positiveOnly");
    QTest::newRow("all values") << 0.0 << false;
    QTest::newRow("many gaps") << 0.6 << false;
    QTest::newRow("only gaps") << 1.0 << false;
    QTest::newRow("a logarithmic axis") << 0.1 << true;
}

void TestCurveDrawing::levelsFindWhatAScanFinds()
{
    QFETCH(double, gaps);
    QFETCH(bool, positiveOnly);
    const auto values = noisy(20'011, gaps, 3);
    plots::Levels levels;
    // Grown in pieces.
    for (const size_t size : {7u, 16u, 17u, 300u, 9'000u})
        levels.extend(std::span(values).first(size));
    levels.extend(values);
    QCOMPARE(levels.size(), values.size());
    QCOMPARE(levels.gaps().size(), size_t(std::ranges::count_if(values, [](double value) { return std::isnan(value); })));
    std::mt19937 random(5);
    for (int i = 0; i < 2'000; ++i) {
        const size_t a = random() % (values.size() + 1), b = i % 3 == 0 ? std::min(values.size(), a + random() % 40) : random() % (values.size() + 1);
        const auto [from, to] = std::minmax(a, b);
        int64_t seen = 0;
        const auto found = levels.extremes(values, from, to, positiveOnly, seen);
        double least = std::numeric_limits<double>::infinity(), most = -least;
        for (size_t at = from; at < to; ++at)
            if (!std::isnan(values[at]) && (!positiveOnly || values[at] > 0)) {
                least = std::min(least, values[at]);
                most = std::max(most, values[at]);
            }
        if (std::isinf(least)) {
            QCOMPARE(found.least, to);
            continue;
        }
        QVERIFY(found.least >= from && found.least < to && found.most >= from && found.most < to);
        QCOMPARE(values[found.least], least);
        QCOMPARE(values[found.most], most);
    }
}

// A stretch of nothing else must not be looked up where nothing is.
void TestCurveDrawing::infinitiesHaveAPlace()
{
    for (const double sign : {1.0, -1.0}) {
        const std::vector<double> values(600, sign * std::numeric_limits<double>::infinity());
        plots::Levels levels;
        levels.extend(values);
        int64_t seen = 0;
        for (const size_t to : {9u, 590u}) {
            const auto found = levels.extremes(values, 3, to, false, seen);
            QVERIFY(found.least >= 3 && found.least < to && found.most >= 3 && found.most < to);
        }
    }
}

void TestCurveDrawing::levelsLookAtFewValues()
{
    const auto values = noisy(1'000'000, 0, 6);
    plots::Levels levels;
    levels.extend(values);
    int64_t seen = 0;
    static_cast<void>(levels.extremes(values, 5, 999'995, false, seen));
    QVERIFY2(seen < 2 * 5 * int64_t(plots::Levels::kBlock), qPrintable(QString::number(seen)));
    QVERIFY(levels.bytes() < values.size() * 2);   // beside 8 a value
}

void TestCurveDrawing::thinningThroughLevelsIsTheSame_data()
{
    QTest::addColumn<double>("from");
    QTest::addColumn<double>("to");
    QTest::addColumn<bool>("logX");
    QTest::newRow("all") << 0.0 << 60'000.0 << false;
    QTest::newRow("a part") << 11'111.5 << 29'000.25 << false;
    QTest::newRow("a few points") << 500.0 << 900.0 << false;
    QTest::newRow("beside the curve") << 70'000.0 << 80'000.0 << false;
    QTest::newRow("before and after it") << -50'000.0 << 90'000.0 << false;
    QTest::newRow("logarithmic") << 1.0 << 60'000.0 << true;
}

void TestCurveDrawing::thinningThroughLevelsIsTheSame()
{
    QFETCH(double, from);
    QFETCH(double, to);
    QFETCH(bool, logX);
    const auto y = noisy(50'000, 0.001, 8);
    std::vector<double> x(y.size());
    std::mt19937 random(9);
    double at = 0;
    for (double& value : x)   // tokens: steps of different width, some of none
        value = at += double(random() % 5) / 2;
    plots::Levels levels;
    levels.extend(y);
    const plots::View view{.from = from, .to = to, .columns = 700, .logX = logX};
    const plots::Thinned plain = plots::thin(x, y, view), fast = plots::thin(x, y, levels, view);
    QCOMPARE(fast.x.size(), plain.x.size());
    for (size_t i = 0; i < plain.x.size(); ++i) {
        QVERIFY(fast.y[i] == plain.y[i] || (std::isnan(fast.y[i]) && std::isnan(plain.y[i])));
        QCOMPARE(fast.x[i], plain.x[i]);
    }
}

void TestCurveDrawing::rasterCoversWhatTheStrokerCovers_data()
{
    QTest::addColumn<double>("roughness");   // pixels up and down a step of three pixels
    QTest::addColumn<double>("width");
    QTest::newRow("a gentle slope") << 0.5 << 2.0;
    QTest::newRow("thin") << 2.0 << 1.0;
    QTest::newRow("hills") << 8.0 << 2.0;
    QTest::newRow("noise") << 40.0 << 2.0;
    QTest::newRow("wide") << 8.0 << 5.0;
}

void TestCurveDrawing::rasterCoversWhatTheStrokerCovers()
{
    QFETCH(double, roughness);
    QFETCH(double, width);
    constexpr int kWidth = 300, kHeight = 160;
    std::mt19937 random(11);
    std::uniform_real_distribution<double> step(-roughness, roughness);
    std::vector<QPointF> line;
    double y = 80;
    for (double x = -10; x < kWidth + 10; x += 3)
        line.emplace_back(x, y = std::clamp(y + step(random), 10.0, 150.0));
    const auto empty = [] {
        QImage image(kWidth, kHeight, QImage::Format_ARGB32_Premultiplied);
        image.fill(Qt::white);
        return image;
    };
    QImage plain = empty(), fast = empty();
    {
        QPainter painter(&plain);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(QPen(Qt::black, width, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        QPainterPath path(line[0]);
        for (const QPointF& point : line)
            path.lineTo(point);
        painter.drawPath(path);
    }
    {
        QPainter painter(&fast);
        plots::LineRaster raster(QRect(0, 0, kWidth, kHeight), width);
        for (size_t i = 1; i < line.size(); ++i)
            raster.add(line[i - 1], line[i]);
        raster.draw(painter, Qt::black, 1);
    }
    double difference = 0, ink = 0;
    int far = 0;
    for (int row = 0; row < kHeight; ++row)
        for (int column = 0; column < kWidth; ++column) {
            const int a = 255 - qGray(plain.pixel(column, row)), b = 255 - qGray(fast.pixel(column, row));
            difference += std::abs(a - b);
            ink += a;
            far += std::abs(a - b) > 128;
        }
    qInfo("difference %.1f %% of the ink, %d pixels of %d by more than half", 100 * difference / ink, far, kWidth * kHeight);
    QVERIFY2(difference < (width == 1 ? 0.2 : 0.12) * ink, qPrintable(QString::number(difference / ink)));   // of a thin line most ink is edge
    QVERIFY(far < kWidth / 10);
}

// The ends are soft, what lies between is whole, and columns without points are crossed.
void TestCurveDrawing::bandsAreWholeColumns()
{
    QImage image(40, 50, QImage::Format_ARGB32_Premultiplied);
    image.fill(Qt::white);
    plots::LineRaster raster(QRect(0, 0, 40, 50), 1, plots::LineRaster::Grain::band);
    for (int x = 0; x < 40; ++x) {
        raster.add({x + 0.2, 10.25}, {x + 0.8, 40.75});
        raster.add({x + 0.8, 40.75}, {x + 1.2, 10.25});
    }
    {
        QPainter painter(&image);
        raster.draw(painter, Qt::black, 1);
    }
    for (int x = 1; x < 39; ++x) {
        QCOMPARE(qGray(image.pixel(x, 25)), 0);
        QCOMPARE(qGray(image.pixel(x, 8)), 255);
        QCOMPARE(qGray(image.pixel(x, 43)), 255);
        QVERIFY(qGray(image.pixel(x, 9)) > 100 && qGray(image.pixel(x, 9)) < 255);   // 9.75 to 10: a quarter
    }
}

void TestCurveDrawing::rasterStaysInItsArea()
{
    QImage image(60, 60, QImage::Format_ARGB32_Premultiplied);
    image.fill(Qt::white);
    plots::LineRaster raster(QRect(20, 20, 20, 20), 3);
    raster.add({-1e6, -1e6}, {1e6, 1e6});
    raster.add({5, 30}, {55, 30});
    raster.add({30, -1e9}, {30, 1e9});
    {
        QPainter painter(&image);
        raster.draw(painter, Qt::black, 1);
    }
    QCOMPARE(qGray(image.pixel(30, 25)), 0);
    QCOMPARE(qGray(image.pixel(25, 30)), 0);
    for (int y = 0; y < 60; ++y)
        for (int x = 0; x < 60; ++x)
            if (x < 20 || x >= 40 || y < 20 || y >= 40)
                QCOMPARE(qGray(image.pixel(x, y)), 255);
}

QTEST_MAIN(TestCurveDrawing)
#include "tst_curve_drawing.moc"
