// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Runs trained one after another beside the window: order of what is told, pause, stop, failures, and the comparison
// that the workbench starts. Real store, fake engine.
#include "storage/database.h"
#include "storage/run_store.h"
#include "storage/runs/run_queue.h"
#include "tests/ui/page_fixture.h"

#include <QSignalSpy>

#include <fstream>

using namespace rankwright;

namespace {

// What a session said, in order: "started A", "loss 1"..., "ended A finished", "idle".
struct Log
{
    explicit Log(RunSession& session)
    {
        QObject::connect(
            &session, &RunSession::runStarted, &session, [this](const QString& run) { said.append("started " + run); });
        QObject::connect(&session, &RunSession::advanced, &session, [this](const std::vector<Event>& batch) {
            for (const Event& event : batch) {
                if (const auto* step = std::get_if<StepEvent>(&event))
                    steps[QString::fromStdString(step->run)].push_back(step->step);
            }
            said.append("events");
        });
        QObject::connect(&session, &RunSession::runEnded, &session,
            [this](const QString& run, RunState state, const QString& error) {
                said.append("ended " + run + " " + QString::fromStdString(stateText(state)));
                errors[run] = error;
            });
        QObject::connect(&session, &RunSession::idle, &session, [this] { said.append("idle"); });
        QObject::connect(&session, &RunSession::missed, &session, [this](const QString& run) { missed.append(run); });
    }
    [[nodiscard]] QStringList withoutEvents() const
    {
        QStringList rest = said;
        rest.removeAll("events");
        return rest;
    }
    QStringList said, missed;
    std::map<QString, std::vector<int64_t>> steps;
    std::map<QString, QString> errors;
};

}  // namespace

class TestRunSession : public QObject
{
    Q_OBJECT
private slots:
    void trainsTheQueueInOrderAndTellsEveryStep();
    void endComesAfterTheLastEvent();
    void pauseHoldsBetweenTwoSteps();
    void stopSavesAndTheQueueGoesOn();
    void stopAllDropsTheQueue();
    void checkpointOnRequestAndGoesOn();
    void resumesAStoppedRun();
    void startingARunTwiceTrainsItOnce();
    void failureIsToldAndTheQueueGoesOn();
    void engineThatDoesNotLoadHaltsTheQueue();
    void aQueueThatCannotBeReadIsTold();
    void aStoreThatIsBusyIsAskedAgain();
    void armsThatGoOnTakeTurns();
    void runsOnOneBaseAreTrainedAtOnce();
    void windowThatFellBehindIsToldWhatItMissed();
    void endOfTheSessionStopsWithACheckpoint();
    void comparisonHasOneRunAnArm();
    void comparisonWithWrongOverrideStartsNothing();
    void editsAreUndone();
    void theStoredQueueSaysWhatIsNext();
    void aFailureHoldsTheQueueWhereItShould();
    void holdingLetsTheRunEnd();
    void armsOfOneSeedTakeTurns();
    void addedRunsWaitOrFollow();

private:
    static QString create(PageFixture<>& fixture, int64_t steps)
    {
        RunConfig config;
        config.steps = steps;
        RunStore store(fixture.bench.dataDirectory());
        return QString::fromStdString(store.createRun(config));
    }
};

void TestRunSession::trainsTheQueueInOrderAndTellsEveryStep()
{
    PageFixture fixture;
    const QString a = create(fixture, 30), b = create(fixture, 20);
    RunSession& session = fixture.bench.session();
    Log log(session);
    session.start({a, b});
    QVERIFY(session.isBusy());
    QCOMPARE(session.queued(), QStringList({a, b}));
    QTRY_VERIFY(!session.isBusy());
    QCOMPARE(log.withoutEvents(),
        QStringList({"started " + a, "ended " + a + " finished", "started " + b, "ended " + b + " finished", "idle"}));
    QCOMPARE(log.steps[a].size(), size_t(30));
    QCOMPARE(log.steps[b].size(), size_t(20));
    for (size_t i = 0; i < 30; ++i)
        QCOMPARE(log.steps[a][i], int64_t(i + 1));
    RunStore store = fixture.store();
    QVERIFY(store.run(a.toStdString()).state == RunState::finished);
    QCOMPARE(store.curve(b.toStdString(), "loss").size(), size_t(20));
}

