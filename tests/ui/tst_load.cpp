// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The window over a large store with 20 long curves on screen. What can be counted is counted here, and how it grows, since times are
// noise on a shared machine. With RANKWRIGHT_TIMINGS=1 `tst_load timings` prints the times for 10,000 runs and 20 curves of 100,000.
#include "tests/support/fake_engine.h"
#include "tests/support/late_events.h"
#include "tests/support/load_store.h"
#include "ui/main_window.h"
#include "ui/pages/compare_page.h"
#include "ui/plots/curve_plot.h"
#include "ui/plots/thinning.h"
#include "ui/settings.h"
#include "ui/theme.h"
#include "ui/workbench.h"

#include <QLineEdit>
#include <QMouseEvent>
#include <QPushButton>
#include <QTemporaryDir>
#include <QTest>
#include <QTreeView>

#include <ctime>
#include <sys/resource.h>
#include <utility>

using namespace rankwright;

namespace {

// CPU time of this thread in milliseconds: steadier than the clock on the wall where others compile.
double threadMilliseconds()
{
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return double(now.tv_sec) * 1e3 + double(now.tv_nsec) / 1e6;
}

double shareOf(std::vector<double> values, double part)
{
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : values[size_t(part * double(values.size() - 1))];
}

class Paints : public QObject
{
public:
    explicit Paints(QWidget* widget) { widget->installEventFilter(this); }
    int seen = 0;
    bool eventFilter(QObject*, QEvent* event) override
    {
        seen += event->type() == QEvent::Paint ? 1 : 0;
        return false;
    }
};

struct Opened
{
    explicit Opened(const std::filesystem::path& data) : bench(data, [this]() -> std::shared_ptr<Engine> { return engine; })
    {
        window.resize(1280, 800);
        window.show();
    }
    QTemporaryDir folder;
    std::shared_ptr<FakeEngine> engine = std::make_shared<FakeEngine>();
    Settings settings{folder.filePath("window.ini").toStdString()};
    Workbench bench;
    MainWindow window{bench, settings};

