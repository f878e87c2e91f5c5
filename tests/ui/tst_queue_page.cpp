// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The Queue page: order, groups, moving, editing, copying and removing waiting runs, holding after a failure, what has ended.
#include "storage/runs/run_queue.h"
#include "tests/ui/page_fixture.h"
#include "ui/pages/queue_page.h"
#include "ui/widgets/arm_progress.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/queue_tree.h"
#include "ui/widgets/queued_run_dialog.h"

#include <QCheckBox>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>
#include <QTableWidget>
#include <QToolButton>

using namespace rankwright;
using Fixture = PageFixture<>;

namespace {

// A page over waiting runs that belong to no comparison: "a", "b", "c".
struct Opened
{
    explicit Opened(int64_t steps = 20)
    {
        RunStore store(fixture.bench.dataDirectory());
        for (const char* name : {"a", "b", "c"}) {
            RunConfig config;
            config.name = name;
            config.steps = steps;
            ids << QString::fromStdString(store.createRun(config));
        }
        page = std::make_unique<QueuePage>(fixture.bench);
        page->resize(1200, 760);
        page->show();
        page->activated();
        tree = Fixture::part<QueueTree>(*page, "queueTree");
        if (!QTest::qWaitFor([&] { return tree->topLevelItemCount() == 3; }, 20'000))
            qFatal("the queue was not shown");
    }
    [[nodiscard]] QStringList names() const
    {
        QStringList shown;
        for (int i = 0; i < tree->topLevelItemCount(); ++i)
            shown << tree->topLevelItem(i)->text(0).trimmed();
        return shown;
    }
    [[nodiscard]] bool shows(const QStringList& wanted) const
    {
        return QTest::qWaitFor([&] { return names() == wanted; }, 20'000);
    }
    void press(const char* button) const { Fixture::part<QToolButton>(*page, button)->click(); }
    Fixture fixture;
    QStringList ids;
    std::unique_ptr<QueuePage> page;
    QueueTree* tree = nullptr;
};

}  // namespace

class TestQueuePage : public QObject
{
    Q_OBJECT
private slots:
    void emptyQueueSaysSo();
    void buttonsMoveTheSelection();
    void keysMoveToo();
    void droppingIsAMove();
    void aComparisonIsOneGroup();
    void editingChangesTheRun();
    void aComparisonKeepsItsDataAndSeed();
    void copiesAndRemoves();
    void startsAndHolds();
    void aFailureHoldsAndSaysWhy();
    void everythingHasAName();
};

void TestQueuePage::emptyQueueSaysSo()
{
    Fixture fixture;
    QueuePage page(fixture.bench);
    page.show();
    page.activated();
    QVERIFY(Fixture::part<QLabel>(page, "nothingWaits")->isVisible());
    QVERIFY(!Fixture::part<QPushButton>(page, "queueGoButton")->isEnabled());
}

void TestQueuePage::buttonsMoveTheSelection()
{
    Opened opened;
    QCOMPARE(opened.names(), QStringList({"a", "b", "c"}));
    QVERIFY(!Fixture::part<QToolButton>(*opened.page, "queueUp")->isEnabled());
    opened.tree->select({opened.ids[2]});
    opened.press("queueUp");
    QVERIFY(opened.shows({"a", "c", "b"}));
    QCOMPARE(opened.tree->selectedRuns(), QStringList{opened.ids[2]});   // still the same run
    opened.press("queueFirst");
    QVERIFY(opened.shows({"c", "a", "b"}));
    opened.press("queueDown");
    QVERIFY(opened.shows({"a", "c", "b"}));
    opened.press("queueLast");
    QVERIFY(opened.shows({"a", "b", "c"}));
    opened.tree->select({opened.ids[1], opened.ids[2]});
    opened.press("queueFirst");
    QVERIFY(opened.shows({"b", "c", "a"}));
    auto store = opened.fixture.store();
    QCOMPARE(RunQueue(opened.fixture.bench.dataDirectory()).waiting(store).front().name, std::string("b"));
}

void TestQueuePage::keysMoveToo()
{
    Opened opened;
    opened.tree->select({opened.ids[0]});
    opened.tree->setFocus();
    QVERIFY(QTest::qWaitForWindowActive(opened.page.get()));
    QTest::keyClick(opened.tree, Qt::Key_Down, Qt::AltModifier);
    QVERIFY(opened.shows({"b", "a", "c"}));
    QTest::keyClick(opened.tree, Qt::Key_Delete);
    QVERIFY(opened.shows({"b", "c"}));
}

void TestQueuePage::droppingIsAMove()
{
    Opened opened;
    opened.tree->select({opened.ids[0]});
    emit opened.tree->moveWanted({opened.ids[0]}, 1);   // what dropEvent says
    QVERIFY(opened.shows({"b", "a", "c"}));
}

void TestQueuePage::aComparisonIsOneGroup()
{
    Opened opened;
    const auto runs = opened.fixture.create(false);
    QTRY_COMPARE(opened.tree->topLevelItemCount(), 6);   // three, a heading, two
    auto* heading = opened.tree->topLevelItem(3);
    QVERIFY2(heading->text(0).contains("2 runs"), qPrintable(heading->text(0)));
    opened.tree->clearSelection();
    heading->setSelected(true);
    QCOMPARE(opened.tree->selectedRuns(), runs);
    opened.press("queueFirst");
    QTRY_VERIFY(opened.tree->topLevelItem(0)->text(0).contains("2 runs"));
    QCOMPARE(opened.names().mid(3), QStringList({"a", "b", "c"}));
}

void TestQueuePage::editingChangesTheRun()
{
    Opened opened;
    opened.tree->select({opened.ids[1]});
    opened.press("queueEdit");
    QTRY_VERIFY(opened.page->findChild<QueuedRunDialog*>() != nullptr);
    auto* dialog = opened.page->findChild<QueuedRunDialog*>();
    auto* rank = dialog->findChild<QSpinBox*>("field_rank");
    QVERIFY(rank != nullptr);
    rank->setValue(5);
    dialog->findChild<QPushButton*>("saveQueuedRun")->click();
    QTRY_VERIFY(opened.page->findChild<QueuedRunDialog*>() == nullptr);
    QCOMPARE(opened.fixture.store().config(opened.ids[1].toStdString()).rank, int64_t(5));
    QCOMPARE(opened.fixture.store().config(opened.ids[0].toStdString()).rank, RunConfig().rank);
}

void TestQueuePage::aComparisonKeepsItsDataAndSeed()
{
    Opened opened;
    const auto runs = opened.fixture.create(false);
    QTRY_COMPARE(opened.tree->topLevelItemCount(), 6);
    opened.tree->select({runs[0]});
    opened.press("queueEdit");
    QTRY_VERIFY(opened.page->findChild<QueuedRunDialog*>() != nullptr);
    auto* dialog = opened.page->findChild<QueuedRunDialog*>();
    QVERIFY(dialog->findChild<QWidget*>("field_rank") != nullptr);
    QVERIFY(dialog->findChild<QWidget*>("field_seed") == nullptr);
    QVERIFY(dialog->findChild<QWidget*>("field_maxLength") == nullptr);
}

void TestQueuePage::copiesAndRemoves()
{
    Opened opened;
    opened.tree->select({opened.ids[0]});
    opened.press("queueCopy");
    QVERIFY(opened.shows({"a", "b", "c", "a copy"}));
    opened.tree->select({opened.ids[0], opened.ids[2]});
    opened.press("queueRemove");
    QVERIFY(opened.shows({"b", "a copy"}));
    QCOMPARE(opened.fixture.store().runs().size(), size_t(2));
}

void TestQueuePage::startsAndHolds()
{
    Opened opened(400);
    opened.fixture.engine->perStep = std::chrono::milliseconds(2);
    auto* go = Fixture::part<QPushButton>(*opened.page, "queueGoButton");
    go->click();
    QTRY_VERIFY(opened.page->findChild<ArmProgress*>() != nullptr);
    QVERIFY(opened.shows({"b", "c"}));
    QTRY_VERIFY(opened.page->findChild<ArmProgress*>()->step() > 3);   // it moves
    go->click();                                                     // hold
    QVERIFY(!opened.fixture.bench.session().goesOn());
    QTRY_VERIFY_WITH_TIMEOUT(!opened.fixture.bench.session().isBusy(), 20'000);
    QVERIFY(opened.shows({"b", "c"}));
    auto* ended = Fixture::part<QTableWidget>(*opened.page, "endedTable");
    QTRY_COMPARE(ended->rowCount(), 1);
    QCOMPARE(ended->item(0, 1)->text(), QString("Finished"));
    QVERIFY(go->isEnabled());
}

void TestQueuePage::aFailureHoldsAndSaysWhy()
{
    Opened opened;
    auto* box = Fixture::part<QCheckBox>(*opened.page, "continueOnError");
    QVERIFY(box->isChecked());
    box->click();
    QTRY_VERIFY(!RunQueue(opened.fixture.bench.dataDirectory()).continuesOnError());
    opened.fixture.engine->beforeStep = [](int64_t step) {
        if (step == 3)
            throw std::runtime_error("the disk is full");
    };
    Fixture::part<QPushButton>(*opened.page, "queueGoButton")->click();
    auto* messages = Fixture::part<MessageBar>(*opened.page, "queueMessages");
    QTRY_VERIFY2(messages->text().contains("held"), qPrintable(messages->text()));
    QVERIFY(opened.shows({"b", "c"}));
    auto* ended = Fixture::part<QTableWidget>(*opened.page, "endedTable");
    QTRY_COMPARE(ended->rowCount(), 1);
    QVERIFY2(ended->item(0, 4)->text().contains("disk is full"), qPrintable(ended->item(0, 4)->text()));
}

void TestQueuePage::everythingHasAName()
{
    Opened opened;
    QCOMPARE(Fixture::unnamed(*opened.page), QStringList());
}

QTEST_MAIN(TestQueuePage)
#include "tst_queue_page.moc"