void TestRunSession::endComesAfterTheLastEvent()
{
    PageFixture fixture;
    fixture.engine->perStep = std::chrono::microseconds(0);
    const QString a = create(fixture, 500);
    RunSession& session = fixture.bench.session();
    size_t stepsAtEnd = 0;
    QString currentAtStart;
    Log log(session);
    connect(&session, &RunSession::runStarted, this, [&] { currentAtStart = session.current(); });
    connect(&session, &RunSession::runEnded, this, [&] {
        stepsAtEnd = log.steps[a].size();
        QVERIFY(session.current().isEmpty());
    });
    session.start({a});
    QTRY_VERIFY(!session.isBusy());
    QCOMPARE(stepsAtEnd, size_t(500));
    QCOMPARE(currentAtStart, a);
}

void TestRunSession::pauseHoldsBetweenTwoSteps()
{
    PageFixture fixture;
    fixture.engine->perStep = std::chrono::milliseconds(2);
    const QString a = create(fixture, 100);
    RunSession& session = fixture.bench.session();
    QSignalSpy paused(&session, &RunSession::pausedChanged);
    session.setPaused(true);  // nothing trains: nothing to pause
    QVERIFY(!session.isPaused());
    session.start({a});
    QTRY_VERIFY(fixture.engine->stepsTaken > 3);
    session.setPaused(true);
    QVERIFY(session.isPaused());
    QTest::qWait(50);
    const int64_t held = fixture.engine->stepsTaken;
    QTest::qWait(80);
    QCOMPARE(fixture.engine->stepsTaken.load(), held);
    QVERIFY(held < 100);
    session.setPaused(false);
    QTRY_VERIFY(!session.isBusy());
    QCOMPARE(fixture.engine->stepsTaken.load(), int64_t(100));
    QCOMPARE(paused.size(), 2);
}

void TestRunSession::stopSavesAndTheQueueGoesOn()
{
    PageFixture fixture;
    fixture.engine->perStep = std::chrono::milliseconds(2);
    const QString a = create(fixture, 5000), b = create(fixture, 10);
    RunSession& session = fixture.bench.session();
    Log log(session);
    session.start({a, b});
    QTRY_VERIFY(fixture.engine->stepsTaken > 5 && session.current() == a);
    session.stopCurrent();
    QTRY_VERIFY(!session.isBusy());
    QCOMPARE(log.withoutEvents(),
        QStringList({"started " + a, "ended " + a + " stopped", "started " + b, "ended " + b + " finished", "idle"}));
    const auto checkpoints = std::filesystem::path(fixture.store().folderOf(a.toStdString())) / "checkpoints";
    QVERIFY(std::filesystem::is_directory(checkpoints) && !std::filesystem::is_empty(checkpoints));
}

void TestRunSession::stopAllDropsTheQueue()
{
    PageFixture fixture;
    fixture.engine->perStep = std::chrono::milliseconds(2);
    const QString a = create(fixture, 5000), b = create(fixture, 10);
    RunSession& session = fixture.bench.session();
    Log log(session);
    session.start({a, b});
    QTRY_VERIFY(fixture.engine->stepsTaken > 5);
    session.stopAll();
    QTRY_VERIFY(!session.isBusy());
    QCOMPARE(log.withoutEvents(), QStringList({"started " + a, "ended " + a + " stopped", "idle"}));
    QVERIFY(fixture.store().run(b.toStdString()).state == RunState::queued);
    // And before the worker has even looked at its queue.
    session.start({b});
    session.stopAll();
    QTRY_VERIFY(!session.isBusy());
}

