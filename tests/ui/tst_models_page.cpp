// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The models of this machine: the default is chosen at start, folders and the cache are looked through, what cannot
// be used says why, and nothing outside text says is taken for markup.
#include "storage/run_store.h"
#include "tests/ui/page_fixture.h"
#include "ui/models/model_search.h"
#include "ui/pages/models_page.h"
#include "ui/widgets/message_bar.h"

#include <QAbstractButton>
#include <QAbstractItemModelTester>
#include <QLabel>
#include <QLineEdit>
#include <QSignalSpy>
#include <QSortFilterProxyModel>
#include <QTableView>

using namespace rankwright;

namespace {

void writeFile(const std::filesystem::path& path, const std::string& text = "{}")
{
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
}

// An engine whose default model is not there.
class NoDefault : public FakeEngine
{
public:
    Result run(const Job& job, Events& events, std::stop_token stop) override
    {
        if (const auto* inspect = std::get_if<InspectJob>(&job); inspect && inspect->model == "default")
            return FakeEngine::run(InspectJob{.model = "missing"}, events, stop);
        return FakeEngine::run(job, events, stop);
    }
};

// Names a hostile file could have.
class HostileNames : public FakeEngine
{
public:
    Result run(const Job& job, Events& events, std::stop_token stop) override
    {
        Result result = FakeEngine::run(job, events, stop);
        if (auto* info = std::get_if<ModelInfo>(&result)) {
            info->name = "<img src='/etc/hostname'>\n<b>x</b>";
            info->license = "a<table>.evil\xE2\x80\xAEgpj";
        }
        return result;
    }
};

}  // namespace

class TestModelsPage : public QObject
{
    Q_OBJECT
private slots:
    void init();
    void cleanup();
    void choosesTheDefaultAtStart();
    void findsModelsOfFoldersAndTheCache();
    void looksNoDeeperThanThreeFoldersAndFollowsNoLinks();
    void addedFolderIsLookedThroughOnce();
    void whatCannotBeUsedSaysWhyAndIsNotChosen();
    void missingDefaultIsToldOnThePage();
    void searchHidesTheRest();
    void choosingARowChoosesTheModel();
    void outsideTextStaysText();
    void everyControlHasAName();

private:
    std::unique_ptr<QTemporaryDir> m_home;
};

void TestModelsPage::init()
{
    m_home = std::make_unique<QTemporaryDir>();
    qputenv("HF_HUB_CACHE", m_home->filePath("hub").toLocal8Bit());
}

void TestModelsPage::cleanup()
{
    qunsetenv("HF_HUB_CACHE");
}

void TestModelsPage::choosesTheDefaultAtStart()
{
    PageFixture fixture;
    ModelsPage page(fixture.bench);
    const QAbstractItemModelTester tester(
        const_cast<ModelTable*>(&page.table()), QAbstractItemModelTester::FailureReportingMode::QtTest);
    QSignalSpy changed(&fixture.bench, &Workbench::modelChanged);
    page.activated();
    QTRY_VERIFY(fixture.bench.model());
    QCOMPARE(fixture.bench.model()->spec, std::string("default"));
    QCOMPARE(changed.size(), 1);
    QCOMPARE(page.table().rowCount(), 1);
    QCOMPARE(page.table().index(0, ModelTable::parameters).data().toString(), QString("261.2 k"));
    QCOMPARE(page.findChild<QTableView*>()->currentIndex().row(), 0);
    page.activated();  // coming back to the page looks for nothing again
    QTest::qWait(50);
    QCOMPARE(fixture.engine->jobs.load(), int64_t(1));
}

