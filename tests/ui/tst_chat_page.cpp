// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The Chat page: who answers, answers side by side as they stream, stopping and asking again, models that cannot talk,
// text that looks like markup. Runs that are paused or going on: tst_chat_runs.
#include "tests/support/layout_faults.h"
#include "tests/ui/chat_fixture.h"
#include "ui/theme.h"
#include "ui/widgets/chat_transcript.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/voice_chooser.h"

#include <QClipboard>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QTextBlock>
#include <QToolButton>

#include <fstream>

using namespace rankwright;
using namespace rankwright::chat_test;

class TestChatPage : public QObject
{
    Q_OBJECT
private slots:
    void initTestCase() { theme::apply(*qApp, theme::Mode::light); }
    void beginsWithTheBaseAndTheNewestArms();
    void oneQuestionGoesToAllVoices();
    void answersGrowSideBySide();
    void eachVoiceRemembersWhatItSaid();
    void stopKeepsWhatWasSaid();
    void answerAgainTakesTheLastOnesBack();
    void settingsReachTheEngine();
    void aFailureCanBeAskedAgain();
    void voicesAreAddedAndRemoved();
    void anAdapterFolderIsChecked();
    void encodersCannotTalk();
    void withoutATemplateThePageSaysSo();
    void anotherModelBeginsAnew();
    void textIsNeverMarkup();
    void aGrowingAnswerIsAsIfWrittenAtOnce();
    void aSelectionOutlastsAGrowingAnswer();
    void everythingCanBeCopied();
    void closingWhileTheyAnswer();
    void everythingHasAName();
    void nothingIsClipped_data();
    void nothingIsClipped();
};

void TestChatPage::beginsWithTheBaseAndTheNewestArms()
{
    Fixture fixture;
    select(fixture);
    fixture.trainBoth();
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 3));
    const auto& voices = page.chat().voices();
    QCOMPARE(voices[0].who.kind, ChatChoice::Kind::base);
    QCOMPARE(voices[0].who.detail, QString("Fake-1M"));
    QVERIFY(voices[1].who.detail.contains("LoRA"));
    QVERIFY(voices[2].who.detail.contains("PiSSA"));
    QCOMPARE(voices[2].who.color, theme::methodColor("pissa"));
    QVERIFY(voices[1].who.detail.contains("step 20"));
}

void TestChatPage::oneQuestionGoesToAllVoices()
{
    Fixture fixture;
    select(fixture);
    fixture.trainBoth();
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 3));
    auto* send = Fixture::part<QPushButton>(page, "sendButton");
    QVERIFY(!send->isEnabled());
    say(page, "How many apples?");
    QVERIFY(page.chat().isBusy());
    QVERIFY(Fixture::part<QPlainTextEdit>(page, "chatPrompt")->toPlainText().isEmpty());
    QVERIFY(answered(page));
    const ChatJob job = fixture.engine->last();
    QCOMPARE(job.voices.size(), size_t(3));
    for (const ChatVoice& voice : job.voices) {
        QCOMPARE(voice.turns.size(), size_t(1));
        QCOMPARE(voice.turns[0].role, std::string("user"));
        QCOMPARE(voice.turns[0].content, std::string("How many apples?"));
    }
    QVERIFY(job.voices[0].folder.empty() && job.voices[0].adapter.empty());
    QVERIFY(!job.voices[1].folder.empty());
    QVERIFY(job.voices[1].folder != job.voices[2].folder);
    QTRY_VERIFY(transcript(page, 0).contains("9 apples."));
    QVERIFY(transcript(page, 1).contains("from step 20"));
    for (const ChatColumn* column : page.findChildren<ChatColumn*>())
        QVERIFY(column->findChild<QLabel*>("chatFigures")->text().contains("tokens"));
}

