// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The arms of a comparison: choosing methods, their options, and what is said where settings make no sense together.
// RANKWRIGHT_PICTURES=DIR keeps pictures of the page.
#include "tests/ui/page_fixture.h"
#include "ui/models/arms.h"
#include "ui/models/export_forms.h"
#include "ui/pages/configure_page.h"
#include "ui/theme.h"
#include "ui/widgets/arm_cards.h"
#include "ui/widgets/method_picker.h"

#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QScrollArea>
#include <QToolButton>

#include <set>

using namespace rankwright;
using Fixture = PageFixture<>;

namespace {

MethodPicker* openPicker(QWidget& page)
{
    auto* add = Fixture::part<QPushButton>(page, "addMethodButton");
    add->setFocus();
    QTest::keyClick(add, Qt::Key_Space);
    auto* picker = page.findChild<MethodPicker*>();
    if (picker == nullptr || !QTest::qWaitFor([&] { return picker->isVisible(); }, 2000))
        qFatal("the picker did not open");
    return picker;
}

void choose(QComboBox* box, int index)
{
    box->setCurrentIndex(index);
    emit box->activated(index);
}

void enter(QLineEdit* line, const QString& text)
{
    line->setText(text);
    emit line->editingFinished();
}

}  // namespace

class TestArms : public QObject
{
    Q_OBJECT
private slots:
    void namesOfArms();
    void aMethodIsAddedByKeyboard();
    void theSearchFindsByWords();
    void optionsReachTheRun();
    void twoArmsOfOneMethod();
    void aRefusedOptionHoldsStartBack();
    void whatMakesNoSenseIsSaid_data();
    void whatMakesNoSenseIsSaid();
    void thePaperRateIsOneClickAway();
    void removingIsUndone();
    void aFileOfAnotherMethodBecomesAnArm();
    void exportSaysWhatCannotBe_data();
    void exportSaysWhatCannotBe();
    void everyMethodFitsOnThePage();
    void pictures();
};

void TestArms::namesOfArms()
{
    QCOMPARE(armMethod("pissa 2"), std::string("pissa"));
    QCOMPARE(armTitle("pissa 2"), QString("PiSSA 2"));
    QCOMPARE(armTitle("no-such-method"), QString("no-such-method"));
    QCOMPARE(newArm("pissa", {"lora"}), QString("pissa"));
    QCOMPARE(newArm("pissa", {"pissa", "pissa 3"}), QString("pissa 2"));
    ArmOverrides changes;
    changes["pissa 2"] = {{"slice", "minor"}, {"learningRate", 1e-4}};
    changes["lora"] = {{"learningRate", 1e-3}};
    QCOMPARE(armLabels({"lora", "pissa", "pissa 2"}, changes),
        QStringList({"lora", "pissa", "pissa lr=0.0001 slice=minor"}));
    QCOMPARE(armLabels({"pissa", "pissa 3"}, {}), QStringList({"pissa", "pissa (2)"}));
    RunConfig shared;
    shared.options["slice"] = "minor";   // of the shared method, which is LoRA: not PiSSA's
    QVERIFY(armConfig(shared, "pissa", {}).options.empty());
    QCOMPARE(optionText(armConfig(RunConfig(), "pissa 2", changes), "slice"), std::string("minor"));
}

