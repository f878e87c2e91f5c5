// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The settings form: made from the table, undoable, and as strict about numbers as the command line.
#include "tests/ui/page_fixture.h"
#include "ui/widgets/config_form.h"

#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QSpinBox>
#include <QToolButton>

using namespace rankwright;

class TestConfigForm : public QObject
{
    Q_OBJECT
private slots:
    void hasAnEditorForEveryField();
    void editsAreUndone();
    void refusesWhatIsNoNumber_data();
    void refusesWhatIsNoNumber();
    void refusedTextGoesWithTheNextGoodOne();
    void resetBringsTheDefaultBack();
    void changedAdvancedFieldsStayVisible();
    void wheelWithoutFocusChangesNothing();
    void largeSeedsAreExact();
};

void TestConfigForm::hasAnEditorForEveryField()
{
    PageFixture<> fixture;
    const auto keys = ConfigForm::keysOf({"data", "method", "optimisation", "run"});
    const auto shared = std::count_if(
        configFields().begin(), configFields().end(), [](const Field& field) { return field.methods.empty(); });
    QCOMPARE(keys.size(), qsizetype(shared));   // the options of single methods belong to their arms
    ConfigForm form(fixture.bench, keys);
    for (const QString& key : keys) {
        const auto* editor = form.editor(key);
        QVERIFY2(editor != nullptr, qPrintable(key));
        QVERIFY2(!editor->accessibleName().isEmpty(), qPrintable(key));
        QVERIFY2(!editor->toolTip().isEmpty(), qPrintable(key));
    }
    QVERIFY(form.editor("no such key") == nullptr);
}

void TestConfigForm::editsAreUndone()
{
    PageFixture<> fixture;
    ConfigForm form(fixture.bench, {"rank", "schedule"});
    form.show();
    auto* rank = qobject_cast<QSpinBox*>(form.editor("rank"));
    auto* dot = form.findChild<QToolButton*>("reset_rank");
    QVERIFY(!dot->isVisible());
    rank->setValue(32);
    QCOMPARE(fixture.bench.config().rank, 32);
    QVERIFY(dot->isVisible());
    QCOMPARE(fixture.bench.undoStack().undoText(), QString("Change Rank"));
    auto* schedule = qobject_cast<QComboBox*>(form.editor("schedule"));
    schedule->setCurrentText("cosine");
    emit schedule->activated(schedule->currentIndex());
    QCOMPARE(fixture.bench.config().schedule, std::string("cosine"));
    fixture.bench.undoStack().undo();
    fixture.bench.undoStack().undo();
    QCOMPARE(fixture.bench.config().rank, RunConfig().rank);
    QCOMPARE(rank->value(), int(RunConfig().rank));
    QCOMPARE(schedule->currentText(), QString("constant"));
    QVERIFY(!dot->isVisible());
}

void TestConfigForm::refusesWhatIsNoNumber_data()
{
    QTest::addColumn<QString>("text");
    for (const char* text : {"1e400", "nan", "inf", "0x10", "1,5", "1_000", "1 2", "", "-1", "11", "=1+1"})
        QTest::newRow(text) << QString::fromLatin1(text);
}

void TestConfigForm::refusesWhatIsNoNumber()
{
    QFETCH(QString, text);
    PageFixture<> fixture;
    ConfigForm form(fixture.bench, {"learningRate"});
    form.show();
    auto* rate = qobject_cast<QLineEdit*>(form.editor("learningRate"));
    rate->setText(text);
    emit rate->editingFinished();
    QCOMPARE(fixture.bench.config().learningRate, RunConfig().learningRate);
    QVERIFY(form.hasProblems());
    QVERIFY(form.findChild<QLabel*>("problem_learningRate")->isVisible());
    QCOMPARE(rate->text(), text);   // to be corrected, not thrown away
    QVERIFY(!fixture.bench.undoStack().canUndo());
}

void TestConfigForm::refusedTextGoesWithTheNextGoodOne()
{
    PageFixture<> fixture;
    ConfigForm form(fixture.bench, {"learningRate", "rank"});
    auto* rate = qobject_cast<QLineEdit*>(form.editor("learningRate"));
    rate->setText("fast");
    emit rate->editingFinished();
    QVERIFY(form.hasProblems());
    qobject_cast<QSpinBox*>(form.editor("rank"))->setValue(8);
    QVERIFY(form.hasProblems());   // another field's edit does not hide it
    rate->setText("1e-3");
    emit rate->editingFinished();
    QVERIFY(!form.hasProblems());
    QCOMPARE(fixture.bench.config().learningRate, 1e-3);
    QCOMPARE(rate->text(), QString("0.001"));
}

void TestConfigForm::resetBringsTheDefaultBack()
{
    PageFixture<> fixture;
    ConfigForm form(fixture.bench, {"epochs"});
    auto* epochs = qobject_cast<QLineEdit*>(form.editor("epochs"));
    epochs->setText("2.5");
    emit epochs->editingFinished();
    QCOMPARE(fixture.bench.config().epochs, 2.5);
    form.findChild<QToolButton*>("reset_epochs")->click();
    QCOMPARE(fixture.bench.config().epochs, RunConfig().epochs);
}

void TestConfigForm::changedAdvancedFieldsStayVisible()
{
    PageFixture<> fixture;
    ConfigForm form(fixture.bench, {"rank", "beta1", "beta2"});
    form.show();
    QVERIFY(!form.editor("beta1")->isVisible());
    form.setAdvanced(true);
    QVERIFY(form.editor("beta1")->isVisible());
    auto* beta = qobject_cast<QLineEdit*>(form.editor("beta1"));
    beta->setText("0.8");
    emit beta->editingFinished();
    form.setAdvanced(false);
    QVERIFY(form.editor("beta1")->isVisible());
    QVERIFY(!form.editor("beta2")->isVisible());
}

void TestConfigForm::wheelWithoutFocusChangesNothing()
{
    PageFixture<> fixture;
    ConfigForm form(fixture.bench, {"rank"});
    form.show();
    auto* rank = form.editor("rank");
    rank->clearFocus();
    QWheelEvent turn(QPointF(4, 4), rank->mapToGlobal(QPointF(4, 4)), {}, {0, 120}, Qt::NoButton, Qt::NoModifier,
        Qt::NoScrollPhase, false);
    QApplication::sendEvent(rank, &turn);
    QCOMPARE(fixture.bench.config().rank, RunConfig().rank);
}

// 2^53 - 1 does not fit a spin box; as a text it must come through to the last digit.
void TestConfigForm::largeSeedsAreExact()
{
    PageFixture<> fixture;
    ConfigForm form(fixture.bench, {"seed"});
    auto* seed = qobject_cast<QLineEdit*>(form.editor("seed"));
    QVERIFY(seed != nullptr);
    seed->setText("9007199254740991");
    emit seed->editingFinished();
    QCOMPARE(fixture.bench.config().seed, 9007199254740991ll);
    seed->setText("9007199254740992");
    emit seed->editingFinished();
    QVERIFY(form.hasProblems());
}

QTEST_MAIN(TestConfigForm)
#include "tst_config_form.moc"
