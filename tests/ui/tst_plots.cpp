// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The chart kit: thinning draws what all points would, mouse and keys do what the guide says, 20 curves of 100,000
// points stay fluid, and nothing of a label is taken for markup.
#include "training/api/rank_plan.h"
#include "ui/plots/energy_plot.h"
#include "ui/plots/heatmap_plot.h"
#include "ui/plots/spectrum_plot.h"
#include "ui/plots/thinning.h"
#include "ui/theme.h"

#include <QElapsedTimer>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QWheelEvent>

#include <clocale>
#include <cmath>
#include <ctime>
#include <limits>
#include <random>

using namespace rankwright;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Curve falling(const QString& id, int points, double start = 3)
{
    Curve curve{.id = id, .label = id, .color = theme::methodColor("lora"), .x = {}, .y = {}};
    std::mt19937 random(7);
    std::normal_distribution<double> noise(0, 0.05);
    for (int i = 0; i < points; ++i) {
        curve.x.push_back(i + 1);
        curve.y.push_back(0.5 + start * std::exp(-6.0 * i / points) + noise(random));
    }
    return curve;
}

// Counts how often the plot below is painted.
class PaintCounter : public QObject
{
public:
    explicit PaintCounter(QWidget* widget) { widget->installEventFilter(this); }
    int paints = 0;
    bool eventFilter(QObject*, QEvent* event) override
    {
        paints += event->type() == QEvent::Paint ? 1 : 0;
        return false;
    }
};

QWidget* canvas(CurvePlot& plot)
{
    return plot.findChild<QWidget*>();
}

void wheel(QWidget* widget, int delta, Qt::KeyboardModifiers modifiers)
{
    const QPointF at(widget->rect().center());
    QWheelEvent event(at, widget->mapToGlobal(at), {}, {0, delta}, Qt::NoButton, modifiers, Qt::NoScrollPhase, false);
    QCoreApplication::sendEvent(widget, &event);
}

bool hasColour(const QImage& image, const QColor& colour)
{
    for (int y = 0; y < image.height(); ++y) {
        for (int x = 0; x < image.width(); ++x) {
            if (image.pixelColor(x, y) == colour)
                return true;
        }
    }
    return false;
}

}  // namespace

class TestPlots : public QObject
{
    Q_OBJECT
private slots:
    void initTestCase();
    void thinningKeepsTheExtremesOfEveryColumn_data();
    void thinningKeepsTheExtremesOfEveryColumn();
    void fewPointsStayAsTheyAre();
    void gapsAreFoundOnceAColumn();
    void movingAverageIsNotPulledToZero();
    void wheelZoomsXAndWithControlY();
    void draggingARectangleZoomsAndAClickDoesNot();
    void middleDragPans();
    void doubleClickFitsAgain();
    void keysSwitchTheAxisAndFit();
    void growingCurveStaysInViewUntilZoomed();
    void resumedStepsReplaceTheLaterOnes();
    void repaintsAtMostThirtyTimesASecond();
    void twentyLongCurvesStayFluid();
    void notANumberIsARedTick();
    void csvKeepsThePointInAnyLocale();
    void followsThePalette();
    void savesAPicture();
    void aCurveOfOnePointIsSeen();
    void heatMapMovesByKeysAndMouse();
    void heatMapTellsWhatIsNotKnown();
    void energyCutMovesByKeysAndDrag();
    void spectrumIsLogLog();
};

void TestPlots::initTestCase()
{
    theme::apply(*qApp, theme::Mode::light);
}

void TestPlots::thinningKeepsTheExtremesOfEveryColumn_data()
{
    QTest::addColumn<bool>("logX");
    QTest::addColumn<double>("from");
    QTest::addColumn<double>("to");
    QTest::newRow("all") << false << 1.0 << 50'000.0;
    QTest::newRow("a part") << false << 12'000.5 << 31'000.25;
    QTest::newRow("all, log") << true << 1.0 << 50'000.0;
    QTest::newRow("a part, log") << true << 300.0 << 50'000.0;
}