    template <class W>
    W* part(const char* name)
    {
        auto* found = window.findChild<W*>(QString::fromLatin1(name));
        if (found == nullptr)
            qFatal("no part named %s", name);
        return found;
    }
    CurvePlot* openCurves()
    {
        window.showPage("compare");
        auto* plot = part<CurvePlot>("comparePlot");
        if (!QTest::qWaitFor([&] { return plot->accessibleDescription().contains("last"); }, 120'000))
            qFatal("the curves were not read");
        part<QPushButton>("tickedViewButton")->click();
        QTest::qWait(300);
        return plot;
    }
};

// Waits until the store was not asked for so many milliseconds; false where it is asked for ever.
bool isQuiet(int milliseconds)
{
    QElapsedTimer clock, since;
    clock.start();
    since.start();
    for (auto before = databaseWork().statements; since.elapsed() < milliseconds;) {
        QTest::qWait(50);
        if (const auto now = databaseWork().statements; std::exchange(before, now) != now)
            since.restart();
        if (clock.elapsed() > 120'000)
            return false;
    }
    return true;
}

struct Frames { std::vector<double> wall, cpu; };

// Drags with the middle button, a move a frame, until each has been painted.
Frames pan(CurvePlot& plot, int frames)
{
    QWidget* canvas = plot.findChild<QWidget*>();
    Paints paints(canvas);
    Frames times;
    const QPoint from = canvas->rect().center();
    QTest::mousePress(canvas, Qt::MiddleButton, {}, from);
    for (int i = 0; i < frames; ++i) {
        const QPointF at = from + QPoint(i % 160 < 80 ? i % 80 * 4 : 320 - i % 80 * 4, i % 20);
        QElapsedTimer clock;
        clock.start();
        const double before = threadMilliseconds();
        const int seen = paints.seen;
        QMouseEvent move(QEvent::MouseMove, at, canvas->mapToGlobal(at), Qt::NoButton, Qt::MiddleButton, Qt::NoModifier);
        QCoreApplication::sendEvent(canvas, &move);
        while (paints.seen == seen && clock.elapsed() < 5000)
            QCoreApplication::processEvents();
        times.wall.push_back(double(clock.nsecsElapsed()) / 1e6);
        times.cpu.push_back(threadMilliseconds() - before);
    }
    QTest::mouseRelease(canvas, Qt::MiddleButton, {}, from);
    return times;
}

}  // namespace

class TestLoad : public QObject
{
    Q_OBJECT
private slots:
    void initTestCase();
    void panningLooksAtPixelsAndNotAtPoints();
    void anIdlePageAsksTheStoreNothing();
    void runsThatGoOnAreReadFromWhereTheyWere();
    void startUpDoesNotGrowWithTheStore();
    void theListIsReadOnceAndSortedWithoutTheStore();
    void timings();

private:
    QString store(int runs, int64_t points);
    QTemporaryDir m_folder;
};

void TestLoad::initTestCase()
{
    qputenv("HF_HUB_CACHE", "/nonexistent");
    theme::apply(*qApp, theme::Mode::light);
}

// Made once and shared: 20 long runs and the short ones.
QString TestLoad::store(int runs, int64_t points)
{
    const auto folder = m_folder.filePath(QStringLiteral("%1-%2").arg(runs).arg(points));
    if (!QFile::exists(folder + "/runs.db"))
        LoadStore{.runs = runs, .points = points}.make(folder.toStdString());
    return folder;
}

// A frame's work is bounded by the chart's width: 20 curves, each as a smoothed line and as it is, two points a pixel column, and
// half a block of values looked at on each side of a column.
void TestLoad::panningLooksAtPixelsAndNotAtPoints()
{
    struct Seen { double points = 0, values = 0, rows = 0; };
    const auto framesOf = [this](int64_t points) {
        Opened m(store(60, points).toStdString());
        CurvePlot* plot = m.openCurves();
        const auto rows = databaseWorkOfThread().rows;   // other threads may still read the comparison's report
        const auto values = plots::valuesSeen();
        const Frames frames = pan(*plot, 40);
        return Seen{double(plot->pointsDrawn()), double(plots::valuesSeen() - values) / double(frames.wall.size()), double(databaseWorkOfThread().rows - rows)};
    };
    const Seen some = framesOf(8'000), many = framesOf(40'000);
    qInfo("20 x 8,000 points: %.0f drawn, %.0f looked at a frame; 20 x 40,000: %.0f and %.0f", some.points, some.values, many.points, many.values);
    const double columns = 1000;   // wider than the chart of a window of 1,280 pixels
    QVERIFY(many.points <= 20 * 2 * (2 * columns + 2) + 20 * 100);
    QVERIFY(many.values <= 20 * 2 * columns * 4 * double(plots::Levels::kBlock));
    QVERIFY2(many.values < 2 * some.values, "five times the points must not be five times the work");
    QCOMPARE(some.rows, 0.0);
    QCOMPARE(many.rows, 0.0);
}

void TestLoad::anIdlePageAsksTheStoreNothing()
{
    Opened m(store(60, 8'000).toStdString());
    for (const char* page : {"compare", "run", "queue", "export"}) {
        m.window.showPage(page);
        QVERIFY2(isQuiet(2500), page);   // longer than any page's own interval
    }
}

// Another program trains: a poll reads that run's row and the points after the last known one.
void TestLoad::runsThatGoOnAreReadFromWhereTheyWere()
{
    constexpr int64_t kPoints = 8'000;
    QTemporaryDir own;
    LoadStore stored{.runs = 60, .points = kPoints};
    stored.make(own.path().toStdString());
    Opened m(own.path().toStdString());
    m.openCurves();
    RunStore writer(own.path().toStdString());
    const std::string run = stored.longIds.front();
    writer.setState(run, RunState::running);
    m.window.showPage("run");
    m.window.showPage("compare");   // reads all rows once more
    QTest::qWait(5000);
    const auto* plot = m.part<CurvePlot>("comparePlot");
    std::vector<Event> events;
    for (int64_t step = kPoints + 1; step <= kPoints + 500; ++step)   // beyond the margin beside the curves
        events.push_back(StepEvent{.run = run, .step = step, .steps = 2 * kPoints, .loss = 0.5, .lr = 1e-4, .gradNorm = 1, .tokens = step * 1000,
            .targets = step, .seconds = double(step) * 0.5});
    QVERIFY(writer.append(run, events));
    const auto written = databaseWork().rows;
    QVERIFY(QTest::qWaitFor([&] { return plot->visibleX().second > double(kPoints + 500); }, 20'000));
    QTest::qWait(300);
    const auto read = databaseWork().rows - written;
    qInfo("%lld rows read for 500 new points of one of 20 curves", static_cast<long long>(read));
    QVERIFY2(read < 3000, qPrintable(QString::number(read)));   // some polls at most; all curves anew would be 160,000
}

// What is read until the first page stands idle.
void TestLoad::startUpDoesNotGrowWithTheStore()
{
    const auto workOf = [this](int runs) {
        const auto folder = store(runs, 2'000);
        RunStore(folder.toStdString());   // migrations and the check of the file are over
        const auto before = databaseWork();
        QElapsedTimer clock;
        clock.start();
        Opened m(folder.toStdString());
        if (!QTest::qWaitForWindowExposed(&m.window))
            qFatal("the window did not come up");
        const auto painted = databaseWork();
        const auto shown = clock.elapsed();
        m.bench.tidyStore();   // as the program does after its first paint
        if (!isQuiet(1500))
            qFatal("the store is asked for ever");
        const auto settled = databaseWork();
        qInfo("%d runs: window in %lld ms, %lld rows read before it, %lld after", runs, shown, static_cast<long long>(painted.rows - before.rows),
            static_cast<long long>(settled.rows - painted.rows));
        return std::pair(painted.rows - before.rows, settled.rows - painted.rows);
    };
    const auto few = workOf(60), many = workOf(2'000);
    QCOMPARE(few.first, 0);    // nothing of the store before the first paint
    QCOMPARE(many.first, 0);
    // After it one thread compares the rows with the run folders, a row a run; no page reads a list that nobody looks at.
    QVERIFY2(many.second <= few.second + 2'000 + 50,
        qPrintable(QString("%1 rows after the first paint, %2 with few runs").arg(many.second).arg(few.second)));
}

void TestLoad::theListIsReadOnceAndSortedWithoutTheStore()
{
    constexpr int kRuns = 2'000;
    Opened m(store(kRuns, 2'000).toStdString());
    m.window.showPage("compare");
    auto* tree = m.part<QTreeView>("runTable");
    QVERIFY(QTest::qWaitFor([&] { return tree->model()->rowCount() > 0; }, 60'000));
    QVERIFY(isQuiet(1000));
    const auto before = databaseWork();
    for (int column = 0; column < tree->model()->columnCount(); ++column) {
        tree->sortByColumn(column, Qt::AscendingOrder);
        tree->sortByColumn(column, Qt::DescendingOrder);
    }
    QCOMPARE(databaseWork().statements, before.statements);
    // Another row becomes the current one as the list shrinks: its report is read, and nothing else.
    auto* search = m.part<QLineEdit>("runSearch");
    QTest::keyClicks(search, "pissa seed 1");
    QVERIFY(tree->model()->rowCount() > 100);
    search->setText("no run is called so");
    QCOMPARE(tree->model()->rowCount(), 0);
    search->clear();
    QVERIFY(isQuiet(1000));
    QVERIFY2(databaseWork().rows - before.rows < kRuns, qPrintable(QString::number(databaseWork().rows - before.rows)));
    // A widget a run would be thousands.
    QVERIFY2(m.window.findChildren<QWidget*>().size() < kRuns, qPrintable(QString::number(m.window.findChildren<QWidget*>().size())));
}

void TestLoad::timings()
{
    if (!qEnvironmentVariableIntValue("RANKWRIGHT_TIMINGS"))
        QSKIP("set RANKWRIGHT_TIMINGS=1 for frame times");
    const auto folder = qEnvironmentVariable("RANKWRIGHT_LOAD_STORE", m_folder.filePath("timings"));
    QElapsedTimer clock;
    clock.start();
    if (!QFile::exists(folder + "/runs.db")) {
        LoadStore{.allSeries = true}.make(folder.toStdString());
        qInfo("store made in %lld ms", clock.restart());
    }
    Opened m(folder.toStdString());
    QVERIFY(QTest::qWaitForWindowExposed(&m.window));
    qInfo("window exposed after %lld ms", clock.restart());
    LateEvents opening;
    opening.start();
    CurvePlot* plot = m.openCurves();
    opening.finish();
    qInfo("20 x 100,000 points on screen after %lld ms; events meanwhile: 99.9 %% within %.1f ms, latest %.1f ms", clock.elapsed(),
        opening.share(0.999), opening.share(1));
    if (const auto pictures = qEnvironmentVariable("RANKWRIGHT_PICTURES"); !pictures.isEmpty())
        m.window.grab().save(pictures + "/load-compare.png");
    for (const double zoom : {1.0, 0.3, 0.01}) {
        plot->fit();
        QTest::qWait(100);
        if (zoom < 1)
            for (double at = 1; at > zoom; at *= 0.8)
                QTest::keyClick(plot, Qt::Key_Plus);
        QTest::qWait(200);
        const Frames frames = pan(*plot, 120);
        qInfo("panning at %g of the width: frame median %.1f ms, 99 %% %.1f ms; CPU median %.1f ms", zoom, shareOf(frames.wall, 0.5),
            shareOf(frames.wall, 0.99), shareOf(frames.cpu, 0.5));
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    qInfo("peak memory %ld MB", usage.ru_maxrss / 1024);
}

QTEST_MAIN(TestLoad)
#include "tst_load.moc"