void TestRunSession::checkpointOnRequestAndGoesOn()
{
    PageFixture fixture;
    fixture.engine->perStep = std::chrono::milliseconds(2);
    const QString a = create(fixture, 200);
    RunSession& session = fixture.bench.session();
    int64_t saved = 0;
    connect(&session, &RunSession::advanced, this, [&](const std::vector<Event>& batch) {
        for (const Event& event : batch) {
            if (const auto* checkpoint = std::get_if<CheckpointEvent>(&event); checkpoint && checkpoint->step < 200)
                saved = checkpoint->step;
        }
    });
    session.start({a});
    QTRY_VERIFY(fixture.engine->stepsTaken > 5 && session.current() == a);
    session.checkpointNow();
    QTRY_VERIFY(!session.isBusy());
    QVERIFY(saved > 5 && saved < 200);
    QVERIFY(fixture.store().run(a.toStdString()).state == RunState::finished);
}

void TestRunSession::resumesAStoppedRun()
{
    PageFixture fixture;
    fixture.engine->perStep = std::chrono::milliseconds(1);
    const QString a = create(fixture, 150);
    RunSession& session = fixture.bench.session();
    session.start({a});
    QTRY_VERIFY(fixture.engine->stepsTaken > 10 && session.current() == a);
    session.stopCurrent();
    QTRY_VERIFY(!session.isBusy());
    const int64_t before = fixture.engine->stepsTaken;
    QVERIFY(before < 150);
    Log log(session);
    session.start({a}, true);
    QTRY_VERIFY(!session.isBusy());
    QCOMPARE(log.steps[a].front(), before + 1);
    QCOMPARE(fixture.engine->stepsTaken.load(), int64_t(150));
    QVERIFY(fixture.store().run(a.toStdString()).state == RunState::finished);
}

void TestRunSession::startingARunTwiceTrainsItOnce()
{
    PageFixture fixture;
    const QString a = create(fixture, 30);
    RunSession& session = fixture.bench.session();
    Log log(session);
    session.start({a, a});
    session.start({a});
    QTRY_VERIFY(!session.isBusy());
    QCOMPARE(log.withoutEvents(), QStringList({"started " + a, "ended " + a + " finished", "idle"}));
}

void TestRunSession::failureIsToldAndTheQueueGoesOn()
{
    PageFixture fixture;
    const QString a = create(fixture, 30), b = create(fixture, 5);
    fixture.engine->beforeStep = [&](int64_t step) {
        if (step == 7)
            throw Error(ErrorParts{.code = Code::diverged, .file = {}, .place = "step 7", .found = "loss is not finite",
                .allowed = "a finite loss", .advice = "Lower the learning rate."});
    };
    RunSession& session = fixture.bench.session();
    Log log(session);
    session.start({a, b});
    QTRY_VERIFY(!session.isBusy());
    QCOMPARE(log.withoutEvents(),
        QStringList({"started " + a, "ended " + a + " diverged", "started " + b, "ended " + b + " finished", "idle"}));
    QVERIFY2(log.errors[a].contains("E-DIVERGED"), qPrintable(log.errors[a]));
    QVERIFY(fixture.store().run(a.toStdString()).state == RunState::diverged);
}