void TestPlots::thinningKeepsTheExtremesOfEveryColumn()
{
    QFETCH(bool, logX);
    QFETCH(double, from);
    QFETCH(double, to);
    const Curve curve = falling("a", 50'000);
    const plots::View view{.from = from, .to = to, .columns = 400, .logX = logX, .positiveOnly = false};
    const plots::Thinned thinned = plots::thin(curve.x, curve.y, view);
    QVERIFY(thinned.x.size() <= 2 * 400 + 2);
    QVERIFY(std::is_sorted(thinned.x.begin(), thinned.x.end()));
    const auto column = [&](double x) {
        const double share = logX ? std::log(x / from) / std::log(to / from) : (x - from) / (to - from);
        return int(std::floor(share * 400));
    };
    std::map<int, std::pair<double, double>> all, kept;
    const auto add = [&](std::map<int, std::pair<double, double>>& into, double x, double y) {
        if (x < from || x > to)
            return;
        const auto [at, fresh] = into.try_emplace(std::min(column(x), 399), y, y);
        at->second = {std::min(at->second.first, y), std::max(at->second.second, y)};
    };
    for (size_t i = 0; i < curve.x.size(); ++i)
        add(all, curve.x[i], curve.y[i]);
    for (size_t i = 0; i < thinned.x.size(); ++i)
        add(kept, thinned.x[i], thinned.y[i]);
    QCOMPARE(kept.size(), all.size());
    // A point on a column's edge may round to either side, in this test and in the plot: nearly all must agree exactly.
    size_t same = 0;
    for (const auto& [at, range] : all)
        same += kept.at(at) == range ? 1 : 0;
    QVERIFY2(same + 4 >= all.size(), qPrintable(QString::number(all.size() - same)));
}

void TestPlots::fewPointsStayAsTheyAre()
{
    const Curve curve = falling("a", 300);
    const plots::Thinned thinned = plots::thin(curve.x, curve.y, {.from = 1, .to = 300, .columns = 150});
    QCOMPARE(thinned.x, curve.x);
    QCOMPARE(thinned.y, curve.y);
    // Of a part, one neighbour on each side, so that the line reaches the frame.
    const plots::Thinned part = plots::thin(curve.x, curve.y, {.from = 10.5, .to = 20.5, .columns = 100});
    QCOMPARE(part.x.front(), 10.0);
    QCOMPARE(part.x.back(), 21.0);
    const plots::Thinned nothing = plots::thin({}, {}, {.from = 0, .to = 1, .columns = 10});
    QVERIFY(nothing.x.empty());
}

void TestPlots::gapsAreFoundOnceAColumn()
{
    Curve curve = falling("a", 10'000);
    for (size_t i = 5000; i < 5400; ++i)
        curve.y[i] = kNaN;
    curve.y[9000] = kNaN;
    const plots::View view{.from = 1, .to = 10'000, .columns = 100};
    plots::Levels levels;
    levels.extend(curve.y);
    const std::vector<double> gaps = plots::gapsIn(curve.x, levels.gaps(), view);
    QVERIFY2(gaps.size() >= 5 && gaps.size() <= 7, qPrintable(QString::number(gaps.size())));
    QCOMPARE(gaps.back(), 9001.0);
    // Values a logarithm has no place for are gaps of the line.
    const std::vector<double> x{1, 2, 3}, y{1, -1, 2};
    QVERIFY(
        std::isnan(plots::thin(x, y, {.from = 1, .to = 3, .columns = 10, .logX = false, .positiveOnly = true}).y[1]));
}

void TestPlots::movingAverageIsNotPulledToZero()
{
    plots::MovingAverage average(0.9);
    for (int i = 0; i < 50; ++i)
        QVERIFY(std::abs(average.next(4.0) - 4.0) < 1e-12);
    QVERIFY(std::isnan(average.next(kNaN)));
    const double after = average.next(5.0);
    QVERIFY(after > 4.0 && after < 4.2);
    plots::MovingAverage none(0);
    QCOMPARE(none.next(1.5), 1.5);
    QCOMPARE(none.next(-2.5), -2.5);
}

void TestPlots::wheelZoomsXAndWithControlY()
{
    CurvePlot plot;
    plot.resize(600, 400);
    plot.setCurves({falling("a", 200)});
    plot.fit();
    plot.show();
    QVERIFY(QTest::qWaitForWindowExposed(&plot));
    const auto x = plot.visibleX(), y = plot.visibleY();
    wheel(canvas(plot), 240, Qt::NoModifier);
    QVERIFY(plot.visibleX().second - plot.visibleX().first < (x.second - x.first) * 0.9);
    QCOMPARE(plot.visibleY(), y);
    const auto zoomed = plot.visibleX();
    wheel(canvas(plot), 240, Qt::ControlModifier);
    QCOMPARE(plot.visibleX(), zoomed);
    QVERIFY(plot.visibleY().second - plot.visibleY().first < (y.second - y.first) * 0.9);
}

void TestPlots::draggingARectangleZoomsAndAClickDoesNot()
{
    CurvePlot plot;
    plot.resize(600, 400);
    plot.setCurves({falling("a", 200)});
    plot.fit();
    plot.show();
    QVERIFY(QTest::qWaitForWindowExposed(&plot));
    QWidget* area = canvas(plot);
    const auto x = plot.visibleX();
    QTest::mousePress(area, Qt::LeftButton, {}, {250, 200});
    QTest::mouseRelease(area, Qt::LeftButton, {}, {250, 200});
    QTest::mousePress(area, Qt::LeftButton, {}, {250, 200});
    QTest::mouseMove(area, {252, 201});
    QTest::mouseRelease(area, Qt::LeftButton, {}, {252, 201});
    QCOMPARE(plot.visibleX(), x);
    QTest::qWait(QApplication::doubleClickInterval() + 50);
    QTest::mousePress(area, Qt::LeftButton, {}, {200, 100});
    QTest::mouseMove(area, {300, 150});
    QTest::mouseMove(area, {400, 250});
    QTest::mouseRelease(area, Qt::LeftButton, {}, {400, 250});
    QVERIFY(plot.visibleX().first > x.first + 20);
    QVERIFY(plot.visibleX().second < x.second - 20);
}

void TestPlots::middleDragPans()
{
    CurvePlot plot;
    plot.resize(600, 400);
    plot.setCurves({falling("a", 200)});
    plot.fit();
    plot.show();
    QVERIFY(QTest::qWaitForWindowExposed(&plot));
    const auto x = plot.visibleX(), y = plot.visibleY();
    QTest::mousePress(canvas(plot), Qt::MiddleButton, {}, {300, 200});
    // QTest::mouseMove holds no button; a move with one is sent by hand.
    QMouseEvent move(QEvent::MouseMove, QPointF(400, 150), canvas(plot)->mapToGlobal(QPointF(400, 150)), Qt::NoButton,
        Qt::MiddleButton, Qt::NoModifier);
    QCoreApplication::sendEvent(canvas(plot), &move);
    QTest::mouseRelease(canvas(plot), Qt::MiddleButton, {}, {400, 150});
    QVERIFY(plot.visibleX().first < x.first - 10);
    QVERIFY(plot.visibleY().first < y.first);
    QVERIFY(std::abs((plot.visibleX().second - plot.visibleX().first) - (x.second - x.first)) < 1e-9);
    // A pan is no zoom: no rectangle is drawn on the way or left behind.
    QColor ground = plot.palette().color(QPalette::Base), tint = theme::accent();
    const auto mixed = [](int front, int back) { return (front * 40 + back * 215) / 255; };
    QTest::qWait(100);
    const QColor inside = plot.grab().toImage().pixelColor(350, 175);
    QVERIFY(std::abs(inside.blue() - mixed(tint.blue(), ground.blue())) + std::abs(inside.red() - mixed(tint.red(), ground.red())) > 8);
}

void TestPlots::doubleClickFitsAgain()
{
    CurvePlot plot;
    plot.resize(600, 400);
    plot.setCurves({falling("a", 200)});
    plot.fit();
    plot.show();
    QVERIFY(QTest::qWaitForWindowExposed(&plot));
    const auto x = plot.visibleX(), y = plot.visibleY();
    wheel(canvas(plot), 480, Qt::NoModifier);
    QVERIFY(plot.visibleX() != x);
    QTest::mouseDClick(canvas(plot), Qt::LeftButton, {}, {300, 200});
    QCOMPARE(plot.visibleX(), x);
    QCOMPARE(plot.visibleY(), y);
}

void TestPlots::keysSwitchTheAxisAndFit()
{
    CurvePlot plot;
    plot.resize(600, 400);
    plot.setCurves({falling("a", 200)});
    plot.show();
    QVERIFY(QTest::qWaitForWindowExposed(&plot));
    QTest::keyClick(&plot, Qt::Key_L);
    QVERIFY(plot.logY());
    QVERIFY(plot.visibleY().first > 0);
    QTest::keyClick(&plot, Qt::Key_L);
    QVERIFY(!plot.logY());
    plot.fit();
    const auto x = plot.visibleX();
    QTest::keyClick(&plot, Qt::Key_Plus);
    QTest::keyClick(&plot, Qt::Key_Right);
    QVERIFY(plot.visibleX() != x);
    QTest::keyClick(&plot, Qt::Key_F);
    QCOMPARE(plot.visibleX(), x);
}

void TestPlots::growingCurveStaysInViewUntilZoomed()
{
    CurvePlot plot;
    plot.resize(600, 400);
    plot.setCurves({falling("a", 100)});
    plot.show();
    QVERIFY(QTest::qWaitForWindowExposed(&plot));
    for (int i = 101; i <= 400; ++i)
        plot.append("a", i, 0.4);
    QTRY_VERIFY(plot.visibleX().second >= 400);
    wheel(canvas(plot), 240, Qt::NoModifier);
    const auto x = plot.visibleX();
    for (int i = 401; i <= 900; ++i)
        plot.append("a", i, 0.4);
    QTest::qWait(120);
    QCOMPARE(plot.visibleX(), x);
    plot.append("nobody", 1, 1);  // a curve that was taken out meanwhile
}

void TestPlots::resumedStepsReplaceTheLaterOnes()
{
    CurvePlot plot;
    plot.setCurves({Curve{.id = "a", .label = "a", .color = Qt::red, .x = {1, 2, 3, 4}, .y = {4, 3, 2, 1}}});
    plot.append("a", 3, 2.5);
    QCOMPARE(plot.csv(), QString("label,x,y\na,1,4\na,2,3\na,3,2.5\n"));
}

void TestPlots::repaintsAtMostThirtyTimesASecond()
{
    CurvePlot plot;
    plot.resize(600, 400);
    plot.setCurves({falling("a", 100)});
    plot.show();
    QVERIFY(QTest::qWaitForWindowExposed(&plot));
    QTest::qWait(100);
    PaintCounter counter(canvas(plot));
    QElapsedTimer clock;
    clock.start();
    int x = 101;
    while (clock.elapsed() < 1000) {
        plot.append("a", x++, 0.5);
        QTest::qWait(1);
    }
    QVERIFY2(counter.paints <= 34, qPrintable(QString::number(counter.paints)));
    QVERIFY2(counter.paints >= 5, qPrintable(QString::number(counter.paints)));
}

void TestPlots::twentyLongCurvesStayFluid()
{
    CurvePlot plot;
    plot.resize(1180, 640);
    plot.setSmoothing(0.6);
    std::vector<Curve> curves;
    for (int i = 0; i < 20; ++i) {
        curves.push_back(falling(QString("run %1").arg(i), 100'000, 1 + 0.2 * i));
        curves.back().color = theme::seriesColor(i);
        curves.back().style = theme::dashStyle(i / 7);
    }
    plot.setCurves(std::move(curves));
    plot.show();
    QVERIFY(QTest::qWaitForWindowExposed(&plot));
    QTest::qWait(200);
    // CPU time of this thread: others' work is not in it.
    const auto now = [] {
        timespec used{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
        return double(used.tv_sec) * 1e3 + double(used.tv_nsec) / 1e6;
    };
    std::vector<double> frames;
    for (int frame = 0; frame < 9; ++frame) {
        const double before = now();
        wheel(canvas(plot), frame % 2 == 0 ? 120 : -120, Qt::NoModifier);  // replots at once
        QCoreApplication::processEvents();
        frames.push_back(now() - before);
    }
    std::sort(frames.begin(), frames.end());
    qInfo("a zoom of 20 x 100,000 points with raw values behind: median %.1f ms, worst %.1f ms of CPU", frames[4], frames.back());
    QVERIFY2(frames[4] < 100, qPrintable(QString::number(frames[4])));
}

void TestPlots::notANumberIsARedTick()
{
    CurvePlot plot;
    plot.resize(600, 400);
    Curve curve = falling("a", 100);
    plot.setCurves({curve});
    plot.show();
    QVERIFY(QTest::qWaitForWindowExposed(&plot));
    QTest::qWait(100);
    QVERIFY(!hasColour(plot.grab().toImage(), theme::bad()));
    curve.y[50] = kNaN;
    plot.setCurves({curve});
    QTest::qWait(100);
    const QImage image = plot.grab().toImage();
    QVERIFY(hasColour(image, theme::bad()));
    QVERIFY(hasColour(image.copy(0, image.height() * 3 / 4, image.width(), image.height() / 4), theme::bad()));
}

void TestPlots::csvKeepsThePointInAnyLocale()
{
    const QLocale before;
    QLocale::setDefault(QLocale(QLocale::German));
    std::setlocale(LC_NUMERIC, "de_DE.UTF-8");
    CurvePlot plot;
    plot.setCurves({Curve{.id = "1", .label = "=cmd|'/c calc'!A1", .color = Qt::red, .x = {0.5}, .y = {1234.5}},
        Curve{.id = "2", .label = "a, \"b\"", .color = Qt::red, .x = {2}, .y = {kNaN}}});
    const QString csv = plot.csv();
    std::setlocale(LC_NUMERIC, "C");
    QLocale::setDefault(before);
    QCOMPARE(csv, QString("label,x,y\n'=cmd|'/c calc'!A1,0.5,1234.5\n\"a, \"\"b\"\"\",2,\n"));
}

void TestPlots::followsThePalette()
{
    CurvePlot plot;
    plot.resize(300, 200);
    plot.show();
    QVERIFY(QTest::qWaitForWindowExposed(&plot));
    QTest::qWait(100);
    const QColor light = plot.grab().toImage().pixelColor(3, 3);
    QVERIFY(light.lightness() > 200);
    theme::apply(*qApp, theme::Mode::dark);
    QTest::qWait(100);
    const QColor dark = plot.grab().toImage().pixelColor(3, 3);
    const QColor orange = theme::methodColor("lora");
    theme::apply(*qApp, theme::Mode::light);
    QVERIFY(dark.lightness() < 60);
    QCOMPARE(theme::methodColor("lora"), orange);  // an arm keeps its colour
}

void TestPlots::savesAPicture()
{
    const QTemporaryDir folder;
    const QString file = folder.filePath("loss.png");
    CurvePlot plot;
    Curve lora = falling("lora", 5000);
    plot.setSmoothing(0.6);
    plot.setTitles("Training loss", "Step", "Loss");
    plot.setCurves({lora});
    QVERIFY(plot.savePng(file, 1000, 600));
    const QImage image(file);
    QCOMPARE(image.size(), QSize(1000, 600));
    QVERIFY(hasColour(image, lora.color));
    QVERIFY(!plot.savePng(folder.filePath("no/such/folder.png"), 100, 100));
}

void TestPlots::aCurveOfOnePointIsSeen()
{
    const QTemporaryDir folder;
    const QString file = folder.filePath("loss.png");
    CurvePlot plot;
    Curve lora = falling("lora", 1), pissa = falling("pissa", 1);
    pissa.color = theme::methodColor("pissa");
    lora.y = {1.631829};
    pissa.y = {1.631832};
    plot.setCurves({lora, pissa});
    const auto [low, high] = plot.visibleY();
    QVERIFY(high - low > 1e-4);   // not the last digits of one loss
    QVERIFY(plot.savePng(file, 1000, 600));
    const QImage middle = QImage(file).copy(400, 200, 200, 200);   // the legend is in a corner
    QVERIFY(hasColour(middle, lora.color) && hasColour(middle, pissa.color));
}

void TestPlots::heatMapMovesByKeysAndMouse()
{
    HeatmapPlot map;
    map.resize(600, 240);
    map.setGrid({"q", "k", "v"}, {"0", "1", "2", "3"}, "Layer");
    std::vector<double> values;
    for (int i = 0; i < 12; ++i)
        values.push_back(i);
    map.setValues(values, 0, 11, "Number");
    map.show();
    QVERIFY(QTest::qWaitForWindowExposed(&map));
    QSignalSpy changed(&map, &HeatmapPlot::currentChanged);
    map.setCurrent(0, 0);
    QTest::keyClick(&map, Qt::Key_Right);
    QTest::keyClick(&map, Qt::Key_Down);
    QCOMPARE(map.currentRow(), 1);
    QCOMPARE(map.currentColumn(), 1);
    QCOMPARE(map.value(1, 1), 5.0);
    QTest::keyClick(&map, Qt::Key_End);
    QTest::keyClick(&map, Qt::Key_Right);  // stays at the edge and says nothing
    QCOMPARE(map.currentColumn(), 3);
    QCOMPARE(changed.size(), 4);
    QVERIFY(map.accessibleDescription().contains("k"));
    QTest::mouseClick(&map, Qt::LeftButton, {}, {60, 40});
    QCOMPARE(map.currentRow(), 0);
    QCOMPARE(map.currentColumn(), 0);
    map.setCurrent(7, 0);
    QCOMPARE(map.currentRow(), 0);
}

void TestPlots::heatMapTellsWhatIsNotKnown()
{
    HeatmapPlot map;
    map.setGrid({"q"}, {"0", "1"}, "Layer");
    QVERIFY(std::isnan(map.value(0, 0)));
    map.setValues({0.25}, 0, 1, "Share");
    QCOMPARE(map.csv(), QString("row,column,value\nq,0,0.25\nq,1,\n"));
    map.setCurrent(0, 1);
    QVERIFY(map.accessibleDescription().contains("not known yet"));
    QVERIFY(std::isnan(map.value(3, 3)));
}

void TestPlots::energyCutMovesByKeysAndDrag()
{
    EnergyPlot plot;
    plot.resize(500, 320);
    ModuleSpectrum spectrum{.name = "q", .rows = 100, .cols = 100, .hash = {}, .values = {}, .energy = 0};
    for (int i = 1; i <= 100; ++i) {
        spectrum.values.push_back(float(10.0 / i));
        spectrum.energy += 100.0 / (i * i);
    }
    plot.setSpectrum(spectrum);
    plot.setCut(50);
    plot.show();
    QVERIFY(QTest::qWaitForWindowExposed(&plot));
    QTest::qWait(100);
    QSignalSpy moved(&plot, &EnergyPlot::cutMoved), chosen(&plot, &EnergyPlot::cutChosen);
    QTest::keyClick(&plot, Qt::Key_Right);
    QTest::keyClick(&plot, Qt::Key_PageDown);
    QCOMPARE(plot.cut(), int64_t(43));
    QCOMPARE(chosen.size(), 2);
    QTest::qWait(100);
    // The line is found by its colour, then dragged 60 pixels to the right.
    const QImage image = plot.grab().toImage();
    int line = 0;
    for (int x = 0; x < image.width(); ++x)
        line = image.pixelColor(x, 200) == theme::accent() ? x : line;
    QVERIFY(line > 100);
    const auto x = plot.visibleX();
    QTest::mousePress(canvas(plot), Qt::LeftButton, {}, {line, 200});
    QMouseEvent move(QEvent::MouseMove, QPointF(line + 60, 200), canvas(plot)->mapToGlobal(QPointF(line + 60, 200)),
        Qt::NoButton, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(canvas(plot), &move);
    QVERIFY2(
        plot.cut() > 48 && plot.cut() < 70, qPrintable(QString::number(plot.cut()) + " from " + QString::number(line)));
    QTest::mouseRelease(canvas(plot), Qt::LeftButton, {}, {line + 60, 200});
    QCOMPARE(chosen.size(), 3);
    QCOMPARE(chosen.back()[0].toLongLong(), qlonglong(plot.cut()));
    QVERIFY(moved.size() >= 3);
    QCOMPARE(plot.visibleX(), x);  // dragging the line zooms nothing
    for (int i = 0; i < 30; ++i)
        QTest::keyClick(&plot, Qt::Key_PageUp);
    QCOMPARE(plot.cut(), int64_t(100));
}

void TestPlots::spectrumIsLogLog()
{
    SpectrumPlot plot;
    ModuleSpectrum spectrum{.name = "q", .rows = 3, .cols = 3, .hash = {}, .values = {9, 3, 1}, .energy = 91};
    plot.setSpectrum(spectrum);
    plot.setCut(2);
    QVERIFY(plot.logY());
    QVERIFY(plot.visibleX().first > 0 && plot.visibleX().second >= 3);
    QVERIFY(plot.visibleY().first > 0 && plot.visibleY().second >= 9);
    plot.setSpectrum({});  // nothing known: an empty chart, no crash
    plot.setCut(0);
    QVERIFY(plot.csv() == QString("label,x,y\n"));
}

QTEST_MAIN(TestPlots)
#include "tst_plots.moc"
