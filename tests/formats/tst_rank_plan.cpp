// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Ranks from singular values, against small cases worked out by hand and exhaustive search.
#include "training/api/error.h"
#include "training/api/rank_plan.h"

#include <QTest>

#include <algorithm>

using namespace rankwright;

namespace {

ModuleSpectrum spectrum(const char* name, int64_t rows, int64_t cols, std::vector<float> values)
{
    ModuleSpectrum result{.name = name, .rows = rows, .cols = cols, .values = std::move(values)};
    for (const float value : result.values)
        result.energy += double(value) * double(value);
    return result;
}

// Energies 16 9 4 1 (30 in all), 25 1 1 (27), 4 4 (8).
std::vector<ModuleSpectrum> three()
{
    return {spectrum("a", 4, 6, {4, 3, 2, 1}), spectrum("b", 3, 5, {5, 1, 1}), spectrum("c", 2, 2, {2, 2})};
}

std::vector<int64_t> ranksOf(const RankPlan& plan)
{
    std::vector<int64_t> ranks;
    for (const PlannedModule& module : plan.modules)
        ranks.push_back(module.rank);
    return ranks;
}

using Ranks = std::vector<int64_t>;

}  // namespace

class TestRankPlan : public QObject
{
    Q_OBJECT
private slots:
    void energyIsOfSquares();
    void sameRankIsCutAtTheMatrix();
    void energyTakesTheSmallestRank_data();
    void energyTakesTheSmallestRank();
    void shortSpectrumGivesWhatIsListed();
    void budgetIsGreedyAndKept_data();
    void budgetIsGreedyAndKept();
    void tiesGoToTheFirstModule();
    void editedRanksAreCountedAgain();
    void refusesRequests_data();
    void refusesRequests();
};

void TestRankPlan::energyIsOfSquares()
{
    const auto modules = three();
    QCOMPARE(capturedEnergy(modules[0], 0), 0.0);
    QCOMPARE(capturedEnergy(modules[0], 1), 16.0 / 30);
    QCOMPARE(capturedEnergy(modules[0], 2), 25.0 / 30);
    QCOMPARE(capturedEnergy(modules[0], 4), 1.0);
    QCOMPARE(capturedEnergy(modules[0], 99), 1.0);
    QCOMPARE(capturedEnergy(spectrum("zero", 2, 2, {0, 0}), 1), 0.0);
    // The energy counts values that are not listed.
    ModuleSpectrum top = modules[0];
    top.values.resize(1);
    QCOMPARE(capturedEnergy(top, 3), 16.0 / 30);
}

void TestRankPlan::sameRankIsCutAtTheMatrix()
{
    const RankPlan plan = planRanks(three(), {.rank = 3});
    QCOMPARE(ranksOf(plan), (Ranks{3, 3, 2}));
    QCOMPARE(plan.parameters, int64_t(3 * 10 + 3 * 8 + 2 * 4));
    QCOMPARE(plan.adapterBytes, plan.parameters * 16);
    QCOMPARE(plan.modules[0].alpha, 3.0);
    QCOMPARE(plan.modules[0].parameters, int64_t(30));
    QCOMPARE(plan.energy, (29.0 + 27 + 8) / 65);
}

void TestRankPlan::energyTakesTheSmallestRank_data()
{
    QTest::addColumn<double>("energy");
    QTest::addColumn<QList<int>>("ranks");
    QTest::newRow("half") << 0.5 << QList<int>{1, 1, 1};
    QTest::newRow("just the first of a") << 16.0 / 30 << QList<int>{1, 1, 2};
    QTest::newRow("a little more") << 0.54 << QList<int>{2, 1, 2};
    QTest::newRow("nine tenths") << 0.9 << QList<int>{3, 1, 2};
    QTest::newRow("all") << 1.0 << QList<int>{4, 3, 2};
}

void TestRankPlan::energyTakesTheSmallestRank()
{
    QFETCH(double, energy);
    QFETCH(QList<int>, ranks);
    const RankPlan plan = planRanks(three(), {.energy = energy});
    for (qsizetype i = 0; i < ranks.size(); ++i)
        QCOMPARE(plan.modules[size_t(i)].rank, int64_t(ranks[i]));
}

void TestRankPlan::shortSpectrumGivesWhatIsListed()
{
    std::vector<ModuleSpectrum> modules = three();
    modules[0].values.resize(2);
    QCOMPARE(planRanks(modules, {.energy = 0.99}).modules[0].rank, int64_t(2));
}

