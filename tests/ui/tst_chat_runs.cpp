// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The Chat page and runs: one that is paused or going on writes a checkpoint before it answers; other pages send runs here.
#include "tests/ui/chat_fixture.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/voice_chooser.h"

#include <QLabel>
#include <QPushButton>

#include <fstream>
#include <iterator>

using namespace rankwright;
using namespace rankwright::chat_test;

class TestChatRuns : public QObject
{
    Q_OBJECT
private slots:
    void aPausedRunWritesACheckpointFirst();
    void aRunInTrainingAnswersToo();
    void stopEndsTheWaitForACheckpoint();
    void otherPagesSendRuns();
    void runsThatCannotSpeakLeaveTheChatAsItIs();
    void wantedRunsAreListedBeyondTheMost();
    void newerRunsTakeTheVoicesUntilSomethingIsSaid();
    void aNewestRunThatCannotSpeakChangesNothing();
};

void TestChatRuns::aPausedRunWritesACheckpointFirst()
{
    Fixture fixture;
    fixture.engine->perStep = std::chrono::milliseconds(3);
    select(fixture);
    auto config = fixture.bench.config();
    config.steps = 4000;
    fixture.bench.edit(config, "steps");
    fixture.bench.setArms({"pissa"});
    const auto runs = fixture.create();
    auto& session = fixture.bench.session();
    QTRY_VERIFY(fixture.engine->stepsTaken > 5 && !session.running().isEmpty());
    session.setPaused(true);
    const auto folder = fixture.store().folderOf(format::plain(runs[0]));
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 2));
    QVERIFY(Fixture::part<QLabel>(page, "chatNote")->text().contains("paused"));
    QCOMPARE(newestCheckpointStep(folder), int64_t(-1));
    QTest::qWait(30);
    const int64_t step = fixture.engine->stepsTaken;
    say(page, "apples");
    QVERIFY(answered(page));
    QCOMPARE(page.chat().voices()[1].step, step);   // where it paused
    QVERIFY(page.chat().voices()[1].turns.back().content.find("from step " + std::to_string(step)) != std::string::npos);
    QVERIFY(session.isPaused());
    QCOMPARE(fixture.engine->stepsTaken.load(), step);
    session.stopAll();
    QTRY_VERIFY(!session.isBusy());
}

void TestChatRuns::aRunInTrainingAnswersToo()
{
    Fixture fixture;
    fixture.engine->perStep = std::chrono::milliseconds(3);
    select(fixture);
    auto config = fixture.bench.config();
    config.steps = 4000;
    fixture.bench.edit(config, "steps");
    fixture.bench.setArms({"lora"});
    fixture.create();
    auto& session = fixture.bench.session();
    QTRY_VERIFY(fixture.engine->stepsTaken > 5 && !session.running().isEmpty());
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 2));
    QVERIFY(Fixture::part<QLabel>(page, "chatNote")->text().contains("slower"));
    say(page, "apples");
    QVERIFY(answered(page));
    const auto first = page.chat().voices()[1].step;
    QVERIFY(first > 0);
    say(page, "pears");
    QVERIFY(answered(page));
    QVERIFY(page.chat().voices()[1].step > first);   // a newer one each time
    QVERIFY(session.isBusy());
    session.stopAll();
    QTRY_VERIFY(!session.isBusy());
    QTRY_VERIFY(Fixture::part<QLabel>(page, "chatNote")->isHidden());
}

void TestChatRuns::stopEndsTheWaitForACheckpoint()
{
    Fixture fixture;
    std::atomic<bool> hold = true;
    fixture.engine->beforeStep = [&](int64_t step) {
        while (step > 3 && hold)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
    };
    select(fixture);
    auto config = fixture.bench.config();
    config.steps = 10;
    fixture.bench.edit(config, "steps");
    fixture.bench.setArms({"lora"});
    fixture.create();
    auto& session = fixture.bench.session();
    QTRY_VERIFY(fixture.engine->stepsTaken == 3 && !session.running().isEmpty());
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 2));
    say(page, "apples");
    QTest::qWait(50);
    QVERIFY(page.chat().waitsForCheckpoint());
    QVERIFY(Fixture::part<QLabel>(page, "chatProgress")->text().contains("checkpoint"));
    QTest::keyClick(Fixture::part<QPlainTextEdit>(page, "chatPrompt"), Qt::Key_Escape);
    QVERIFY(!page.chat().isBusy());
    hold = false;
    QTRY_VERIFY(!session.isBusy());
    QTest::qWait(50);
    QCOMPARE(fixture.engine->chats.load(), 0);   // the checkpoint that came later starts nothing
}

