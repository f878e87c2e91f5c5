// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The JSON form of events and reports: what --events prints, metrics.jsonl keeps and --json answers.
#include "training/api/error.h"
#include "training/api/reports.h"

#include <QTest>

#include <cmath>
#include <limits>

using namespace rankwright;
using nlohmann::json;

class TestEvents : public QObject
{
    Q_OBJECT
private slots:
    void eventsComeBackAsTheyWere_data();
    void eventsComeBackAsTheyWere();
    void stepHasTheKeysOfTheCommandLine();
    void nonFiniteNumbersAreNull();
    void bytesThatAreNotUtf8DoNotBreakALine();
    void statesHaveWords();
    void judgesStepZero();
    void refusesForeignLines_data();
    void refusesForeignLines();
    void missingKeysKeepDefaults();
    void spectrumHasTheKeysOfTheCommandLine();
    void floatsAreShort();
};

void TestEvents::eventsComeBackAsTheyWere_data()
{
    QTest::addColumn<QString>("line");
    const auto row = [](const char* name, const Event& event) {
        QTest::newRow(name) << QString::fromStdString(toJson(event).dump());
    };
    RunStarted start;
    start.run = "r1";
    start.method = "pissa";
    start.steps = 10;
    start.firstStep = 3;
    start.trainable = 7;
    start.parameters = 9;
    start.rows = 5;
    start.truncatedRows = 1;
    start.evalRows = 2;
    start.prepareSeconds = 0.25;
    start.initHash = "ab";
    start.orderHash = "cd";
    start.modelHash = "ef";
    start.dataHash = "01";
    start.evalHash = "23";
    start.stepZero = {1e-5, 1e-6, 2e-7, "model.layers.0.mlp.up_proj", 64, 31.5};
    start.estimatedBytes = 1000;
    start.productsPerStep = 2e9;
    start.data = {.format = "labels", .columns = {{"text", "sentence"}, {"label", "kind"}}, .chatTemplate = "none", .task = "classify",
        .labels = {"good", "bad"}, .rows = 5, .evalRows = 2, .counted = 4, .tokens = 90, .targets = 4};
    row("start", start);
    row("step", StepEvent{"r1", 3, 10, 2.5, 1e-4, 0.7, 100, 50, 1.5, true});
    row("eval", EvalEvent{"r1", 3, 2.25, 8, 400, 0.5, true});
    row("eval with answers", EvalEvent{"r1", 3, 2.25, 8, 400, 0.5, true, {{"gsm8k-strict", 0.25}}, 8, 3});
    row("checkpoint", CheckpointEvent{"r1", 3, "/runs/r1/checkpoints/3"});
    row("note", NoteEvent{"r1", "warning", "two\nlines"});
    row("end", RunEnded{"r1", RunState::diverged, 4, 2.0, "/a", "why", "no gain", 3, true, 5000, 6000});
    row("drift", DriftEvent{"r1", 3, 0.25, {{"model.layers.0.mlp.up_proj", 8, 0.01, 0.5, 10, 25, 3.5, 2}}});
}

void TestEvents::eventsComeBackAsTheyWere()
{
    QFETCH(QString, line);
    QVERIFY(!line.contains('\n'));
    const Event event = eventFromJson(json::parse(line.toStdString()));
    QCOMPARE(QString::fromStdString(toJson(event).dump()), line);
    // No field may be lost: none of the rows above has a field at its default.
    const json document = json::parse(line.toStdString());
    for (const auto& [key, value] : document.items())
        QVERIFY2(value != json(0) && value != json("") && value != json(false), key.c_str());
}

void TestEvents::stepHasTheKeysOfTheCommandLine()
{
    const json step = toJson(Event(StepEvent{.run = "r", .step = 1, .loss = 2.31, .lr = 2e-5, .gradNorm = 0.8}));
    for (const char* key : {"event", "run", "step", "loss", "lr", "gradNorm", "tokens", "targets", "seconds"})
        QVERIFY2(step.contains(key), key);
    QCOMPARE(step.at("event").get<std::string>(), "step");
    QCOMPARE(step.at("lr").dump(), "2e-05");
    const json end = toJson(Event(RunEnded{.run = "r", .finalLoss = 1.5, .adapter = "d"}));
    QCOMPARE(end.at("outcome").get<std::string>(), "finished");
    QCOMPARE(end.at("finalLoss").get<double>(), 1.5);
    QCOMPARE(end.at("adapter").get<std::string>(), "d");
}

void TestEvents::nonFiniteNumbersAreNull()
{
    const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
    const json step = toJson(Event(StepEvent{.run = "r", .loss = nan, .gradNorm = inf}));
    QVERIFY(step.at("loss").is_null());
    QVERIFY(step.at("gradNorm").is_null());
    const auto back = std::get<StepEvent>(eventFromJson(json::parse(step.dump())));
    QVERIFY(std::isnan(back.loss));
    QVERIFY(toJson(EvalResult{.metric = "loss", .value = nan}).at("value").is_null());
}

