// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The window as a whole: pages by keyboard, closing while a run trains, settings that are damaged or of another
// screen, both palettes, and what holds for every control of every page.
#include "storage/run_store.h"
#include "tests/ui/page_fixture.h"
#include "ui/main_window.h"
#include "ui/pages/page.h"
#include "ui/single_window.h"
#include "ui/widgets/close_question.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/status_strip.h"

#include <QAbstractItemView>
#include <QAccessible>
#include <QAbstractSpinBox>
#include <QComboBox>
#include <QLabel>
#include <QMenuBar>
#include <QPushButton>
#include <QScreen>
#include <QScrollArea>
#include <QSignalSpy>

using namespace rankwright;

namespace {

struct Opened
{
    PageFixture<> fixture;
    Settings settings{fixture.folder.filePath("window.ini").toStdString()};
    MainWindow window{fixture.bench, settings};
    Opened() { fixture.engine->perStep = std::chrono::milliseconds(2); }
    QString create(int64_t steps)
    {
        RunConfig config;
        config.steps = steps;
        RunStore store(fixture.bench.dataDirectory());
        return QString::fromStdString(store.createRun(config));
    }
    void train(int64_t steps)
    {
        fixture.bench.session().start({create(steps)});
        const auto& session = fixture.bench.session();
        if (!QTest::qWaitFor([&] { return fixture.engine->stepsTaken > 3 && !session.current().isEmpty(); }))
            qFatal("training did not start");
    }
};

// Whether the engine was there at the window's first paint event.
class FirstPaint : public QObject
{
public:
    FirstPaint(QWidget& window, const std::atomic<bool>& loaded) : m_loaded(loaded) { window.installEventFilter(this); }
    bool seen = false, wasLoaded = false;
    bool eventFilter(QObject*, QEvent* event) override
    {
        if (event->type() == QEvent::Paint && !std::exchange(seen, true))
            wasLoaded = m_loaded;
        return false;
    }

private:
    const std::atomic<bool>& m_loaded;
};

double luminance(const QColor& color)
{
    const auto linear
        = [](double part) { return part <= 0.03928 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4); };
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
}

// WCAG 2.1, 1.4.3.
double contrast(const QColor& a, const QColor& b)
{
    const double one = luminance(a), other = luminance(b);
    return (std::max(one, other) + 0.05) / (std::min(one, other) + 0.05);
}

}  // namespace

class TestMainWindow : public QObject
{
    Q_OBJECT
private slots:
    void initTestCase();
    void paintsBeforeTheEngineIsAskedFor();
    void pagesAreReachedByKeyboard();
    void comesBackToTheLastPage();
    void closesAtOnceWhereNothingTrains();
    void askingHowToCloseCanBeCancelled();
    void stopAndSaveEndsAfterTheCheckpoint();
    void keepsRunningWithoutAWindow();
    void secondStartShowsTheWindowAgain();
    void signalStopsWithACheckpoint();
    void damagedSettingsAreSetAside_data();
    void damagedSettingsAreSetAside();
    void geometryOffTheScreenIsNotUsed();
    void stripShowsStepsAndTimeLeft();
    void textIsReadableInBothPalettes();
    void everyControlOfEveryPageHasAName();
    void noLabelTakesMarkup();
    void fitsIntoItsFirstSize();
};

void TestMainWindow::initTestCase()
{
    qputenv("HF_HUB_CACHE", "/nonexistent");
    theme::apply(*qApp, theme::Mode::light);
}

void TestMainWindow::paintsBeforeTheEngineIsAskedFor()
{
    QTemporaryDir folder;
    std::atomic<bool> loaded = false;
    auto engine = std::make_shared<FakeEngine>();
    Workbench bench(folder.path().toStdString(), [&loaded, engine] {
        loaded = true;
        return engine;
    });
    Settings settings(folder.filePath("window.ini").toStdString());
    MainWindow window(bench, settings);
    QTest::qWait(50);
    QVERIFY(!loaded);  // not by being built
    FirstPaint first(window, loaded);
    window.show();
    QTRY_VERIFY(bench.model());
    QVERIFY(loaded);
    QVERIFY(first.seen);
    QVERIFY(!first.wasLoaded);
}