void TestChatPage::answersGrowSideBySide()
{
    Fixture fixture;
    fixture.engine->perStep = std::chrono::milliseconds(15);
    select(fixture);
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 1));
    const auto folder = fixture.folder.filePath("adapter");
    QDir().mkpath(folder);
    for (const char* file : {"adapter_config.json", "adapter_model.safetensors"})
        std::ofstream(format::plain(folder + '/' + file)) << "x";
    page.addAdapter(folder);
    QTRY_COMPARE(page.chat().voices().size(), size_t(2));
    say(page, "apples");
    bool both = false, whole = false;
    QVERIFY(QTest::qWaitFor([&] {
        const auto first = transcript(page, 0), second = transcript(page, 1);
        whole = whole || first.contains("9 apples.") || second.contains("9 apples.");
        both = both || (!whole && first.contains("answers") && second.contains("answers"));
        return !page.chat().isBusy();
    }, 10'000));
    QVERIFY(both);   // neither waited for the other's end
    QCOMPARE(fixture.engine->last().voices[1].adapter, format::plain(folder));
}

void TestChatPage::eachVoiceRemembersWhatItSaid()
{
    Fixture fixture;
    select(fixture);
    fixture.trainBoth();
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 3));
    say(page, "first");
    QVERIFY(answered(page));
    say(page, "second");
    QVERIFY(answered(page));
    const ChatJob job = fixture.engine->last();
    for (size_t i = 0; i < 3; ++i) {
        QCOMPARE(job.voices[i].turns.size(), size_t(3));
        QCOMPARE(job.voices[i].turns[1].role, std::string("assistant"));
        QVERIFY(job.voices[i].turns[1].content.starts_with(job.voices[i].name));
        QCOMPARE(job.voices[i].turns[2].content, std::string("second"));
    }
    Fixture::part<QPushButton>(page, "clearChatButton")->click();
    QTRY_VERIFY(transcript(page, 0).isEmpty());
    QCOMPARE(page.chat().voices().size(), size_t(3));
}

void TestChatPage::stopKeepsWhatWasSaid()
{
    Fixture fixture;
    fixture.engine->perStep = std::chrono::milliseconds(30);
    select(fixture);
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 1));
    say(page, "apples");
    QTRY_VERIFY(transcript(page, 0).contains("answers"));
    Fixture::part<QPushButton>(page, "stopChatButton")->click();
    QVERIFY(!page.chat().isBusy());
    const auto said = page.chat().voices()[0].turns.back().content;
    QVERIFY(!said.empty() && said.find("9 apples.") == std::string::npos);
    QTest::qWait(150);
    QCOMPARE(page.chat().voices()[0].turns.back().content, said);   // nothing comes after it
    QCOMPARE(page.chat().voices()[0].stop, QString("cancelled"));
    QVERIFY(page.findChild<QLabel*>("chatFigures")->text().contains("stopped"));
}

void TestChatPage::answerAgainTakesTheLastOnesBack()
{
    Fixture fixture;
    select(fixture);
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 1));
    auto* again = Fixture::part<QPushButton>(page, "regenerateButton");
    QVERIFY(!again->isEnabled());
    auto* temperature = Fixture::part<QDoubleSpinBox>(page, "chatTemperature");
    temperature->setValue(0.7);
    say(page, "apples");
    QVERIFY(answered(page));
    QVERIFY(page.chat().voices()[0].turns.back().content.ends_with("seed 0)"));
    again->click();
    QVERIFY(answered(page));
    QCOMPARE(page.chat().voices()[0].turns.size(), size_t(2));
    QVERIFY(page.chat().voices()[0].turns.back().content.ends_with("seed 1)"));   // otherwise it would be the same
    QCOMPARE(Fixture::part<QSpinBox>(page, "chatSeed")->value(), 1);
    temperature->setValue(0);
    again->click();
    QVERIFY(answered(page));
    QCOMPARE(fixture.engine->last().seed, int64_t(1));
}