void TestRankPlan::budgetIsGreedyAndKept_data()
{
    QTest::addColumn<int>("budget");
    for (const int budget : {4, 7, 8, 12, 20, 22, 30, 31, 40, 64, 72, 1000})
        QTest::addRow("%d", budget) << budget;
}

// Gains a parameter: a 1.6 0.9 0.4 0.1 (cost 10), b 3.125 0.125 0.125 (cost 8), c 1 1 (cost 4).
void TestRankPlan::budgetIsGreedyAndKept()
{
    QFETCH(int, budget);
    const auto modules = three();
    // The same rule, written as a sort: columns by gain, each taken where it fits and the one before it was taken.
    struct Column { double gain; size_t module; int64_t index; };
    std::vector<Column> columns;
    for (size_t m = 0; m < modules.size(); ++m) {
        for (size_t i = 0; i < modules[m].values.size(); ++i)
            columns.push_back({double(modules[m].values[i]) * double(modules[m].values[i])
                    / double(modules[m].rows + modules[m].cols),
                m, int64_t(i)});
    }
    std::ranges::stable_sort(columns, [](const Column& x, const Column& y) { return x.gain > y.gain; });
    Ranks expected(3, 0);
    int64_t left = budget;
    for (const Column& column : columns) {
        const int64_t cost = modules[column.module].rows + modules[column.module].cols;
        if (expected[column.module] == column.index && cost <= left) {
            ++expected[column.module];
            left -= cost;
        }
    }
    const RankPlan plan = planRanks(modules, {.budget = budget});
    QCOMPARE(ranksOf(plan), expected);
    QVERIFY(plan.parameters <= budget);
}

void TestRankPlan::tiesGoToTheFirstModule()
{
    const std::vector<ModuleSpectrum> equal{spectrum("x", 4, 4, {1, 1}), spectrum("y", 4, 4, {1, 1})};
    QCOMPARE(ranksOf(planRanks(equal, {.budget = 8})), (Ranks{1, 0}));
    QCOMPARE(ranksOf(planRanks(equal, {.budget = 16})), (Ranks{2, 0}));
    QCOMPARE(ranksOf(planRanks(equal, {.budget = 24})), (Ranks{2, 1}));
}

void TestRankPlan::editedRanksAreCountedAgain()
{
    const auto modules = three();
    const RankPlan plan = planFromRanks(modules, {{"a", {2, 5}}, {"c", {99, 1}}});
    QCOMPARE(ranksOf(plan), (Ranks{2, 0, 2}));
    QCOMPARE(plan.modules[0].alpha, 5.0);
    QCOMPARE(plan.modules[1].alpha, 0.0);
    QCOMPARE(plan.parameters, int64_t(28));
    QCOMPARE(plan.energy, (25.0 + 8) / 65);
    try {
        (void)planFromRanks(modules, {{"d", {1, 1}}});
        QFAIL("an unknown module was taken");
    } catch (const Error& error) {
        QCOMPARE(error.code(), Code::usage);
    }
}

void TestRankPlan::refusesRequests_data()
{
    QTest::addColumn<int>("rank");
    QTest::addColumn<double>("energy");
    QTest::addColumn<int>("budget");
    QTest::newRow("nothing") << 0 << 0.0 << 0;
    QTest::newRow("two") << 4 << 0.5 << 0;
    QTest::newRow("three") << 4 << 0.5 << 9;
    QTest::newRow("negative rank") << -1 << 0.0 << 0;
    QTest::newRow("energy above one") << 0 << 90.0 << 0;
    QTest::newRow("negative energy") << 0 << -0.5 << 0;
    QTest::newRow("no number") << 0 << qQNaN() << 0;
    QTest::newRow("budget for nothing") << 0 << 0.0 << 3;
}

void TestRankPlan::refusesRequests()
{
    QFETCH(int, rank);
    QFETCH(double, energy);
    QFETCH(int, budget);
    try {
        (void)planRanks(three(), {.rank = rank, .energy = energy, .budget = budget});
        QFAIL("it was taken");
    } catch (const Error& error) {
        QCOMPARE(error.code(), Code::usage);
        QVERIFY(!error.parts().advice.empty());
    }
}

QTEST_GUILESS_MAIN(TestRankPlan)
#include "tst_rank_plan.moc"