void TestMainWindow::pagesAreReachedByKeyboard()
{
    Opened opened;
    opened.window.show();
    opened.window.activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(&opened.window));
    const QStringList ids{"models", "spectrum", "data", "configure", "run", "queue", "compare", "chat", "export"};
    QCOMPARE(opened.window.pages().size(), size_t(ids.size()));
    for (int i = int(ids.size()) - 1; i >= 0; --i) {
        QTest::keyClick(&opened.window, Qt::Key(Qt::Key_1 + i), Qt::ControlModifier);
        QCOMPARE(opened.window.currentPage()->id(), ids[i]);
        const QImage icon = theme::icon(opened.window.currentPage()->iconName()).pixmap(24, 24).toImage();
        bool drawn = false;
        for (int at = 0; at < 24 * 24; ++at)
            drawn = drawn || qAlpha(icon.pixel(at % 24, at / 24)) > 128;
        QVERIFY2(drawn, qPrintable(ids[i]));
    }
    opened.window.showPage("no such page");
    QCOMPARE(opened.window.currentPage()->id(), QString("models"));
}

void TestMainWindow::comesBackToTheLastPage()
{
    QTemporaryDir folder;
    const auto file = folder.filePath("window.ini").toStdString();
    {
        Settings settings(file);
        settings.setLastPage("data");
        settings.setModelFolders({"/a b", "/c,d"});
        settings.setThemeMode(theme::Mode::dark);
    }
    Settings settings(file);
    QVERIFY(!settings.wasDamaged());
    QCOMPARE(settings.modelFolders(), QStringList({"/a b", "/c,d"}));
    QVERIFY(settings.themeMode() == theme::Mode::dark);
    PageFixture fixture;
    MainWindow window(fixture.bench, settings);
    QCOMPARE(window.currentPage()->id(), QString("data"));
}

void TestMainWindow::closesAtOnceWhereNothingTrains()
{
    Opened opened;
    QSignalSpy quit(&opened.window, &MainWindow::wantsToQuit);
    opened.window.show();
    QVERIFY(opened.window.close());
    QCOMPARE(quit.size(), 1);
    QVERIFY(!opened.window.findChild<CloseQuestion*>());
    QVERIFY(!opened.settings.geometry().isEmpty());
}

void TestMainWindow::askingHowToCloseCanBeCancelled()
{
    Opened opened;
    opened.window.show();
    opened.train(3000);
    QSignalSpy quit(&opened.window, &MainWindow::wantsToQuit);
    QVERIFY(!opened.window.close());
    auto* question = opened.window.findChild<CloseQuestion*>();
    QVERIFY(question);
    QCOMPARE(question->textFormat(), Qt::PlainText);
    opened.window.close();  // asked once
    QCOMPARE(opened.window.findChildren<CloseQuestion*>().size(), 1);
    question->findChild<QPushButton*>("cancel")->click();
    QTRY_VERIFY(!opened.window.findChild<CloseQuestion*>());
    QVERIFY(opened.window.isVisible());
    QVERIFY(opened.fixture.bench.session().isBusy());
    QCOMPARE(quit.size(), 0);
    QVERIFY(!opened.window.close());  // and again
    QVERIFY(opened.window.findChild<CloseQuestion*>());
}

void TestMainWindow::stopAndSaveEndsAfterTheCheckpoint()
{
    Opened opened;
    opened.window.show();
    opened.train(3000);
    const QString run = opened.fixture.bench.session().current();
    QSignalSpy quit(&opened.window, &MainWindow::wantsToQuit);
    opened.window.close();
    opened.window.findChild<CloseQuestion*>()->findChild<QPushButton*>("stop")->click();
    QVERIFY(!opened.window.isVisible());
    QTRY_COMPARE(quit.size(), 1);
    QVERIFY(opened.fixture.store().run(run.toStdString()).state == RunState::stopped);
}

void TestMainWindow::keepsRunningWithoutAWindow()
{
    Opened opened;
    opened.window.show();
    opened.train(150);
    const QString run = opened.fixture.bench.session().current();
    QSignalSpy quit(&opened.window, &MainWindow::wantsToQuit);
    opened.window.close();
    opened.window.findChild<CloseQuestion*>()->findChild<QPushButton*>("keep")->click();
    QVERIFY(!opened.window.isVisible());
    QCOMPARE(quit.size(), 0);
    QTRY_COMPARE(quit.size(), 1);  // when it is done
    QVERIFY(opened.fixture.store().run(run.toStdString()).state == RunState::finished);
}