void TestModelsPage::findsModelsOfFoldersAndTheCache()
{
    const std::filesystem::path home = m_home->path().toStdString();
    writeFile(home / "models" / "one" / "config.json");
    writeFile(home / "models" / "group" / "two.gguf");
    writeFile(home / "models" / "notes.txt");
    writeFile(home / "hub" / "models--org--name" / "snapshots" / "abc" / "config.json");
    writeFile(home / "hub" / "models--org--half" / "blobs" / "x");
    writeFile(home / "hub" / "datasets--org--rows" / "snapshots" / "abc" / "config.json");
    PageFixture fixture;
    ModelsPage page(fixture.bench);
    page.setFolders({QString::fromStdString((home / "models").string())});
    page.activated();
    QTRY_COMPARE(page.table().rowCount(), 4);
    QStringList specs;
    for (int row = 0; row < 4; ++row)
        specs.append(QString::fromStdString(page.table().model(row)->spec));
    QCOMPARE(specs[0], QString("default"));
    QVERIFY(specs.contains("org/name"));
    QVERIFY(specs.contains(QString::fromStdString((home / "models" / "one").string())));
    QVERIFY(specs.contains(QString::fromStdString((home / "models" / "group" / "two.gguf").string())));
}

void TestModelsPage::looksNoDeeperThanThreeFoldersAndFollowsNoLinks()
{
    const std::filesystem::path home = m_home->path().toStdString();
    writeFile(home / "m" / "a" / "b" / "config.json");
    writeFile(home / "m" / "a" / "c" / "d" / "config.json");
    writeFile(home / "elsewhere" / "config.json");
    std::filesystem::create_directory_symlink(home / "elsewhere", home / "m" / "link");
    std::filesystem::create_directory_symlink(home / "m", home / "m" / "a" / "round");
    const auto found = findModelCandidates({home / "m", home / "not there"}, home / "no hub", {});
    QCOMPARE(found, (std::vector<std::string>{"default", (home / "m" / "a" / "b").string()}));
}

void TestModelsPage::addedFolderIsLookedThroughOnce()
{
    const std::filesystem::path home = m_home->path().toStdString();
    writeFile(home / "models" / "config.json");
    PageFixture fixture;
    ModelsPage page(fixture.bench);
    QSignalSpy changed(&page, &ModelsPage::foldersChanged);
    page.activated();
    QTRY_COMPARE(page.table().rowCount(), 1);
    const QString folder = QString::fromStdString((home / "models").string());
    page.addFolder(folder);
    page.addFolder(folder);
    QTRY_COMPARE(page.table().rowCount(), 2);
    QCOMPARE(changed.size(), 1);
    QCOMPARE(page.folders(), QStringList{folder});
    QTest::qWait(50);
    QCOMPARE(page.table().rowCount(), 2);
    QCOMPARE(fixture.bench.model()->spec, std::string("default"));  // the choice stays
}

void TestModelsPage::whatCannotBeUsedSaysWhyAndIsNotChosen()
{
    const std::filesystem::path home = m_home->path().toStdString();
    writeFile(home / "missing-weights" / "config.json");
    PageFixture fixture;
    ModelsPage page(fixture.bench);
    page.setFolders({QString::fromStdString(home.string())});
    page.activated();
    QTRY_COMPARE(page.table().rowCount(), 2);
    const int row = page.table().rowOf((home / "missing-weights").string());
    const ModelInfo* model = page.table().model(row);
    QVERIFY(model && !model->usable);
    QVERIFY(model->problem.find("E-MISSING") != std::string::npos);
    QVERIFY(page.table().index(row, 0).data(Qt::ToolTipRole).toString().contains("E-MISSING"));
    QVERIFY(page.table().index(row, 0).data(Qt::ForegroundRole).isValid());
    page.show();
    auto* view = page.findChild<QTableView*>();
    view->selectRow(row);
    QCOMPARE(fixture.bench.model()->spec, std::string("default"));
    bool told = false;
    for (const QLabel* label : page.findChildren<QLabel*>())
        told = told
            || (label->isVisible() && label->text().contains("Cannot be used")
                && label->text().contains("Choose another model"));
    QVERIFY(told);
}