void TestChatPage::settingsReachTheEngine()
{
    Fixture fixture;
    select(fixture);
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 1));
    QVERIFY(!Fixture::part<QDoubleSpinBox>(page, "chatTopP")->isEnabled());   // greedy: nothing is drawn
    Fixture::part<QPlainTextEdit>(page, "chatSystem")->setPlainText("Be brief.");
    Fixture::part<QDoubleSpinBox>(page, "chatTemperature")->setValue(0.8);
    Fixture::part<QDoubleSpinBox>(page, "chatTopP")->setValue(0.9);
    Fixture::part<QSpinBox>(page, "chatMaxTokens")->setValue(5);
    Fixture::part<QSpinBox>(page, "chatSeed")->setValue(7);
    auto* shape = Fixture::part<QComboBox>(page, "chatTemplateBox");
    shape->setCurrentIndex(shape->findData("none"));
    emit shape->activated(shape->currentIndex());
    say(page, "apples");
    QVERIFY(answered(page));
    const ChatJob job = fixture.engine->last();
    QCOMPARE(job.temperature, 0.8);
    QCOMPARE(job.topP, 0.9);
    QCOMPARE(job.maxTokens, int64_t(5));
    QCOMPARE(job.seed, int64_t(7));
    QCOMPARE(job.chatTemplate, std::string("none"));
    QCOMPARE(job.voices[0].turns[0].role, std::string("system"));
    QCOMPARE(job.voices[0].turns[0].content, std::string("Be brief."));
    QVERIFY(page.findChild<QLabel*>("chatFigures")->text().contains("cut off at the limit"));
}

void TestChatPage::aFailureCanBeAskedAgain()
{
    Fixture fixture;
    select(fixture);
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 1));
    fixture.engine->fails = true;
    say(page, "apples");
    QVERIFY(answered(page));
    QVERIFY(Fixture::part<MessageBar>(page, "chatMessages")->text().contains("Remove a voice"));
    QCOMPARE(page.chat().voices()[0].turns.size(), size_t(1));   // the question stays
    fixture.engine->fails = false;
    Fixture::part<QPushButton>(page, "regenerateButton")->click();
    QVERIFY(answered(page));
    QVERIFY(page.chat().voices()[0].turns.back().content.find("apples") != std::string::npos);
    fixture.engine->fails = true;
    say(page, "pears");
    QVERIFY(answered(page));
    fixture.engine->fails = false;
    say(page, "plums");   // instead of the pears, which nobody answered
    QVERIFY(answered(page));
    QCOMPARE(fixture.engine->last().voices[0].turns.size(), size_t(3));
    QCOMPARE(fixture.engine->last().voices[0].turns[2].content, std::string("plums"));
}

void TestChatPage::voicesAreAddedAndRemoved()
{
    Fixture fixture;
    select(fixture);
    fixture.trainBoth();
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 3));
    page.findChildren<ChatColumn*>()[1]->findChild<QToolButton*>("removeVoiceButton")->click();
    QCOMPARE(page.chat().voices().size(), size_t(2));
    auto* chooser = page.findChild<VoiceChooser*>();
    Fixture::part<QPushButton>(page, "addVoiceButton")->click();
    QTRY_COMPARE(chooser->titles().size(), 3);   // the base and both runs
    auto* list = chooser->findChild<QListWidget*>("voiceList");
    for (int row = 0; row < list->count(); ++row)
        if (list->item(row)->text().contains("LoRA"))
            list->setCurrentRow(row);
    emit list->itemActivated(list->currentItem());
    QCOMPARE(page.chat().voices().size(), size_t(3));
    QVERIFY(page.chat().voices()[2].who.detail.contains("LoRA"));
    QVERIFY(!page.chat().add(page.chat().voices()[2].who));   // once is enough
}

void TestChatPage::anAdapterFolderIsChecked()
{
    Fixture fixture;
    select(fixture);
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 1));
    page.addAdapter(fixture.folder.path());
    QTRY_VERIFY(Fixture::part<MessageBar>(page, "chatMessages")->text().contains("adapter_config.json"));
    QCOMPARE(page.chat().voices().size(), size_t(1));
}