void TestMainWindow::secondStartShowsTheWindowAgain()
{
    Opened opened;
    opened.window.show();
    opened.train(150);
    SingleWindow first(opened.fixture.bench.dataDirectory());
    QVERIFY(!first.raisedOther());
    first.listen();
    connect(&first, &SingleWindow::wanted, &opened.window, &MainWindow::comeForward);
    opened.window.close();
    opened.window.findChild<CloseQuestion*>()->findChild<QPushButton*>("keep")->click();
    QVERIFY(!opened.window.isVisible());
    // Another thread stands for the second program: its waiting must not hold up this one's answer.
    std::atomic<int> answered = -1;
    std::jthread second([&] {
        SingleWindow other(opened.fixture.bench.dataDirectory());
        answered = other.raisedOther() ? 1 : 0;
    });
    QTRY_VERIFY(answered >= 0);
    QCOMPARE(answered.load(), 1);
    QTRY_VERIFY(opened.window.isVisible());
    QSignalSpy quit(&opened.window, &MainWindow::wantsToQuit);
    QTRY_VERIFY(!opened.fixture.bench.session().isBusy());
    QTest::qWait(20);
    QCOMPARE(quit.size(), 0);  // the window is open again: the end of training ends nothing
    SingleWindow elsewhere(std::filesystem::path(opened.fixture.folder.path().toStdString()) / "other");
    QVERIFY(!elsewhere.raisedOther());
}

void TestMainWindow::signalStopsWithACheckpoint()
{
    Opened opened;
    opened.window.show();
    opened.train(3000);
    const QString run = opened.fixture.bench.session().current();
    QSignalSpy quit(&opened.window, &MainWindow::wantsToQuit);
    opened.window.stopAndQuit();
    QTRY_COMPARE(quit.size(), 1);
    QVERIFY(opened.fixture.store().run(run.toStdString()).state == RunState::stopped);
}

void TestMainWindow::damagedSettingsAreSetAside_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QByteArray random;
    for (int i = 0; i < 4096; ++i)
        random.append(char((i * 7919) >> 3));
    QTest::newRow("random bytes") << random;
    QTest::newRow("no key") << QByteArray("[window]\nthis is not a settings file\n");
    QTest::newRow("NUL") << QByteArray("[window]\npage=data\0x\n", 21);
    QTest::newRow("two megabytes") << QByteArray(2 << 20, '=');
}

void TestMainWindow::damagedSettingsAreSetAside()
{
    QFETCH(QByteArray, bytes);
    PageFixture fixture;
    const QString file = fixture.folder.filePath("window.ini");
    QFile damaged(file);
    QVERIFY(damaged.open(QIODevice::WriteOnly));
    damaged.write(bytes);
    damaged.close();
    Settings settings(file.toStdString());
    QVERIFY(settings.wasDamaged());
    QVERIFY(settings.lastPage().isEmpty());
    QVERIFY(QFile::exists(file + ".bad"));
    MainWindow window(fixture.bench, settings);
    QCOMPARE(window.currentPage()->id(), QString("models"));
    bool told = false;
    for (const auto* bar : window.findChildren<MessageBar*>())
        told = told || bar->text().contains("window.ini.bad");
    QVERIFY(told);
}

void TestMainWindow::geometryOffTheScreenIsNotUsed()
{
    PageFixture fixture;
    Settings settings(fixture.folder.filePath("window.ini").toStdString());
    settings.setGeometry("not a geometry");
    {
        MainWindow window(fixture.bench, settings);
        QVERIFY(window.width() >= 800 && window.height() >= 560);
    }
    QWidget far;
    far.setGeometry(20'000, 20'000, 1, 1);
    settings.setGeometry(far.saveGeometry());
    MainWindow window(fixture.bench, settings);
    QVERIFY(window.width() >= 800 && window.height() >= 560);
    QVERIFY(QGuiApplication::primaryScreen()->geometry().intersects(window.geometry()));
}