void TestRunSession::engineThatDoesNotLoadHaltsTheQueue()
{
    PageFixture fixture;
    const QString a = create(fixture, 30), b = create(fixture, 30);
    bool broken = true;
    RunSession session(fixture.bench.dataDirectory(), [&]() -> std::shared_ptr<Engine> {
        if (broken)
            throw std::runtime_error("no library");
        return fixture.engine;
    });
    Log log(session);
    QSignalSpy halted(&session, &RunSession::halted);
    session.startAll();
    QTRY_VERIFY(!session.isBusy());
    QCOMPARE(log.withoutEvents(), QStringList({"idle"}));
    QCOMPARE(halted.size(), 1);
    QCOMPARE(halted.front()[0].toString(), QString());
    QCOMPARE(halted.front()[1].toString(), QString("no library"));
    QVERIFY(!session.goesOn());
    for (const QString& run : {a, b})
        QVERIFY(fixture.store().run(run.toStdString()).state == RunState::queued);
    broken = false;
    session.start({a});
    QTRY_VERIFY(!session.isBusy());
    QVERIFY(fixture.store().run(a.toStdString()).state == RunState::finished);
}

void TestRunSession::aQueueThatCannotBeReadIsTold()
{
    PageFixture fixture;
    const QString a = create(fixture, 5);
    const auto file = fixture.bench.dataDirectory() / "queue.json";
    std::ofstream(file) << R"({"format":1,"order":"a"})";
    RunSession& session = fixture.bench.session();
    QSignalSpy halted(&session, &RunSession::halted);
    session.startAll();
    QTRY_VERIFY(!session.isBusy());
    QCOMPARE(halted.size(), 1);
    QVERIFY2(halted.front()[1].toString().contains("/order"), qPrintable(halted.front()[1].toString()));
    QVERIFY(!session.goesOn());
    QVERIFY(fixture.store().run(a.toStdString()).state == RunState::queued);
    std::filesystem::remove(file);
    session.startAll();
    QTRY_VERIFY(!session.isBusy());
    QVERIFY(fixture.store().run(a.toStdString()).state == RunState::finished);
}