void TestChatRuns::otherPagesSendRuns()
{
    Fixture fixture;
    select(fixture);
    const auto runs = fixture.trainBoth();
    ChatPage page(fixture.bench);
    fixture.bench.chatWith({runs[1]});   // before it was ever shown
    page.resize(1192, 712);
    page.show();
    page.activated();
    QTRY_COMPARE(page.chat().voices().size(), size_t(2));
    QCOMPARE(page.chat().voices()[1].who.run, format::plain(runs[1]));
    fixture.bench.chatWith(runs);
    QTRY_COMPARE(page.chat().voices().size(), size_t(3));
    fixture.bench.chatWith({runs[0]});
    QTRY_COMPARE(page.chat().voices().size(), size_t(2));
    QCOMPARE(page.chat().voices()[1].who.run, format::plain(runs[0]));
}

void TestChatRuns::runsThatCannotSpeakLeaveTheChatAsItIs()
{
    Fixture fixture;
    select(fixture);
    const auto runs = fixture.trainBoth();
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 3));
    say(page, "apples");
    QVERIFY(answered(page));
    const auto folder = fixture.store().folderOf(format::plain(runs[1]));
    std::filesystem::remove_all(folder / "checkpoints");
    fixture.bench.chatWith({runs[1]});
    auto* messages = Fixture::part<MessageBar>(page, "chatMessages");
    QTRY_VERIFY(messages->text().contains(runs[1]) && messages->text().contains("no checkpoint"));
    QCOMPARE(page.chat().voices().size(), size_t(3));
    for (const auto& voice : page.chat().voices())
        QCOMPARE(voice.turns.size(), size_t(2));
    // Of two, one that can: it stays with what it said, and the other is told of.
    messages->clear();
    fixture.bench.chatWith(runs);
    QTRY_COMPARE(page.chat().voices().size(), size_t(2));
    QCOMPARE(page.chat().voices()[1].who.run, format::plain(runs[0]));
    QCOMPARE(page.chat().voices()[1].turns.size(), size_t(2));
    QVERIFY(messages->text().contains(runs[1]));
}

void TestChatRuns::wantedRunsAreListedBeyondTheMost()
{
    Fixture fixture;
    std::vector<std::string> runs;
    RunStore store(fixture.bench.dataDirectory());
    for (int i = 0; i < 205; ++i) {
        runs.push_back(store.createRun(fixture.bench.config()));
        std::filesystem::create_directories(store.folderOf(runs.back()) / "checkpoints" / "step-5");
    }
    QCOMPARE(runChoices(store, {}).size(), size_t(200));
    const auto found = runChoices(store, {}, {runs.front()});
    QCOMPARE(found.size(), size_t(201));
    QCOMPARE(found.back().run, runs.front());   // the oldest
}

void TestChatRuns::newerRunsTakeTheVoicesUntilSomethingIsSaid()
{
    Fixture fixture;
    select(fixture);
    fixture.trainBoth();
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 3));
    const auto voice = [&] { return QString::fromStdString(page.chat().voices().back().who.run); };
    page.hide();
    const auto second = fixture.trainBoth();
    QVERIFY(!second.contains(voice()));
    QVERIFY(open(page, 3));
    QTRY_VERIFY(second.contains(voice()));
    // What has been said is not lost.
    say(page, "apples");
    QVERIFY(answered(page));
    page.hide();
    const auto third = fixture.trainBoth();
    page.show();
    page.activated();
    auto* messages = Fixture::part<MessageBar>(page, "chatMessages");
    QTRY_VERIFY(messages->text().contains("newer run"));
    QVERIFY(second.contains(voice()));
    Fixture::part<QPushButton>(page, "clearChatButton")->click();
    QTRY_VERIFY(third.contains(voice()));
    QCOMPARE(page.chat().voices().size(), size_t(3));
}

void TestChatRuns::aNewestRunThatCannotSpeakChangesNothing()
{
    Fixture fixture;
    select(fixture);
    const auto runs = fixture.trainBoth();
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 3));
    page.hide();
    fixture.bench.setArms({"lora"});
    const auto classifier = fixture.create();
    QTRY_VERIFY(!fixture.bench.session().isBusy());
    const auto curves = fixture.store().folderOf(format::plain(classifier[0])) / "metrics.jsonl";
    std::ifstream in(curves);
    auto text = QString::fromStdString({std::istreambuf_iterator<char>(in), {}});
    QVERIFY(text.contains("\"task\":\"lm\""));
    std::ofstream(curves) << text.replace("\"task\":\"lm\"", "\"task\":\"classify\"").toStdString();
    QVERIFY(open(page, 3));
    QTRY_COMPARE(page.findChild<VoiceChooser*>()->titles().size(), 4);   // the base and all runs: they have been read again
    QCOMPARE(page.chat().voices().size(), size_t(3));
    for (size_t i = 1; i < 3; ++i)
        QVERIFY(runs.contains(format::text(page.chat().voices()[i].who.run)));
}

QTEST_MAIN(TestChatRuns)
#include "tst_chat_runs.moc"