void TestArms::aMethodIsAddedByKeyboard()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    page.resize(1200, 760);
    page.show();
    QVERIFY(QTest::qWaitForWindowExposed(&page));
    auto* picker = openPicker(page);
    auto* search = Fixture::part<QLineEdit>(*picker, "methodSearch");
    auto* list = Fixture::part<QListWidget>(*picker, "methodList");
    QCOMPARE(list->count(), int(methodCards().size()));
    QTest::keyClicks(search, "dora");
    QTest::keyClick(search, Qt::Key_Return);
    QCOMPARE(fixture.bench.arms(), QStringList({"lora", "pissa", "dora"}));
    QVERIFY(Fixture::part<QCheckBox>(page, "arm_dora")->isChecked());
    QTRY_VERIFY(page.findChild<MethodPicker*>() == nullptr);
    // With the arrows: one down from the first is the second of the registry.
    picker = openPicker(page);
    search = Fixture::part<QLineEdit>(*picker, "methodSearch");
    QTest::keyClick(search, Qt::Key_Down);
    QTest::keyClick(search, Qt::Key_Return);
    QCOMPARE(fixture.bench.arms().back(), format::text(methodCards()[1]->id));
    // The new card is reached from the one before with the Tab key.
    auto* before = Fixture::part<QWidget>(page, "armMore_dora");
    QStringList reached;
    for (QWidget* next = before->nextInFocusChain(); next != before && reached.size() < 200; next = next->nextInFocusChain())
        if (next->focusPolicy() & Qt::TabFocus)
            reached << next->objectName();
    const auto card = reached.indexOf("arm_" + fixture.bench.arms().back());
    QVERIFY2(card >= 0 && card < reached.indexOf("field_rank"), qPrintable(reached.join(' ')));
    fixture.bench.undoStack().undo();
    fixture.bench.undoStack().undo();
    QCOMPARE(fixture.bench.arms(), QStringList({"lora", "pissa"}));
}

void TestArms::theSearchFindsByWords()
{
    MethodPicker picker({"lora"});
    picker.show();
    auto* search = Fixture::part<QLineEdit>(picker, "methodSearch");
    auto* list = Fixture::part<QListWidget>(picker, "methodList");
    const auto found = [&] {
        int count = 0;
        for (int i = 0; i < list->count(); ++i)
            count += !list->item(i)->isHidden();
        return count;
    };
    search->setText("our reading");
    QVERIFY(found() >= 1 && found() < 6);
    QVERIFY(list->currentItem() != nullptr && !list->currentItem()->isHidden());
    search->setText("no such method anywhere");
    QCOMPARE(found(), 0);
    QVERIFY(!Fixture::part<QPushButton>(picker, "methodAdd")->isEnabled());
    QVERIFY(Fixture::part<QLabel>(picker, "methodNothing")->isVisible());
    QTest::keyClick(search, Qt::Key_Return);   // nothing is added
    QVERIFY(picker.isVisible());
    search->clear();
    QCOMPARE(found(), int(methodCards().size()));
    for (int i = 0; i < list->count(); ++i) {
        const auto said = list->item(i)->data(Qt::AccessibleTextRole).toString();
        QVERIFY2(said.contains("Trained: "), qPrintable(said));
    }
}

