// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The models of this machine: the default is chosen at start, folders and the cache are looked through, what cannot
// be used says why, and nothing outside text says is taken for markup.
#include "storage/run_store.h"
#include "tests/support/layout_faults.h"
#include "tests/ui/page_fixture.h"
#include "ui/models/model_search.h"
#include "ui/pages/models_page.h"
#include "ui/theme.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/model_picture.h"
#include "ui/widgets/model_sheet.h"
#include "ui/widgets/token_try.h"
#include "ui/widgets/token_view.h"

#include <QAbstractButton>
#include <QAbstractItemModelTester>
#include <QCheckBox>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QSignalSpy>
#include <QSortFilterProxyModel>
#include <QTabWidget>
#include <QTableView>
#include <QTableWidget>

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

// Holds what was asked of the tokenizer back, whether it is still wanted or not.
class SlowPreview : public FakeEngine
{
public:
    std::atomic<bool> hold{true};
    std::atomic<int> held{0}, answered{0};
    Result run(const Job& job, Events& events, std::stop_token stop) override
    {
        if (!std::holds_alternative<PreviewJob>(job))
            return FakeEngine::run(job, events, stop);
        ++held;
        while (hold)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        Result result = FakeEngine::run(job, events, {});
        ++answered;
        return result;
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
    void theSheetCountsEveryParameter_data();
    void theSheetCountsEveryParameter();
    void matricesAreListedByKindOrEach();
    void textBecomesTokens();
    void anotherModelsTokensAreNotShown();
    void templateAndSpecialTokensAreShownAsTheyAre();
    void whatCannotBeUsedKeepsItsSheet();
    void theSheetFits_data();
    void theSheetFits();

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
    QCOMPARE(page.findChild<QTableView*>("modelTable")->currentIndex().row(), 0);
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
    auto* view = page.findChild<QTableView*>("modelTable");
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
    auto* view = page.findChild<QTableView*>("modelTable");
    page.findChild<QLineEdit*>("modelSearch")->setText("ALPHA");
    QCOMPARE(view->model()->rowCount(), 1);
    page.findChild<QLineEdit*>("modelSearch")->setText("(*");  // not a pattern, just text
    QCOMPARE(view->model()->rowCount(), 0);
    page.findChild<QLineEdit*>("modelSearch")->clear();
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
    page.findChild<QTableView*>("modelTable")->selectRow(1);
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

void TestModelsPage::theSheetCountsEveryParameter_data()
{
    QTest::addColumn<std::string>("spec");
    QTest::addColumn<int>("parts");
    QTest::newRow("decoder") << std::string("default") << 4;      // embeddings, attention, MLP, the rest; the head is the embeddings
    QTest::newRow("experts") << std::string("experts") << 4;
    QTest::newRow("encoder") << std::string("encoder") << 4;
}

void TestModelsPage::theSheetCountsEveryParameter()
{
    QFETCH(std::string, spec);
    QFETCH(int, parts);
    const ModelInfo model = fake::infoOf(spec);
    const auto found = modelParts(model);
    QCOMPARE(int(found.size()), parts);
    int64_t sum = 0;
    for (const ModelPart& part : found)
        sum += part.parameters;
    QCOMPARE(sum, model.parameters);
    const bool experts = std::any_of(found.begin(), found.end(), [](const ModelPart& part) { return part.kind == ModelPart::Kind::experts; });
    QCOMPARE(experts, model.experts > 0);
    // An own head takes its share of what is left.
    ModelInfo untied = model;
    untied.tiedEmbeddings = false;
    untied.generates = true;
    untied.parameters += untied.vocabSize * untied.hiddenSize;
    const auto more = modelParts(untied);
    QCOMPARE(int(more.size()), parts + 1);
    QCOMPARE(localLayers(model), std::vector<bool>());
    QCOMPARE(localLayers(fake::infoOf("windows")), (std::vector<bool>{true, true, false, true}));
}

void TestModelsPage::matricesAreListedByKindOrEach()
{
    PageFixture fixture;
    ModelsPage page(fixture.bench);
    page.resize(1192, 712);
    page.show();
    page.activated();
    QTRY_VERIFY(fixture.bench.model());
    page.sheet().showTab(ModelSheet::modules);
    auto* table = PageFixture<>::part<QTableView>(page, "moduleTable");
    QCOMPARE(table->model()->rowCount(), 14);   // seven kinds, each in two types
    int64_t all = 0;
    for (int row = 0; row < table->model()->rowCount(); ++row)
        all += table->model()->index(row, 4).data().toString().remove(',').toLongLong();
    QCOMPARE(all, fixture.bench.model()->adaptable);
    PageFixture<>::part<QCheckBox>(page, "eachModule")->click();
    QCOMPARE(table->model()->rowCount(), 28);
    QCOMPARE(table->model()->index(0, 0).data().toString(), QString("model.layers.0.self_attn.q_proj"));
    // Experts of a layer are one row, not one each.
    PageFixture<>::part<QCheckBox>(page, "eachModule")->click();
    const ModelInfo experts = fake::infoOf("experts");
    page.sheet().setModel(&experts);
    QCOMPARE(table->model()->rowCount(), 14);
}

void TestModelsPage::textBecomesTokens()
{
    PageFixture fixture;
    ModelsPage page(fixture.bench);
    page.resize(1192, 712);
    page.show();
    page.activated();
    QTRY_VERIFY(fixture.bench.model());
    page.sheet().showTab(ModelSheet::tokenizer);
    auto* view = PageFixture<>::part<TokenView>(page, "tryTokens");
    QTRY_VERIFY(view->toPlainText().contains("weights"));
    PageFixture<>::part<QPlainTextEdit>(page, "tryText")->setPlainText("Two <b>words</b>");
    QTRY_COMPARE(view->toPlainText(), QString("<s>Two <b>words</b>"));
    QTRY_VERIFY(PageFixture<>::part<QLabel>(page, "tryFigures")->text().startsWith("3 tokens, 1 of them"));
    PageFixture<>::part<QPlainTextEdit>(page, "tryText")->clear();
    QTRY_VERIFY(view->toPlainText().isEmpty());
}

void TestModelsPage::anotherModelsTokensAreNotShown()
{
    PageFixture<SlowPreview> fixture;
    TokenTry tries(fixture.bench);
    tries.show();
    tries.setModel(fake::infoOf("default"));
    QTRY_COMPARE(fixture.engine->held.load(), 1);
    tries.setModel(fake::infoOf("unusable"));   // asks nothing itself
    QVERIFY(!tries.isEnabled());
    fixture.engine->hold = false;
    QTRY_COMPARE(fixture.engine->answered.load(), 1);
    QTest::qWait(100);
    QVERIFY(PageFixture<>::part<TokenView>(tries, "tryTokens")->toPlainText().isEmpty());
    QVERIFY(PageFixture<>::part<QLabel>(tries, "tryFigures")->text().isEmpty());
    tries.setModel(fake::infoOf("default"));
    QTRY_VERIFY(PageFixture<>::part<TokenView>(tries, "tryTokens")->toPlainText().contains("weights"));
}

void TestModelsPage::templateAndSpecialTokensAreShownAsTheyAre()
{
    PageFixture fixture;
    ModelsPage page(fixture.bench);
    page.show();
    page.activated();
    QTRY_VERIFY(fixture.bench.model());
    auto* text = PageFixture<>::part<QPlainTextEdit>(page, "templateView");
    QCOMPARE(text->toPlainText().toStdString(), fixture.bench.model()->templateSource);
    auto* special = PageFixture<>::part<QTableWidget>(page, "specialTokens");
    QCOMPARE(special->rowCount(), 4);
    QCOMPARE(special->item(0, 1)->text(), QString("<|im_start|>"));
    auto* files = PageFixture<>::part<QTableWidget>(page, "modelFiles");
    QCOMPARE(files->rowCount(), 4);
    const ModelInfo plain = fake::infoOf("plain");
    page.sheet().setModel(&plain);
    QVERIFY(PageFixture<>::part<QLabel>(page, "templateNote")->text().contains("no chat template"));
    const ModelInfo encoder = fake::infoOf("encoder");
    page.sheet().setModel(&encoder);
    QVERIFY(!PageFixture<>::part<QTabWidget>(page, "modelTabs")->isTabEnabled(ModelSheet::chatTemplate));
}

void TestModelsPage::whatCannotBeUsedKeepsItsSheet()
{
    PageFixture fixture;
    ModelsPage page(fixture.bench);
    page.resize(1192, 712);
    page.show();
    page.activated();
    QTRY_VERIFY(fixture.bench.model());
    const ModelInfo unusable = fake::infoOf("unusable");
    page.sheet().setModel(&unusable);
    const auto* problem = PageFixture<>::part<QLabel>(page, "modelProblem");
    QVERIFY(problem->isVisible());
    QVERIFY(problem->text().contains("MambaForCausalLM") && problem->text().contains("Choose a model"));
    QVERIFY(PageFixture<>::part<QLabel>(page, "modelNotes")->text().contains("quantization_config"));
}

void TestModelsPage::theSheetFits_data()
{
    QTest::addColumn<std::string>("spec");
    QTest::addColumn<QSize>("size");
    QTest::addColumn<bool>("dark");
    for (const char* spec : {"default", "experts", "windows", "encoder", "unusable"})
        for (const bool large : {false, true})
            QTest::addRow("%s-%s", spec, large ? "large" : "small") << std::string(spec) << (large ? QSize(1832, 992) : QSize(1192, 712)) << large;
}

void TestModelsPage::theSheetFits()
{
    QFETCH(std::string, spec);
    QFETCH(QSize, size);
    QFETCH(bool, dark);
    theme::apply(*qApp, dark ? theme::Mode::dark : theme::Mode::light);
    PageFixture fixture;
    ModelsPage page(fixture.bench);
    page.resize(size);
    page.show();
    page.activated();
    QTRY_VERIFY(fixture.bench.model());
    const ModelInfo model = fake::infoOf(spec);
    page.sheet().setModel(&model);
    for (const auto tab : {ModelSheet::overview, ModelSheet::modules, ModelSheet::tokenizer, ModelSheet::chatTemplate, ModelSheet::files}) {
        if (!PageFixture<>::part<QTabWidget>(page, "modelTabs")->isTabEnabled(tab))
            continue;
        page.sheet().showTab(tab);
        QTest::qWait(tab == ModelSheet::tokenizer ? 500 : 50);
        QCOMPARE(layoutFaults(page), QStringList());
        if (const auto folder = qEnvironmentVariable("RANKWRIGHT_PICTURES"); !folder.isEmpty())
            page.grab().save(QString("%1/models-%2-%3.png").arg(folder, QString::fromLatin1(QTest::currentDataTag())).arg(int(tab)));
    }
    theme::apply(*qApp, theme::Mode::light);
}

QTEST_MAIN(TestModelsPage)
#include "tst_models_page.moc"