// Longer than SQLite itself waits.
void TestRunSession::aStoreThatIsBusyIsAskedAgain()
{
    PageFixture fixture;
    const QString a = create(fixture, 5);
    Database other(fixture.bench.dataDirectory() / "runs.db", Database::Access::write);
    other.execute("BEGIN EXCLUSIVE");
    RunSession& session = fixture.bench.session();
    QSignalSpy halted(&session, &RunSession::halted);
    session.startAll();
    QTest::qWait(5600);
    QVERIFY(session.isBusy());
    other.execute("COMMIT");
    QTRY_VERIFY_WITH_TIMEOUT(!session.isBusy(), 20'000);
    QCOMPARE(halted.size(), 0);
    QVERIFY(fixture.store().run(a.toStdString()).state == RunState::finished);
}

void TestRunSession::windowThatFellBehindIsToldWhatItMissed()
{
    PageFixture fixture;
    fixture.engine->perStep = std::chrono::microseconds(0);
    const auto steps = int64_t(Mailbox<int>::kMost) + 2000;
    const QString a = create(fixture, steps);
    RunSession& session = fixture.bench.session();
    Log log(session);
    session.start({a});
    // The window does nothing meanwhile: no event is delivered.
    for (int i = 0; i < 60'000 && fixture.engine->stepsTaken < steps; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    QCOMPARE(fixture.engine->stepsTaken.load(), steps);
    QCOMPARE(log.said.size(), 0);
    QTRY_VERIFY_WITH_TIMEOUT(!session.isBusy(), 30'000);
    QCOMPARE(log.missed, QStringList{a});
    QVERIFY(log.steps[a].size() < size_t(steps));
    QCOMPARE(log.withoutEvents(), QStringList({"started " + a, "ended " + a + " finished", "idle"}));
    QCOMPARE(int64_t(fixture.store().curve(a.toStdString(), "loss").size()), steps);
}

void TestRunSession::endOfTheSessionStopsWithACheckpoint()
{
    PageFixture fixture;
    fixture.engine->perStep = std::chrono::milliseconds(2);
    const QString a = create(fixture, 5000);
    {
        RunSession session(fixture.bench.dataDirectory(), [&] { return fixture.engine; });
        session.start({a});
        QTRY_VERIFY(fixture.engine->stepsTaken > 5);
    }
    QVERIFY(fixture.store().run(a.toStdString()).state == RunState::stopped);
    const auto checkpoints = std::filesystem::path(fixture.store().folderOf(a.toStdString())) / "checkpoints";
    QVERIFY(!std::filesystem::is_empty(checkpoints));
}

void TestRunSession::comparisonHasOneRunAnArm()
{
    PageFixture fixture;
    RunConfig config = fixture.bench.config();
    config.steps = 12;
    config.seed = 3;
    fixture.bench.edit(config, "steps");
    fixture.bench.setArmOverride("pissa", "learningRate", 5e-5);
    QSignalSpy changed(&fixture.bench, &Workbench::runsChanged);
    const QStringList runs = fixture.create();
    QCOMPARE(runs.size(), 2);
    QTRY_VERIFY(!fixture.bench.session().isBusy());
    RunStore store = fixture.store();
    const RunRow lora = store.run(runs[0].toStdString()), pissa = store.run(runs[1].toStdString());
    QCOMPARE(lora.method, std::string("lora"));
    QCOMPARE(pissa.method, std::string("pissa"));
    QVERIFY(!lora.comparison.empty());
    QCOMPARE(lora.comparison, pissa.comparison);
    QCOMPARE(store.config(lora.id).learningRate, 2e-4);
    QCOMPARE(store.config(pissa.id).learningRate, 5e-5);
    QCOMPARE(store.config(pissa.id).seed, int64_t(3));
    QVERIFY(lora.state == RunState::finished && pissa.state == RunState::finished);
    QVERIFY(changed.size() >= 3);
}

void TestRunSession::comparisonWithWrongOverrideStartsNothing()
{
    PageFixture fixture;
    fixture.bench.setArmOverride("pissa", "learningRate", -1.0);
    QVERIFY_EXCEPTION_THROWN(fixture.bench.startComparison(), Error);
    QVERIFY(!fixture.bench.isCreating());
    QVERIFY(!fixture.bench.session().isBusy());
    fixture.bench.setArmOverride("pissa", "learningRate", nullptr);
    QVERIFY(fixture.bench.armOverrides().empty());
    fixture.bench.setArms({});
    QVERIFY_EXCEPTION_THROWN(fixture.bench.startComparison(), Error);
    RunStore store(fixture.bench.dataDirectory());
    QCOMPARE(store.runs().size(), size_t(0));
}

void TestRunSession::editsAreUndone()
{
    PageFixture fixture;
    Workbench& bench = fixture.bench;
    QSignalSpy changed(&bench, &Workbench::configChanged);
    RunConfig config = bench.config();
    bench.edit(config, "nothing");
    QCOMPARE(changed.size(), 0);
    QVERIFY(!bench.undoStack().canUndo());
    config.rank = 64;
    bench.edit(config, "Change rank");
    QCOMPARE(bench.config().rank, int64_t(64));
    QCOMPARE(bench.undoStack().undoText(), QString("Change rank"));
    bench.setArms({"pissa"});
    bench.undoStack().undo();
    QCOMPARE(bench.arms(), QStringList({"lora", "pissa"}));
    bench.undoStack().undo();
    QCOMPARE(bench.config().rank, int64_t(16));
    QCOMPARE(changed.size(), 2);
    bench.undoStack().redo();
    QCOMPARE(bench.config().rank, int64_t(64));
    // Another model: its ranks cannot be those of this one.
    config.plan["model.layers.0.self_attn.q_proj"] = {.rank = 4, .alpha = 4};
    bench.edit(config, "Use ranks");
    ModelInfo other;
    other.spec = "/models/other";
    bench.selectModel(other);
    QVERIFY(bench.config().plan.empty());
    QCOMPARE(bench.config().model, std::string("/models/other"));
    QVERIFY(!bench.undoStack().canUndo());
}

void TestRunSession::theStoredQueueSaysWhatIsNext()
{
    PageFixture fixture;
    fixture.engine->perStep = std::chrono::milliseconds(2);
    const QString a = create(fixture, 200), b = create(fixture, 5), c = create(fixture, 5);
    RunSession& session = fixture.bench.session();
    Log log(session);
    session.startAll();
    QTRY_VERIFY(fixture.engine->stepsTaken > 5 && session.current() == a);
    QCOMPARE(session.queued(), QStringList({b, c}));
    RunStore store(fixture.bench.dataDirectory());
    RunQueue(fixture.bench.dataDirectory()).move(store, {c.toStdString()}, 0);
    const QString d = create(fixture, 5);   // put there while the queue goes
    QTRY_VERIFY(!session.isBusy());
    QCOMPARE(log.withoutEvents(),
        QStringList({"started " + a, "ended " + a + " finished", "started " + c, "ended " + c + " finished", "started " + b,
            "ended " + b + " finished", "started " + d, "ended " + d + " finished", "idle"}));
}

void TestRunSession::aFailureHoldsTheQueueWhereItShould()
{
    PageFixture fixture;
    RunQueue(fixture.bench.dataDirectory()).setContinuesOnError(false);
    const QString a = create(fixture, 30), b = create(fixture, 5);
    fixture.engine->beforeStep = [](int64_t step) {
        if (step == 7)
            throw std::runtime_error("the disk is full");
    };
    RunSession& session = fixture.bench.session();
    Log log(session);
    QSignalSpy halted(&session, &RunSession::halted);
    session.start({a, b});
    QTRY_VERIFY(!session.isBusy());
    QCOMPARE(log.withoutEvents(), QStringList({"started " + a, "ended " + a + " failed", "idle"}));
    QCOMPARE(halted.size(), 1);
    QCOMPARE(halted.front().front().toString(), a);
    QVERIFY(!session.goesOn());
    QVERIFY(fixture.store().run(b.toStdString()).state == RunState::queued);
}

void TestRunSession::holdingLetsTheRunEnd()
{
    PageFixture fixture;
    fixture.engine->perStep = std::chrono::milliseconds(2);
    const QString a = create(fixture, 60), b = create(fixture, 5);
    RunSession& session = fixture.bench.session();
    session.startAll();
    QTRY_VERIFY(fixture.engine->stepsTaken > 5 && session.current() == a);
    QVERIFY(session.goesOn());
    session.hold();
    QVERIFY(!session.goesOn());
    QTRY_VERIFY(!session.isBusy());
    QVERIFY(fixture.store().run(a.toStdString()).state == RunState::finished);
    QVERIFY(fixture.store().run(b.toStdString()).state == RunState::queued);
}

void TestRunSession::armsOfOneSeedTakeTurns()
{
    PageFixture fixture;
    RunConfig config = fixture.bench.config();
    config.steps = 15;
    fixture.bench.edit(config, "steps");
    ComparisonPlan plan;
    plan.seeds = {0, 1};
    plan.sweep = RateSweep{.points = 1};
    plan.schedule = Schedule::interleaved;
    fixture.bench.setPlan(plan);
    RunSession& session = fixture.bench.session();
    qsizetype together = 0;
    std::vector<QString> order;
    connect(&session, &RunSession::advanced, this, [&](const std::vector<Event>& batch) {
        together = std::max(together, session.running().size());
        for (const Event& event : batch)
            if (const auto* step = std::get_if<StepEvent>(&event))
                order.push_back(QString::fromStdString(step->run));
    });
    const QStringList runs = fixture.create();
    QCOMPARE(runs.size(), 4);
    QTRY_VERIFY(!session.isBusy());
    QCOMPARE(together, qsizetype(2));
    QCOMPARE(order.size(), size_t(60));
    int changes = 0;
    for (size_t i = 1; i < order.size(); ++i)
        changes += order[i] != order[i - 1] ? 1 : 0;
    QVERIFY2(changes >= 50, qPrintable(QString::number(changes)));   // of 59; the first steps wait for the second model
    RunStore store = fixture.store();
    for (const QString& run : runs)
        QVERIFY(store.run(run.toStdString()).state == RunState::finished);
}

// A pair that was stopped half-way is resumed as a pair.
void TestRunSession::armsThatGoOnTakeTurns()
{
    PageFixture fixture;
    fixture.engine->perStep = std::chrono::milliseconds(1);
    RunConfig config = fixture.bench.config();
    config.steps = 60;
    fixture.bench.edit(config, "steps");
    ComparisonPlan plan;
    plan.sweep = RateSweep{.points = 1};
    plan.schedule = Schedule::interleaved;
    fixture.bench.setPlan(plan);
    RunSession& session = fixture.bench.session();
    const QStringList runs = fixture.create();
    QCOMPARE(runs.size(), 2);
    QTRY_VERIFY(session.running().size() == 2 && fixture.engine->stepsTaken > 10);
    session.stopAll();
    QTRY_VERIFY(!session.isBusy());
    for (const QString& run : runs)
        QVERIFY(fixture.store().run(run.toStdString()).state == RunState::stopped);
    qsizetype together = 0;
    connect(&session, &RunSession::advanced, this, [&] { together = std::max(together, session.running().size()); });
    Log log(session);
    session.start(runs, true);
    QTRY_VERIFY(!session.isBusy());
    QCOMPARE(together, qsizetype(2));
    for (const QString& run : runs) {
        QVERIFY(log.steps[run].front() > 1);   // from its checkpoint
        QCOMPARE(log.steps[run].back(), int64_t(60));
        QVERIFY(fixture.store().run(run.toStdString()).state == RunState::finished);
    }
}

// Both arms with both seeds.
void TestRunSession::runsOnOneBaseAreTrainedAtOnce()
{
    PageFixture fixture;
    fixture.engine->perStep = std::chrono::milliseconds(1);
    RunConfig config = fixture.bench.config();
    config.steps = 40;
    config.batch = 4;
    fixture.bench.edit(config, "steps");
    ComparisonPlan plan;
    plan.seeds = {0, 1};
    plan.sweep = RateSweep{.points = 1};
    plan.schedule = Schedule::together;
    fixture.bench.setPlan(plan);
    RunSession& session = fixture.bench.session();
    qsizetype together = 0;
    connect(&session, &RunSession::advanced, this, [&] { together = std::max(together, session.running().size()); });
    const QStringList runs = fixture.create();
    QCOMPARE(runs.size(), 4);
    QTRY_VERIFY(!session.isBusy());
    QCOMPARE(together, qsizetype(4));
    for (const QString& run : runs)
        QVERIFY(fixture.store().run(run.toStdString()).state == RunState::finished);
}

void TestRunSession::addedRunsWaitOrFollow()
{
    PageFixture fixture;
    fixture.engine->perStep = std::chrono::milliseconds(1);
    RunConfig config = fixture.bench.config();
    config.steps = 60;
    fixture.bench.edit(config, "steps");
    RunSession& session = fixture.bench.session();
    const QStringList waiting = fixture.create(false);
    QVERIFY(!session.isBusy());
    QVERIFY(fixture.store().run(waiting[0].toStdString()).state == RunState::queued);
    const QStringList trained = fixture.create(true);
    QTRY_VERIFY(!session.current().isEmpty());
    const QStringList followers = fixture.create(false);   // while something trains
    QTRY_VERIFY(!session.isBusy());
    for (const QString& run : trained + followers)
        QVERIFY(fixture.store().run(run.toStdString()).state == RunState::finished);
    for (const QString& run : waiting)                      // these were only put there
        QVERIFY(fixture.store().run(run.toStdString()).state == RunState::queued);
}

QTEST_GUILESS_MAIN(TestRunSession)
#include "tst_run_session.moc"