void TestChatPage::encodersCannotTalk()
{
    Fixture fixture;
    select(fixture, "an-encoder");
    ChatPage page(fixture.bench);
    page.resize(1192, 712);
    page.show();
    page.activated();
    QTest::qWait(100);
    QVERIFY(page.chat().voices().empty());
    QVERIFY(Fixture::part<QLabel>(page, "chatEmpty")->text().contains("encoder"));
    Fixture::part<QPlainTextEdit>(page, "chatPrompt")->setPlainText("apples");
    QVERIFY(!Fixture::part<QPushButton>(page, "sendButton")->isEnabled());
    picture(page, "chat-encoder");
}

void TestChatPage::withoutATemplateThePageSaysSo()
{
    Fixture fixture;
    select(fixture, "a-plain-model");
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 1));
    const auto* note = Fixture::part<QLabel>(page, "chatNote");
    QVERIFY(note->isVisible() && note->text().contains("no chat template"));
    auto* shape = Fixture::part<QComboBox>(page, "chatTemplateBox");
    shape->setCurrentIndex(shape->findData("none"));
    emit shape->activated(shape->currentIndex());
    QVERIFY(note->isHidden());   // a person wants it so
}

void TestChatPage::anotherModelBeginsAnew()
{
    Fixture fixture;
    select(fixture);
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 1));
    say(page, "apples");
    QVERIFY(answered(page));
    select(fixture, "a-plain-model");
    QCOMPARE(page.chat().voices()[0].who.detail, QString("a-plain-model"));
    QVERIFY(page.chat().voices()[0].turns.empty());
    say(page, "pears");
    QVERIFY(answered(page));
    QCOMPARE(fixture.engine->last().model, std::string("a-plain-model"));
    select(fixture, "an-encoder");   // has nothing to say
    QVERIFY(page.chat().voices().empty());
    select(fixture);
    QCOMPARE(page.chat().voices().size(), size_t(1));
}

void TestChatPage::textIsNeverMarkup()
{
    Fixture fixture;
    select(fixture);
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 1));
    say(page, "<img src=x> some code\xE2\x80\xAE please");
    QVERIFY(answered(page));
    QTRY_VERIFY(transcript(page, 0).contains("<b>so</b>"));
    QVERIFY(transcript(page, 0).contains("<img src=x>"));
    QVERIFY(transcript(page, 0).contains("    return 2 * x"));
    QVERIFY(!transcript(page, 0).contains(QChar(0x202E)));   // told, not obeyed
    QVERIFY(transcript(page, 0).contains("\\u202e"));
}

// Byte by byte: through halves of letters, of fences and of lines.
void TestChatPage::aGrowingAnswerIsAsIfWrittenAtOnce()
{
    const std::string said = "Grüße.\n\nAs ``code``:\n  ```py\ndef f(x):\n\n\treturn '→'\n```\nand\xE2\x80\xAE on\n";
    const auto look = [](const ChatTranscript& view) {
        QStringList parts;   // text and format of each stretch
        for (auto block = view.document()->begin(); block.isValid(); block = block.next()) {
            for (auto at = block.begin(); !at.atEnd(); ++at)
                parts << at.fragment().text() + '|' + at.fragment().charFormat().font().family() + '|' + at.fragment().charFormat().background().color().name();
            parts << QStringLiteral("end of ") + block.charFormat().font().family();
        }
        return parts;
    };
    ChatTranscript grown("grown");
    for (size_t length = 0; length <= said.size(); ++length) {
        grown.setTurns({{"user", "ask"}, {"assistant", said.substr(0, length)}});
        ChatTranscript whole("whole");
        whole.setTurns({{"user", "ask"}, {"assistant", said.substr(0, length)}});
        QCOMPARE(grown.toPlainText(), whole.toPlainText());
        QCOMPARE(look(grown), look(whole));
    }
    QVERIFY(grown.toPlainText().contains("\treturn '→'\n```\nand\\u202e on\n"));
    ChatTranscript leaps("leaps");
    for (size_t length = 0; length <= said.size(); length += 23)
        leaps.setTurns({{"user", "ask"}, {"assistant", said.substr(0, length)}});
    leaps.setTurns({{"user", "ask"}, {"assistant", said}});
    QCOMPARE(look(leaps), look(grown));
    leaps.setTurns({{"user", "ask"}, {"assistant", "Other"}});   // answered again
    QVERIFY(leaps.toPlainText().endsWith("Answer\nOther"));
}