void TestMainWindow::stripShowsStepsAndTimeLeft()
{
    Opened opened;
    opened.window.show();
    auto* strip = opened.window.findChild<StatusStrip*>();
    QCOMPARE(strip->stateText(), QString("Ready"));
    opened.train(400);
    QTRY_VERIFY(strip->stateText().contains("of 400"));
    QTRY_VERIFY(strip->timeText().contains("left"));
    QVERIFY(strip->stateText().startsWith("Training lora"));
    opened.fixture.bench.session().setPaused(true);
    QTRY_VERIFY(strip->stateText().startsWith("Paused"));
    opened.fixture.bench.session().setPaused(false);
    QTRY_COMPARE(strip->stateText(), QString("lora: finished"));
}

void TestMainWindow::textIsReadableInBothPalettes()
{
    for (const theme::Mode mode : {theme::Mode::light, theme::Mode::dark}) {
        theme::apply(*qApp, mode);
        const QPalette colours = qApp->palette();
        for (const auto ground : {QPalette::Window, QPalette::Base, QPalette::AlternateBase, QPalette::Button}) {
            const QColor behind = colours.color(ground);
            QVERIFY(contrast(colours.color(QPalette::Text), behind) >= 4.5);
            QVERIFY2(contrast(theme::secondary(), behind) >= 4.5,
                qPrintable(QString::number(contrast(theme::secondary(), behind))));
        }
        QVERIFY(contrast(colours.color(QPalette::HighlightedText), colours.color(QPalette::Highlight)) >= 4.5);
        for (const bool problem : {false, true})
            QVERIFY(contrast(colours.color(QPalette::Text), theme::messageGround(problem)) >= 4.5);
        QVERIFY(contrast(theme::bad(), colours.color(QPalette::Window)) >= 4.5);
        QVERIFY(contrast(theme::accent(), colours.color(QPalette::Base)) >= 4.5);
    }
    theme::apply(*qApp, theme::Mode::light);
    // The heat map's colours rise evenly in lightness, so they also read in grey.
    double before = -1;
    for (int i = 0; i <= 20; ++i) {
        const double now = luminance(theme::heat(i / 20.0));
        QVERIFY(now > before);
        before = now;
    }
}

void TestMainWindow::everyControlOfEveryPageHasAName()
{
    Opened opened;
    opened.window.resize(1280, 800);
    opened.window.show();
    QTRY_VERIFY(opened.fixture.bench.model());
    for (const Page* page : opened.window.pages()) {
        opened.window.showPage(page->id());
        QTest::qWait(150);
        for (const QWidget* widget : opened.window.findChildren<QWidget*>()) {
            if (!(widget->focusPolicy() & Qt::TabFocus) || !widget->isVisible())
                continue;
            const QWidget* parent = widget->parentWidget();
            const bool inner = qobject_cast<const QAbstractItemView*>(parent)
                || qobject_cast<const QAbstractSpinBox*>(parent) || qobject_cast<const QComboBox*>(parent)
                || qobject_cast<const QScrollArea*>(widget);
            // What a screen reader gets: the name set, or the text of a button.
            const QAccessibleInterface* told = QAccessible::queryAccessibleInterface(const_cast<QWidget*>(widget));
            QVERIFY2(inner || (told && !told->text(QAccessible::Name).isEmpty()),
                qPrintable(page->id() + ": " + widget->metaObject()->className() + " " + widget->objectName()));
        }
    }
}

void TestMainWindow::noLabelTakesMarkup()
{
    Opened opened;
    opened.window.show();
    for (const QLabel* label : opened.window.findChildren<QLabel*>())
        QVERIFY2(label->textFormat() == Qt::PlainText, qPrintable(label->text()));
}

void TestMainWindow::fitsIntoItsFirstSize()
{
    Opened opened;
    opened.window.show();
    for (const Page* page : opened.window.pages())
        QVERIFY2(page->minimumSizeHint().width() <= 1180,
            qPrintable(page->id() + " needs " + QString::number(page->minimumSizeHint().width())));
    QVERIFY(opened.window.minimumSizeHint().height() <= 720);
}

QTEST_MAIN(TestMainWindow)
#include "tst_main_window.moc"
