// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The story of a new user through the real widgets: model, spectrum, data, configuration, training of both arms, comparison, chat,
// export. Real engine, default model; needs a display (ctest gives it a virtual one). RANKWRIGHT_PICTURES=DIR keeps a picture of
// each step.
#include "tests/support/real_window.h"

#include "storage/run_store.h"
#include "ui/pages/chat_page.h"
#include "ui/pages/spectrum_page.h"

#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QSlider>
#include <QSpinBox>
#include <QTabWidget>
#include <QTableView>
#include <QTreeView>

using namespace rankwright;

class TestStory : public QObject
{
    Q_OBJECT

    std::unique_ptr<RealWindow> m;

    void set(const char* key, const nlohmann::json& value)
    {
        auto json = toJson(m->bench.config());
        json[key] = value;
        m->bench.edit(configFromJson(json), key);
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (defaultModel().empty())
            QSKIP("the default model is not here (./run or ./test fetches it)");
        m = std::make_unique<RealWindow>();
        QVERIFY(QTest::qWaitForWindowExposed(&m->window));
    }

    void modelsShowsTheDefaultSelected()
    {
        m->goTo(1, "models");
        QVERIFY(QTest::qWaitFor([&] { return m->bench.model().has_value(); }, 60'000));
        QCOMPARE(m->bench.model()->family, std::string("llama"));
        QCOMPARE(m->bench.model()->layers, 30);
        auto* table = m->part<QTableView>("Models on this machine");
        QVERIFY(table->model()->rowCount() >= 1);
        m->picture("models");
    }

    void spectrumGivesRanksByEnergy()
    {
        m->goTo(2, "spectrum");
        auto* page = qobject_cast<SpectrumPage*>(m->window.currentPage());
        QVERIFY(QTest::qWaitFor([&] { return m->bench.spectra().size() == 210; }, 240'000));
        page->choose("model.layers.12.mlp.up_proj");
        m->picture("spectrum");
        page->showView(SpectrumPage::kPlanner);
        // The slider by keyboard: a share of the energy becomes a rank for every module.
        auto* slider = page->findChild<QSlider*>();
        slider->setFocus();
        const auto before = page->plan().parameters;
        for (int i = 0; i < 6; ++i)
            QTest::keyClick(slider, Qt::Key_PageUp);
        QVERIFY(QTest::qWaitFor([&] { return page->plan().parameters != before; }, 5'000));
        m->click("Use these ranks for training");
        QCOMPARE(m->bench.config().plan.size(), 210u);
        // Undo brings back one rank everywhere: the fast run below.
        m->bench.undoStack().undo();
        QVERIFY(m->bench.config().plan.empty());
    }

    void dataShowsTheTrainedTokens()
    {
        m->goTo(3, "data");
        auto* figures = m->part<QLabel>("dataFigures");
        QVERIFY(QTest::qWaitFor([&] { return figures->text().contains("2,000"); }, 60'000));
        m->click("nextSample");
        m->picture("data");
    }

    void configureChecksStepZero()
    {
        m->goTo(4, "configure");
        set("steps", 8);
        set("batch", 2);
        set("evalData", "default");
        set("evalRows", ":8");
        set("evalEvery", 4);
        set("rank", 8);
        m->click("stepZeroButton");
        auto* verdict = m->part<QLabel>("stepZeroVerdict");
        auto* detail = m->part<QLabel>("stepZeroDetail");
        QVERIFY(QTest::qWaitFor([&] { return detail->text().contains("PiSSA: logits differ by up to"); }, 180'000));
        // Two runs are enough for the story: each arm's own rate.
        auto* rates = m->part<QComboBox>("sweepBox");
        rates->setCurrentIndex(1);
        emit rates->activated(1);
        qInfo("step 0: %s / %s", qPrintable(verdict->text()), qPrintable(detail->text()));
        m->picture("configure");
    }

    void bothArmsTrainLive()
    {
        int steps = 0;
        connect(&m->bench.session(), &RunSession::advanced, this, [&](const std::vector<Event>& batch) {
            for (const auto& event : batch)
                steps += std::holds_alternative<StepEvent>(event);
        });
        m->click("startButton");
        QVERIFY(QTest::qWaitFor([&] { return m->window.currentPage()->id() == "run"; }, 20'000));
        QSignalSpy ended(&m->bench.session(), &RunSession::runEnded);
        // Pause, look, go on.
        QVERIFY(QTest::qWaitFor([&] { return steps >= 2; }, 120'000));
        m->click("pauseButton");
        QVERIFY(QTest::qWaitFor([&] { return m->bench.session().isPaused(); }, 5'000));
        m->click("pauseButton");
        QVERIFY(QTest::qWaitFor([&] { return ended.size() == 1; }, 240'000));
        QTest::qWait(1500);
        m->picture("run");
        QVERIFY(QTest::qWaitFor([&] { return ended.size() == 2; }, 240'000));
        disconnect(&m->bench.session(), nullptr, this, nullptr);
        for (const auto& arguments : ended)
            QCOMPARE(arguments.at(1).value<RunState>(), RunState::finished);
        const auto runs = RunStore::openForReading(m->bench.dataDirectory()).runs();
        QCOMPARE(runs.size(), 2u);
        for (const auto& run : runs)
            QVERIFY(run.lastEval < 1.4);
    }

    void compareShowsBoth()
    {
        m->goTo(7, "compare");
        auto* tree = m->part<QTreeView>("runTable");
        // One comparison with its two runs, and its report beside it.
        QVERIFY(QTest::qWaitFor([&] { return tree->model()->rowCount() == 1 && tree->model()->rowCount(tree->model()->index(0, 0)) == 2; }, 10'000));
        auto* tabs = m->part<QTabWidget>("comparisonTabs");
        QVERIFY(QTest::qWaitFor([&] { return tabs->isVisible() && tabs->count() > 4; }, 10'000));
        m->picture("compare");
        for (int i = 0; i < tabs->count(); ++i) {
            tabs->setCurrentIndex(i);
            QTest::qWait(100);
        }
        tabs->setCurrentIndex(0);
    }

    void theVoicesAnswerSideBySide()
    {
        m->goTo(8, "chat");
        auto* page = qobject_cast<ChatPage*>(m->window.currentPage());
        QVERIFY(QTest::qWaitFor([&] { return page->chat().voices().size() == 3; }, 10'000));   // the base and both arms
        m->part<QSpinBox>("chatMaxTokens")->setValue(24);
        auto* prompt = m->part<QPlainTextEdit>("chatPrompt");
        prompt->setPlainText("Tom has 3 apples and buys twice as many. How many has he now?");
        QTest::keyClick(prompt, Qt::Key_Return, Qt::ControlModifier);
        QVERIFY(QTest::qWaitFor([&] { return !page->chat().isBusy(); }, 240'000));
        for (const ChatVoiceState& voice : page->chat().voices()) {
            QCOMPARE(voice.turns.size(), size_t(2));
            QVERIFY(!voice.turns.back().content.empty() && voice.tokens > 0 && voice.tokens <= 24);
            qInfo("%s: %s", qPrintable(voice.who.title), voice.turns.back().content.c_str());
        }
        m->picture("chat");
    }

    void exportIsReadBack()
    {
        m->goTo(9, "export");
        const auto out = m->folder.filePath("adapter");
        m->part<QLineEdit>("exportFolder")->setText(out);
        m->click("exportButton");
        auto* badge = m->part<QLabel>("exportBadge");
        QVERIFY(QTest::qWaitFor([&] { return badge->isVisible() && !badge->text().isEmpty(); }, 120'000));
        qInfo("export: %s", qPrintable(badge->text()));
        QVERIFY(QFile::exists(out + "/adapter_model.safetensors"));
        m->picture("export");
    }

    void cleanupTestCase() { m.reset(); }
};

QTEST_MAIN(TestStory)
#include "tst_story.moc"