void TestChatPage::aSelectionOutlastsAGrowingAnswer()
{
    ChatTranscript view("view");
    view.setTurns({{"user", "ask"}, {"assistant", "first line\nsecond"}});
    QTextCursor cursor(view.document());
    cursor.setPosition(int(view.toPlainText().indexOf("line")));
    cursor.setPosition(int(view.toPlainText().indexOf("cond")), QTextCursor::KeepAnchor);
    view.setTextCursor(cursor);
    int written = 0;
    connect(view.document(), &QTextDocument::contentsChange, &view, [&](int, int, int added) { written += added; });
    std::string said = "first line\nsecond";
    for (int i = 0; i < 200; ++i)
        view.setTurns({{"user", "ask"}, {"assistant", said += i % 20 == 0 ? "\nnext" : " more"}});
    QCOMPARE(view.textCursor().selectedText(), QString("line%1se").arg(QChar(QChar::ParagraphSeparator)));
    QVERIFY2(written < 3000, qPrintable(QString::number(written)));   // 1,000 letters were said, not 100,000 written
}

void TestChatPage::everythingCanBeCopied()
{
    Fixture fixture;
    select(fixture);
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 1));
    say(page, "apples");
    QVERIFY(answered(page));
    page.findChild<QToolButton*>("copyAnswerButton")->click();
    QCOMPARE(QGuiApplication::clipboard()->text(), format::text(page.chat().voices()[0].turns.back().content));
    Fixture::part<QPushButton>(page, "copyChatButton")->click();
    const auto text = QGuiApplication::clipboard()->text();
    QVERIFY(text.contains("You: apples") && text.contains("Base model") && text.contains("9 apples."));
}

void TestChatPage::closingWhileTheyAnswer()
{
    Fixture fixture;
    fixture.engine->perStep = std::chrono::milliseconds(20);
    select(fixture);
    auto page = std::make_unique<ChatPage>(fixture.bench);
    QVERIFY(open(*page, 1));
    say(*page, "apples");
    QTRY_VERIFY(transcript(*page, 0).contains("answers"));
    page.reset();
    QTest::qWait(50);
}

void TestChatPage::everythingHasAName()
{
    Fixture fixture;
    select(fixture);
    fixture.trainBoth();
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 3));
    QCOMPARE(Fixture::unnamed(page), QStringList());
    for (const QLabel* label : page.findChildren<QLabel*>())
        QCOMPARE(label->textFormat(), Qt::PlainText);
}

void TestChatPage::nothingIsClipped_data()
{
    QTest::addColumn<QSize>("size");
    QTest::addColumn<bool>("dark");
    for (const bool dark : {false, true}) {
        QTest::newRow(dark ? "small dark" : "small light") << QSize(1192, 712) << dark;
        QTest::newRow(dark ? "large dark" : "large light") << QSize(1832, 992) << dark;
    }
}

void TestChatPage::nothingIsClipped()
{
    QFETCH(QSize, size);
    QFETCH(bool, dark);
    theme::apply(*qApp, dark ? theme::Mode::dark : theme::Mode::light);
    Fixture fixture;
    select(fixture, "a-plain-model");
    fixture.trainBoth();
    ChatPage page(fixture.bench);
    QVERIFY(open(page, 3));
    page.resize(size);
    say(page, "Tom has 3 apples and buys twice as many. How many has he now?");
    QVERIFY(answered(page));
    say(page, "Now as code, please.");
    QVERIFY(answered(page));
    QTest::qWait(60);
    QCOMPARE(layoutFaults(page), QStringList());
    picture(page, QString("chat-%1").arg(QString(QTest::currentDataTag()).replace(' ', '-')));
    theme::apply(*qApp, theme::Mode::light);
}

QTEST_MAIN(TestChatPage)
#include "tst_chat_page.moc"