void TestArms::optionsReachTheRun()
{
    Fixture fixture;
    fixture.bench.setArms({"lora", "pissa", "qpissa"});
    ConfigurePage page(fixture.bench);
    auto* slice = Fixture::part<QComboBox>(page, "armOption_pissa_slice");
    choose(slice, slice->findText("minor"));
    auto* svd = Fixture::part<QComboBox>(page, "armOption_pissa_svd");
    enter(svd->lineEdit(), "4");
    enter(Fixture::part<QLineEdit>(page, "armOption_qpissa_rounds"), "3");
    auto* base = Fixture::part<QComboBox>(page, "armOption_lora_base");
    choose(base, base->findData("nf4"));
    auto* optimiser = Fixture::part<QComboBox>(page, "armOption_pissa_optimizer");
    choose(optimiser, optimiser->findData("rite"));
    QVERIFY(Fixture::part<QLabel>(page, "armChanges_pissa")->text().contains("minor"));
    Fixture::part<QPushButton>(page, "copyCommandButton")->click();
    const auto command = QGuiApplication::clipboard()->text();
    QVERIFY2(command.contains("--arm lora:base=nf4 ") && command.contains("slice=minor") && command.contains("rounds=3"),
        qPrintable(command));
    auto* start = Fixture::part<QPushButton>(page, "startButton");
    QVERIFY2(start->isEnabled(), qPrintable(Fixture::part<QLabel>(page, "startNote")->text()));
    start->click();
    QTRY_VERIFY_WITH_TIMEOUT(!fixture.bench.isCreating() && !fixture.bench.session().isBusy(), 20'000);
    auto store = fixture.store();
    std::map<std::string, RunConfig> runs;
    for (const RunRow& row : store.runs())
        runs[row.method] = store.config(row.id);
    QCOMPARE(runs.size(), size_t(3));
    QCOMPARE(optionText(runs["pissa"], "slice"), std::string("minor"));
    QCOMPARE(optionText(runs["pissa"], "svd"), std::string("4"));
    QCOMPARE(runs["pissa"].optimizer, std::string("rite"));
    QCOMPARE(optionNumber(runs["qpissa"], "rounds"), 3.0);
    QCOMPARE(effectiveBase(runs["qpissa"]), methodCard("qpissa").base);
    QCOMPARE(runs["lora"].base, std::string("nf4"));
    // The default again is no change.
    choose(slice, slice->findText("principal"));
    QVERIFY(!fixture.bench.armOverrides().at("pissa").contains("slice"));
    choose(base, 0);
    QVERIFY(!fixture.bench.armOverrides().contains("lora"));
}

void TestArms::twoArmsOfOneMethod()
{
    Fixture fixture;
    fixture.bench.setArms({"pissa"});
    ConfigurePage page(fixture.bench);
    page.findChild<ArmCards*>()->add("pissa");
    QCOMPARE(fixture.bench.arms(), QStringList({"pissa", "pissa 2"}));
    auto* slice = Fixture::part<QComboBox>(page, "armOption_pissa 2_slice");
    choose(slice, slice->findText("minor"));
    Fixture::part<QPushButton>(page, "startButton")->click();
    QTRY_VERIFY_WITH_TIMEOUT(!fixture.bench.isCreating() && !fixture.bench.session().isBusy(), 20'000);
    auto store = fixture.store();
    std::set<std::string> slices, names;
    for (const RunRow& row : store.runs()) {
        QCOMPARE(row.method, std::string("pissa"));
        slices.insert(optionText(store.config(row.id), "slice"));
        names.insert(row.name);
    }
    QCOMPARE(slices, (std::set<std::string>{"minor", "principal"}));
    QCOMPARE(names, (std::set<std::string>{"pissa", "pissa slice=minor"}));
}

void TestArms::aRefusedOptionHoldsStartBack()
{
    Fixture fixture;
    fixture.bench.setArms({"qpissa"});
    ConfigurePage page(fixture.bench);
    auto* rounds = Fixture::part<QLineEdit>(page, "armOption_qpissa_rounds");
    auto* start = Fixture::part<QPushButton>(page, "startButton");
    auto* problem = Fixture::part<QLabel>(page, "armOptionProblem_qpissa_rounds");
    for (const char* wrong : {"0", "1,5", "many", "1e9", "2.5", ""}) {
        enter(rounds, wrong);
        QVERIFY2(!problem->text().isEmpty(), wrong);
        QVERIFY2(!start->isEnabled(), wrong);
    }
    QVERIFY(fixture.bench.armOverrides().empty());
    enter(rounds, "2");
    QVERIFY(problem->text().isEmpty());
    QVERIFY(start->isEnabled());
}

void TestArms::whatMakesNoSenseIsSaid_data()
{
    QTest::addColumn<QString>("arm");
    QTest::addColumn<QString>("key");
    QTest::addColumn<QString>("value");
    QTest::addColumn<double>("dropout");
    QTest::addColumn<QString>("says");
    QTest::newRow("dropout with PiSSA") << "pissa" << "" << "" << 0.1 << "Dropout";
    QTest::newRow("full on few bits") << "full" << "base" << "nf4" << 0.0 << "nf4";
    QTest::newRow("LoRA-XS with RITE") << "lora-xs" << "optimizer" << "rite" << 0.0 << "RITE";
    QTest::newRow("QLoRA in full precision") << "qlora" << "base" << "none" << 0.0 << "full precision";
}

void TestArms::whatMakesNoSenseIsSaid()
{
    QFETCH(QString, arm);
    QFETCH(QString, key);
    QFETCH(QString, value);
    QFETCH(double, dropout);
    QFETCH(QString, says);
    Fixture fixture;
    fixture.bench.setArms({"lora", arm});
    ConfigurePage page(fixture.bench);
    page.resize(1200, 760);
    page.show();
    auto* start = Fixture::part<QPushButton>(page, "startButton");
    QVERIFY(start->isEnabled());
    auto config = fixture.bench.config();
    config.dropout = dropout;
    fixture.bench.edit(config, "dropout");
    if (!key.isEmpty())
        fixture.bench.setArmOverride(format::plain(arm), format::plain(key), format::plain(value));
    auto* problem = page.findChild<QLabel*>("armProblem_" + arm);
    QVERIFY(problem->isVisible());
    QVERIFY2(problem->text().contains(says) && problem->text().contains("Allowed: "), qPrintable(problem->text()));
    QVERIFY(!page.findChild<QLabel*>("armProblem_lora")->isVisible());
    QVERIFY(!start->isEnabled());
    auto* note = Fixture::part<QLabel>(page, "startNote");
    QVERIFY2(note->text().startsWith(armTitle(arm)) && note->text().contains(says), qPrintable(note->text()));
    page.findChild<QCheckBox*>("arm_" + arm)->click();   // without that arm there is nothing wrong
    QVERIFY(start->isEnabled());
}

void TestArms::thePaperRateIsOneClickAway()
{
    Fixture fixture;
    fixture.bench.setArms({"lora-xs"});
    ConfigurePage page(fixture.bench);
    page.show();
    auto* paper = Fixture::part<QToolButton>(page, "armPaperRate_lora-xs");
    QVERIFY(paper->isVisible());
    QVERIFY2(paper->toolTip().contains(format::text(methodCard("lora-xs").learningRateSource).toHtmlEscaped()),
        qPrintable(paper->toolTip()));
    paper->click();
    QCOMPARE(fixture.bench.armOverrides().at("lora-xs").at("learningRate").get<double>(), methodCard("lora-xs").learningRate);
    QVERIFY(!paper->isVisible());
    QVERIFY(!Fixture::part<QLineEdit>(page, "armRate_lora-xs")->text().isEmpty());
}

void TestArms::removingIsUndone()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    fixture.bench.setArmOverride("lora", "learningRate", 1e-3);
    fixture.bench.setArmOverride("lora", "init", "gaussian");
    const auto before = fixture.bench.armOverrides();
    Fixture::part<QToolButton>(page, "armRemove_lora")->click();
    QCOMPARE(fixture.bench.arms(), QStringList{"pissa"});
    QVERIFY(fixture.bench.armOverrides().empty());
    QTRY_VERIFY(page.findChild<QWidget*>("armCard_lora") == nullptr);
    fixture.bench.undoStack().undo();
    QCOMPARE(fixture.bench.arms(), QStringList({"lora", "pissa"}));
    QVERIFY(fixture.bench.armOverrides() == before);
    QCOMPARE(Fixture::part<QLineEdit>(page, "armRate_lora")->text(), QString("0.001"));
}

void TestArms::aFileOfAnotherMethodBecomesAnArm()
{
    Fixture fixture;
    ConfigurePage page(fixture.bench);
    const auto file = fixture.folder.filePath("config.json");
    QFile written(file);
    QVERIFY(written.open(QIODevice::WriteOnly));
    written.write("{\"method\": \"qpissa\", \"rounds\": 2, \"rank\": 7}");
    written.close();
    page.loadFrom(file);
    QCOMPARE(fixture.bench.config().rank, int64_t(7));
    QCOMPARE(fixture.bench.arms(), QStringList({"lora", "pissa", "qpissa"}));
    const auto config = armConfig(fixture.bench.config(), "qpissa", fixture.bench.armOverrides());
    QCOMPARE(optionNumber(config, "rounds"), 2.0);
    fixture.bench.undoStack().undo();
    QCOMPARE(fixture.bench.arms(), QStringList({"lora", "pissa"}));
    QVERIFY(fixture.bench.armOverrides().empty());
}

void TestArms::exportSaysWhatCannotBe_data()
{
    QTest::addColumn<QString>("method");
    QTest::addColumn<QString>("base");
    QTest::addColumn<bool>("lora");
    QTest::addColumn<bool>("peft");
    QTest::newRow("lora") << "lora" << "auto" << true << true;
    QTest::newRow("pissa") << "pissa" << "auto" << true << true;
    QTest::newRow("pissa on few bits") << "pissa" << "nf4" << false << true;
    QTest::newRow("qlora") << "qlora" << "auto" << true << true;
    QTest::newRow("qpissa") << "qpissa" << "auto" << false << true;
    QTest::newRow("loftq") << "loftq" << "auto" << false << true;
    QTest::newRow("dora") << "dora" << "auto" << true << true;
    QTest::newRow("full") << "full" << "auto" << false << false;
}

void TestArms::exportSaysWhatCannotBe()
{
    QFETCH(QString, method);
    QFETCH(QString, base);
    QFETCH(bool, lora);
    QFETCH(bool, peft);
    RunConfig config;
    config.method = format::plain(method);
    config.base = format::plain(base);
    QCOMPARE(exportRefusal("lora", config).isEmpty(), lora);
    QCOMPARE(exportRefusal("peft", config).isEmpty(), peft);
    QCOMPARE(exportRefusal("merged", config), QString());
    for (const char* format : {"lora", "peft", "merged"})
        QVERIFY(!exportExplanation(format, config).isEmpty());
}

void TestArms::everyMethodFitsOnThePage()
{
    Fixture fixture;
    QStringList all;
    for (const MethodCard* card : methodCards())
        all << format::text(card->id);
    fixture.bench.setArms(all);
    ConfigurePage page(fixture.bench);
    page.resize(1208, 760);   // 1280 x 800 without the rail and the bar
    page.show();
    QVERIFY(QTest::qWaitForWindowExposed(&page));
    for (auto* more : page.findChildren<QToolButton*>())
        if (more->objectName().startsWith("armMore_"))
            more->click();
    QTest::qWait(50);
    auto* area = page.findChild<QScrollArea*>();
    QVERIFY2(area->widget()->width() <= area->viewport()->width(),
        qPrintable(QString("%1 > %2").arg(area->widget()->width()).arg(area->viewport()->width())));
    QCOMPARE(Fixture::unnamed(page), QStringList());
    // Nothing in a card is wider than the card, and no two cards overlap.
    QList<QWidget*> cards;
    for (const QString& arm : all)
        cards << page.findChild<QWidget*>("armCard_" + arm);
    for (QWidget* card : cards) {
        for (QWidget* part : card->findChildren<QWidget*>())
            if (part->isVisibleTo(card) && part->window() == card->window())
                QVERIFY2(card->rect().contains(QRect(part->mapTo(card, QPoint()), part->size())),
                    qPrintable(card->objectName() + ' ' + part->objectName()));
        for (QWidget* other : cards)
            QVERIFY(other == card || !card->geometry().intersects(other->geometry()));
    }
    QVERIFY(Fixture::part<QPushButton>(page, "startButton")->isEnabled());
}

void TestArms::pictures()
{
    const auto folder = qEnvironmentVariable("RANKWRIGHT_PICTURES");
    if (folder.isEmpty())
        QSKIP("RANKWRIGHT_PICTURES is not set: no pictures are kept");
    for (const auto mode : {theme::Mode::light, theme::Mode::dark})
        for (const QSize size : {QSize(1208, 740), QSize(1848, 1020)}) {
            theme::apply(*qApp, mode);
            Fixture fixture;
            fixture.bench.setArms({"lora", "pissa", "qpissa", "dora", "full", "delta-lora"});
            fixture.bench.setArmOverride("pissa", "slice", "minor");
            fixture.bench.setArmOverride("full", "base", "nf4");
            ConfigurePage page(fixture.bench);
            page.resize(size);
            page.show();
            page.activated();
            Fixture::part<QToolButton>(page, "armMore_pissa")->click();
            QTest::qWait(900);
            if (size.width() < 1300) {
                Fixture usual;
                ConfigurePage first(usual.bench);
                first.resize(size);
                first.show();
                first.activated();
                QTest::qWait(900);
                first.grab().save(QString("%1/%2-first.png").arg(folder).arg(mode == theme::Mode::dark ? "dark" : "light"));
            }
            const auto name = QString("%1/%3-%2").arg(folder).arg(size.width()).arg(mode == theme::Mode::dark ? "dark" : "light");
            QVERIFY(page.grab().save(name + "-configure.png"));
            auto* scroll = page.findChild<QScrollArea*>();
            scroll->widget()->grab().save(name + "-all.png");
            MethodPicker picker({"lora", "pissa"}, &page);
            picker.show();
            QTest::qWait(100);
            QVERIFY(picker.grab().save(name + "-picker.png"));
        }
    theme::apply(*qApp, theme::Mode::light);
}

QTEST_MAIN(TestArms)
#include "tst_arms.moc"
