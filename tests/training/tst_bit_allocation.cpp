// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The allocation of bits against all combinations, and against dynamic programming where there are too many.
#include "training/quant/bit_allocation.h"

#include "tests/support/thrown.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

using namespace rankwright;

namespace {

using Table = std::vector<std::vector<double>>;

struct Problem
{
    Table cost, bits;
    double parameters = 0;
};

// Matrices of several sizes whose cost falls by about a factor of four with each bit, as a quantisation error does, times noise.
Problem problem(unsigned seed, size_t matrices, size_t configs)
{
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> unit(0, 1);
    Problem made;
    for (size_t i = 0; i < matrices; ++i) {
        const double size = std::floor(16 + 240 * unit(random)), weight = std::exp(3 * unit(random));
        std::vector<double> cost, bits;
        for (size_t c = 0; c < configs; ++c) {
            const double each = std::floor(32 + 96 * unit(random)) / 16;   // 2 to 8 bits, in sixteenths
            bits.push_back(size * each);
            cost.push_back(weight * size * std::pow(4.0, -each) * (0.5 + unit(random)));
        }
        made.cost.push_back(cost);
        made.bits.push_back(bits);
        made.parameters += size;
    }
    return made;
}

double smallestBits(const Problem& p)
{
    double sum = 0;
    for (const auto& row : p.bits)
        sum += *std::min_element(row.begin(), row.end());
    return sum;
}

// The least cost of all combinations; infinite where none fits.
double bruteForce(const Problem& p, double limit, size_t i = 0, double bits = 0)
{
    if (i == p.cost.size())
        return bits <= limit ? 0 : std::numeric_limits<double>::infinity();
    double best = std::numeric_limits<double>::infinity();
    for (size_t c = 0; c < p.cost[i].size(); ++c)
        best = std::min(best, p.cost[i][c] + bruteForce(p, limit, i + 1, bits + p.bits[i][c]));
    return best;
}

// The same by the bits spent, which problem() makes multiples of 1/16.
double dynamicProgramme(const Problem& p, double limit)
{
    const auto most = size_t(std::floor(limit * 16));
    std::vector<double> best(most + 1, 0.0);
    for (size_t i = 0; i < p.cost.size(); ++i) {
        std::vector<double> next(most + 1, std::numeric_limits<double>::infinity());
        for (size_t c = 0; c < p.cost[i].size(); ++c) {
            for (size_t b = size_t(p.bits[i][c] * 16); b <= most; ++b)
                next[b] = std::min(next[b], best[b - size_t(p.bits[i][c] * 16)] + p.cost[i][c]);
        }
        best = next;
    }
    return best[most];
}

// What an allocation says of itself is what its choice costs, and it fits.
bool honest(const Problem& p, const BitAllocation& found, double budget)
{
    double cost = 0, bits = 0;
    for (size_t i = 0; i < p.cost.size(); ++i) {
        cost += p.cost[i].at(found.choice.at(i));
        bits += p.bits[i].at(found.choice.at(i));
    }
    return std::abs(cost - found.cost) <= 1e-9 * cost && std::abs(bits - found.bits) <= 1e-9 * bits && bits <= budget * p.parameters;
}

}  // namespace

class TestBitAllocation : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void againstAllCombinations()
    {
        double worst = 1, sum = 0;
        int cases = 0, exact = 0;
        for (unsigned seed = 0; seed < 500; ++seed) {
            const auto p = problem(seed, 4, 6);
            for (const double budget : {2.5, 3.0, 4.0, 5.5}) {
                const double limit = budget * p.parameters;
                if (smallestBits(p) > limit)
                    continue;
                const auto found = allocateBits(p.cost, p.bits, p.parameters, budget);
                QVERIFY(honest(p, found, budget));
                const double ratio = found.cost / bruteForce(p, limit);
                QVERIFY(ratio > 1 - 1e-9);
                worst = std::max(worst, ratio);
                sum += ratio;
                exact += ratio < 1 + 1e-9 ? 1 : 0;
                ++cases;
            }
        }
        qInfo("%d cases: %d optimal, mean ratio %.6f, worst %.6f", cases, exact, sum / cases, worst);
        QVERIFY(cases > 1000);
        QVERIFY(worst <= 1.01);
    }

    void againstDynamicProgramming()
    {
        double worst = 1;
        for (unsigned seed = 0; seed < 20; ++seed) {
            const auto p = problem(1000 + seed, 24, 12);
            for (const double budget : {2.75, 3.5, 4.25}) {
                const auto found = allocateBits(p.cost, p.bits, p.parameters, budget);
                QVERIFY(honest(p, found, budget));
                const double ratio = found.cost / dynamicProgramme(p, budget * p.parameters);
                QVERIFY(ratio > 1 - 1e-9);
                worst = std::max(worst, ratio);
            }
        }
        qInfo("24 matrices: worst ratio %.6f", worst);
        QVERIFY(worst <= 1.01);
    }

    // As many as a model has, with all 432 configurations of NFb.
    void aWholeModel()
    {
        const auto p = problem(7, 210, 432);
        double before = std::numeric_limits<double>::infinity();
        for (const double budget : {2.5, 2.75, 3.0, 4.0, 9.0}) {
            const auto found = allocateBits(p.cost, p.bits, p.parameters, budget);
            QVERIFY(honest(p, found, budget));
            QVERIFY(found.cost <= before);
            QVERIFY(budget > 8 || found.bits > 0.999 * budget * p.parameters);
            before = found.cost;
        }
    }

    void aLargeBudgetTakesTheCheapest()
    {
        const auto p = problem(3, 5, 7);
        double least = 0;
        for (const auto& row : p.cost)
            least += *std::min_element(row.begin(), row.end());
        QCOMPARE(allocateBits(p.cost, p.bits, p.parameters, 100).cost, least);
    }

    void exactlyTheSmallest()
    {
        const auto p = problem(5, 4, 6);
        const double budget = smallestBits(p) / p.parameters;
        const auto found = allocateBits(p.cost, p.bits, p.parameters, budget * (1 + 1e-12));
        QVERIFY(std::abs(found.bits - smallestBits(p)) < 1e-6);
    }

    void refusals()
    {
        const auto p = problem(5, 4, 6);
        const auto thrown = errorOf([&] { allocateBits(p.cost, p.bits, p.parameters, 0.5); });
        QVERIFY(thrown && thrown->code == Code::config);
        QVERIFY(!thrown->allowed.empty() && !thrown->advice.empty());
        QCOMPARE(codeOf([&] { allocateBits(p.cost, p.bits, p.parameters, std::nan("")); }), int(Code::config));
        auto broken = p;
        broken.cost[1].pop_back();
        QCOMPARE(codeOf([&] { allocateBits(broken.cost, broken.bits, p.parameters, 4); }), int(Code::internal));
        broken = p;
        broken.cost[2][3] = std::nan("");
        QCOMPARE(codeOf([&] { allocateBits(broken.cost, broken.bits, p.parameters, 4); }), int(Code::internal));
    }
};

QTEST_GUILESS_MAIN(TestBitAllocation)
#include "tst_bit_allocation.moc"