void TestEvents::bytesThatAreNotUtf8DoNotBreakALine()
{
    const json note = toJson(Event(NoteEvent{"r", "info", "a\xff\xc3(\xed\xa0\x80 b\xf0\x9f\x98\x80"}));
    const std::string bad = "\xef\xbf\xbd";
    QCOMPARE(json::parse(note.dump()).at("text").get<std::string>(),
        "a" + bad + bad + "(" + bad + bad + bad + " b\xf0\x9f\x98\x80");
}

void TestEvents::statesHaveWords()
{
    for (int i = 0; i <= int(RunState::interrupted); ++i)
        QCOMPARE(stateFromText(stateText(RunState(i))), RunState(i));
    QCOMPARE(stateText(RunState::queued), "queued");
    QCOMPARE(stateText(RunState::interrupted), "interrupted");
    QVERIFY_THROWS_EXCEPTION(Error, (void)stateFromText("Running"));
}

void TestEvents::judgesStepZero()
{
    QCOMPARE(int(verdictOn({.largest = 1e-3, .moduleLargest = 5e-5})), int(StartVerdict::same));   // the limits of float32
    QCOMPARE(int(verdictOn({.largest = 1.1e-3})), int(StartVerdict::other));
    QCOMPARE(int(verdictOn({.moduleLargest = 6e-5})), int(StartVerdict::other));
    QCOMPARE(int(verdictOn({.largest = 0.4, .logitLimit = 0.5})), int(StartVerdict::same));
    const StepZero fewBits{.largest = 3, .moduleLargest = 0.1, .logitLimit = -1, .moduleLimit = -1};
    QCOMPARE(int(verdictOn(fewBits)), int(StartVerdict::unjudged));
    for (const double wrong : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        for (const double limit : {-1.0, 1.0}) {
            QCOMPARE(int(verdictOn({.largest = wrong, .logitLimit = limit})), int(StartVerdict::other));
            QCOMPARE(int(verdictOn({.moduleLargest = wrong, .logitLimit = limit})), int(StartVerdict::other));
        }
    }
    // Runs stored before limits were.
    const auto old = std::get<RunStarted>(eventFromJson(json::parse(R"({"event":"start","stepZero":{"largest":0.01}})")));
    QCOMPARE(int(verdictOn(old.stepZero)), int(StartVerdict::other));
}

void TestEvents::refusesForeignLines_data()
{
    QTest::addColumn<QString>("line");
    for (const char* line : {"[]", "{}", R"({"event":1})", R"({"event":"dance"})", R"({"event":"progress"})",
             R"({"event":"step","step":"1"})", R"({"event":"step","step":1.5})", R"({"event":"step","loss":"x"})",
             R"({"event":"end","outcome":"won"})", R"({"event":"drift","modules":{}})", R"({"event":"drift","modules":[1]})",
             R"({"event":"start","stepZero":[]})"})
        QTest::newRow(line) << line;
}

void TestEvents::refusesForeignLines()
{
    QFETCH(QString, line);
    try {
        (void)eventFromJson(json::parse(line.toStdString()));
        QFAIL("it was taken");
    } catch (const Error& error) {
        QCOMPARE(error.code(), Code::format);
        QVERIFY(!error.parts().place.empty());
    }
}

void TestEvents::missingKeysKeepDefaults()
{
    const auto step = std::get<StepEvent>(eventFromJson({{"event", "step"}, {"step", 3}, {"added", "later"}}));
    QCOMPARE(step.step, int64_t(3));
    QCOMPARE(step.tokens, int64_t(0));
}

void TestEvents::spectrumHasTheKeysOfTheCommandLine()
{
    ModuleSpectrum module{.name = "m", .rows = 3, .cols = 2, .hash = "h", .values = {2, 1}, .energy = 5};
    module.stableRank = 1.25;
    module.effectiveRank = std::numeric_limits<double>::quiet_NaN();
    const json report = toJson(SpectrumReport{{module}});
    const json& entry = report.at("modules").at(0);
    QCOMPARE(entry.at("name").get<std::string>(), "m");
    QCOMPARE(entry.at("values").dump(), "[2.0,1.0]");
    QCOMPARE(entry.at("energy").get<double>(), 5.0);
    QCOMPARE(entry.at("stableRank").get<double>(), 1.25);
    QVERIFY(entry.at("effectiveRank").is_null());
    QVERIFY(!entry.contains("event"));
}

void TestEvents::floatsAreShort()
{
    ModuleSpectrum module{.name = "m", .values = {0.1F, 1.17549435e-38F, 3.4028235e38F}};
    const json event = toJson(Event(module));
    QCOMPARE(event.at("values").at(0).dump(), "0.1");
    for (size_t i = 0; i < module.values.size(); ++i)
        QCOMPARE(float(event.at("values").at(i).get<double>()), module.values[i]);
}

QTEST_GUILESS_MAIN(TestEvents)
#include "tst_events.moc"