void TestModelsPage::missingDefaultIsToldOnThePage()
{
    const std::filesystem::path home = m_home->path().toStdString();
    writeFile(home / "models" / "mine" / "config.json");
    PageFixture<NoDefault> fixture;
    ModelsPage page(fixture.bench);
    page.setFolders({QString::fromStdString((home / "models").string())});
    page.activated();
    QTRY_COMPARE(page.table().rowCount(), 2);
    QVERIFY(page.findChild<MessageBar*>()->text().contains("E-MISSING"));
    QTRY_VERIFY(fixture.bench.model());  // the first usable one
    QCOMPARE(fixture.bench.model()->spec, (home / "models" / "mine").string());
}

void TestModelsPage::searchHidesTheRest()
{
    const std::filesystem::path home = m_home->path().toStdString();
    writeFile(home / "models" / "alpha" / "config.json");
    writeFile(home / "models" / "beta" / "config.json");
    PageFixture fixture;
    ModelsPage page(fixture.bench);
    page.setFolders({QString::fromStdString((home / "models").string())});
    page.activated();
    QTRY_COMPARE(page.table().rowCount(), 3);
    auto* view = page.findChild<QTableView*>();
    page.findChild<QLineEdit*>()->setText("ALPHA");
    QCOMPARE(view->model()->rowCount(), 1);
    page.findChild<QLineEdit*>()->setText("(*");  // not a pattern, just text
    QCOMPARE(view->model()->rowCount(), 0);
    page.findChild<QLineEdit*>()->clear();
    QCOMPARE(view->model()->rowCount(), 3);
}

void TestModelsPage::choosingARowChoosesTheModel()
{
    const std::filesystem::path home = m_home->path().toStdString();
    writeFile(home / "models" / "config.json");
    PageFixture fixture;
    ModelsPage page(fixture.bench);
    page.setFolders({QString::fromStdString((home / "models").string())});
    page.activated();
    QTRY_COMPARE(page.table().rowCount(), 2);
    page.findChild<QTableView*>()->selectRow(1);
    QCOMPARE(fixture.bench.model()->spec, (home / "models").string());
    QCOMPARE(fixture.bench.config().model, (home / "models").string());
    // "See its spectrum" leads on.
    QSignalSpy wanted(&fixture.bench, &Workbench::pageWanted);
    for (auto* button : page.findChildren<QAbstractButton*>()) {
        if (button->accessibleName().contains("spectrum"))
            button->click();
    }
    QCOMPARE(wanted.size(), 1);
    QCOMPARE(wanted[0][0].toString(), QString("spectrum"));
}

void TestModelsPage::outsideTextStaysText()
{
    PageFixture<HostileNames> fixture;
    ModelsPage page(fixture.bench);
    page.show();
    page.activated();
    QTRY_VERIFY(fixture.bench.model());
    const QModelIndex cell = page.table().index(0, ModelTable::name);
    QVERIFY(cell.data().toString().startsWith("<img src='/etc/hostname'>"));
    QVERIFY(!cell.data().toString().contains('\n'));
    QVERIFY(page.table().index(0, ModelTable::license).data().toString().contains("\\u202e"));
    bool shown = false;
    for (const QLabel* label : page.findChildren<QLabel*>()) {
        QCOMPARE(label->textFormat(), Qt::PlainText);
        shown = shown || label->text().startsWith("<img");
    }
    QVERIFY(shown);
}

void TestModelsPage::everyControlHasAName()
{
    PageFixture fixture;
    ModelsPage page(fixture.bench);
    page.show();
    page.activated();
    QTRY_VERIFY(fixture.bench.model());
    for (const QWidget* widget : page.findChildren<QWidget*>()) {
        if (!(widget->focusPolicy() & Qt::TabFocus) || !widget->isVisibleTo(&page))
            continue;
        const bool inner = qobject_cast<const QTableView*>(widget->parentWidget()) != nullptr;
        QVERIFY2(inner || !widget->accessibleName().isEmpty(), widget->metaObject()->className());
    }
}

QTEST_MAIN(TestModelsPage)
#include "tst_models_page.moc"
