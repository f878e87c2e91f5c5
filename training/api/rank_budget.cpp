// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The best use of a budget in three steps:
// 1. a price lambda for a unit of cost, so that everything worth more than its price just fits (Lagrange; the value of that, with the
//    rest of the budget paid at lambda, bounds every solution from above);
// 2. the rest spent greedily, which is a solution to beat;
// 3. an exact search close to step 1. Modules of the same cost form a group, whose best k values are its largest k, so that a solution
//    is one number a group. A best solution changes at most 2 D + 1 items of the relaxed one, D the largest cost in units of the
//    greatest common divisor (Eisenbrand and Weismantel 2018, arXiv 1707.00481, with one constraint), and none whose loss at
//    the price lambda exceeds the distance between step 1 and step 2. What is left is a small table over the budget.
#include "training/api/rank_budget.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <queue>

namespace rankwright {

namespace {

constexpr int64_t kMostCells = 30'000'000;   // of the exact search: some 30 ms
constexpr double kRounding = 1e-12;          // of sums of energies, relative

struct Module
{
    int64_t cost = 0;                // units
    std::vector<double> gains;       // squared values above zero, largest first
    double last = 0, rest = 0;       // no value that is not listed has more energy than `last`, nor all of them together than `rest`
    int64_t unlisted = 0;
};

Module moduleOf(const ModuleSpectrum& spectrum)
{
    Module module{.cost = spectrum.rows + spectrum.cols};
    const auto most = size_t(std::max<int64_t>(0, std::min(spectrum.rows, spectrum.cols)));
    const size_t listed = std::min(spectrum.values.size(), most);
    module.unlisted = int64_t(most - listed);
    module.gains.reserve(listed);
    double sum = 0;
    for (size_t i = 0; i < listed; ++i) {
        const double value = spectrum.values[i];
        if (!std::isfinite(value) || !(value > 0))
            break;
        module.gains.push_back(value * value);
        sum += value * value;
    }
    module.rest = std::isfinite(spectrum.energy) ? std::max(0.0, spectrum.energy - sum) : 0;
    if (listed == 0)
        module.last = module.rest;
    else if (module.gains.size() == listed)
        module.last = module.gains.back();
    return module;
}

// The values of a group that come next, or that were taken last, with what each changes: worth falls, or rises, along the list.
struct Step
{
    double gain = 0;
    size_t module = 0;
};
struct Group
{
    int64_t cost = 0;
    std::vector<size_t> modules;
    std::vector<Step> more, fewer;
};

class BudgetSearch
{
public:
    BudgetSearch(const std::vector<ModuleSpectrum>& spectra, int64_t parameters);
    BudgetRanks best();

private:
    [[nodiscard]] int64_t costOf(const std::vector<int64_t>& ranks) const;
    [[nodiscard]] double energyOf(const std::vector<int64_t>& ranks) const;
    void findPrice();
    [[nodiscard]] std::vector<int64_t> filledGreedily() const;
    void collectSteps(Group& group, int64_t most, double room) const;
    // The best ranks of all, or nothing where the table would be too large.
    bool search(std::vector<int64_t>& ranks);
    bool fillTable(int64_t reach);
    [[nodiscard]] double unlistedBound() const;
    [[nodiscard]] bool listedSuffice(double energy) const;

    struct Stage                      // what one group more makes of every change of cost
    {
        int64_t from = 0, to = -1;    // units beside the base's
        std::vector<double> gain;
        std::vector<int32_t> step;    // of the group, that led here
    };
    std::vector<Module> m_modules;
    std::vector<Group> m_groups;
    std::vector<Stage> m_stages;
    int64_t m_budget = 0, m_left = 0;     // units
    double m_price = 0;                   // energy for a unit
    std::vector<int64_t> m_base;          // everything above the price, and what fits of what is just at it
    double m_relaxed = 0, m_room = 0;     // the upper bound, and its distance to the greedy solution
};

BudgetSearch::BudgetSearch(const std::vector<ModuleSpectrum>& spectra, int64_t parameters)
{
    int64_t unit = 0;
    for (const ModuleSpectrum& spectrum : spectra) {
        m_modules.push_back(moduleOf(spectrum));
        unit = std::gcd(unit, m_modules.back().cost);
    }
    unit = std::max<int64_t>(1, unit);
    m_budget = parameters / unit;
    std::map<int64_t, std::vector<size_t>> groups;
    for (size_t i = 0; i < m_modules.size(); ++i) {
        m_modules[i].cost /= unit;
        groups[m_modules[i].cost].push_back(i);
    }
    for (auto& [cost, modules] : groups)
        m_groups.push_back({.cost = cost, .modules = std::move(modules), .more = {}, .fewer = {}});
}

int64_t BudgetSearch::costOf(const std::vector<int64_t>& ranks) const
{
    int64_t cost = 0;
    for (size_t i = 0; i < ranks.size(); ++i)
        cost += ranks[i] * m_modules[i].cost;
    return cost;
}

double BudgetSearch::energyOf(const std::vector<int64_t>& ranks) const
{
    double sum = 0;
    for (size_t i = 0; i < ranks.size(); ++i) {
        const auto& gains = m_modules[i].gains;
        sum = std::accumulate(gains.begin(), gains.begin() + ranks[i], sum);
    }
    return sum;
}

// Halves the interval of prices until its ends are neighbouring numbers. Numbers above zero are ordered as their bits are.
void BudgetSearch::findPrice()
{
    const size_t count = m_modules.size();
    std::vector<int64_t> all(count), none(count, 0), middle(count);
    double dearest = 0;
    for (size_t i = 0; i < count; ++i) {
        all[i] = int64_t(m_modules[i].gains.size());
        if (!m_modules[i].gains.empty())
            dearest = std::max(dearest, m_modules[i].gains.front() / double(m_modules[i].cost));
    }
    m_base = all;
    if (costOf(all) > m_budget) {
        uint64_t low = 0, high = std::bit_cast<uint64_t>(dearest) + 1;   // at `low` too much is taken, at `high` it fits
        while (high - low > 1) {
            const uint64_t between = low + (high - low) / 2;
            const auto price = std::bit_cast<double>(between);
            for (size_t i = 0; i < count; ++i) {
                const auto& gains = m_modules[i].gains;
                const double worth = price * double(m_modules[i].cost);
                middle[i] = std::partition_point(gains.begin() + none[i], gains.begin() + all[i],
                                [worth](double gain) { return gain > worth; })
                    - gains.begin();
            }
            const bool fits = costOf(middle) <= m_budget;
            (fits ? none : all) = middle;
            (fits ? high : low) = between;
        }
        m_price = std::bit_cast<double>(high);
        m_base = none;
    }
    m_left = m_budget - costOf(m_base);
    m_relaxed = energyOf(m_base) + m_price * double(m_left);
    for (size_t i = 0; i < count; ++i) {   // ties at the price, up to the first that does not fit
        const int64_t taken = std::min(all[i] - m_base[i], m_left / std::max<int64_t>(1, m_modules[i].cost));
        const bool whole = taken == all[i] - m_base[i];
        m_base[i] += taken;
        m_left -= taken * m_modules[i].cost;
        if (!whole)
            break;
    }
}

std::vector<int64_t> BudgetSearch::filledGreedily() const
{
    struct Next
    {
        double worth;
        size_t module;
        bool operator<(const Next& other) const { return worth != other.worth ? worth < other.worth : module > other.module; }
    };
    std::vector<int64_t> ranks = m_base;
    std::priority_queue<Next> queue;
    const auto offer = [&](size_t i) {
        if (ranks[i] < int64_t(m_modules[i].gains.size()))
            queue.push({m_modules[i].gains[size_t(ranks[i])] / double(m_modules[i].cost), i});
    };
    for (size_t i = 0; i < ranks.size(); ++i)
        offer(i);
    int64_t left = m_left;
    while (!queue.empty()) {
        const size_t i = queue.top().module;
        queue.pop();
        // A module whose next value is too dear stays so, since the budget only shrinks; smaller ones may still fit.
        if (m_modules[i].cost > left)
            continue;
        left -= m_modules[i].cost;
        ++ranks[i];
        offer(i);
    }
    return ranks;
}

// At most `most` values in either direction, and none after the loss at the price has used up `room`.
void BudgetSearch::collectSteps(Group& group, int64_t most, double room) const
{
    const double price = m_price * double(group.cost);
    const auto collect = [&](std::vector<Step>& steps, int64_t sign) {
        const auto worse = [sign](const Step& x, const Step& y) {
            if (x.gain != y.gain)
                return sign > 0 ? x.gain < y.gain : x.gain > y.gain;
            return sign > 0 ? x.module > y.module : x.module < y.module;
        };
        std::priority_queue<Step, std::vector<Step>, decltype(worse)> queue(worse);
        std::map<size_t, int64_t> taken;
        const auto offer = [&](size_t module) {
            const auto& gains = m_modules[module].gains;
            const int64_t at = m_base[module] + sign * taken[module] - (sign > 0 ? 0 : 1);
            if (at >= 0 && at < int64_t(gains.size()))
                queue.push({gains[size_t(at)], module});
        };
        for (const size_t module : group.modules)
            offer(module);
        double loss = 0;
        while (!queue.empty() && int64_t(steps.size()) < most) {
            const Step step = queue.top();
            queue.pop();
            loss += double(sign) * (price - step.gain);
            if (loss > room)
                break;
            steps.push_back(step);
            ++taken[step.module];
            offer(step.module);
        }
    };
    collect(group.more, 1);
    collect(group.fewer, -1);
}

bool BudgetSearch::fillTable(int64_t reach)
{
    // The changes of cost that the groups not yet decided can still make.
    int64_t laterLess = 0, laterMore = 0;
    for (const Group& group : m_groups) {
        laterLess += int64_t(group.fewer.size()) * group.cost;
        laterMore += int64_t(group.more.size()) * group.cost;
    }
    const double unspent = m_price > 0 ? std::min(double(m_left), m_room / m_price) : double(m_left);
    const int64_t least = m_left - int64_t(std::ceil(unspent)) - 1;
    m_stages.assign(1, {.from = 0, .to = 0, .gain = {0.0}, .step = {0}});
    int64_t less = 0, more = 0, cells = 0;
    for (const Group& group : m_groups) {
        const auto down = int64_t(group.fewer.size()), up = int64_t(group.more.size());
        less += down * group.cost;
        more += up * group.cost;
        laterLess -= down * group.cost;
        laterMore -= up * group.cost;
        const Stage& before = m_stages.back();
        Stage stage{.from = std::max({-less, -reach, least - laterMore}), .to = std::min({more, reach, m_left + laterLess})};
        if (stage.to < stage.from)
            return false;
        cells += (before.to - before.from + 1) * (down + up + 1) + (stage.to - stage.from + 1);
        if (cells > kMostCells)
            return false;
        stage.gain.assign(size_t(stage.to - stage.from + 1), -std::numeric_limits<double>::infinity());
        stage.step.assign(stage.gain.size(), 0);
        std::vector<double> change(size_t(down + up + 1), 0.0);   // of energy, by the number of values more or fewer
        for (int64_t i = 0; i < up; ++i)
            change[size_t(down + i + 1)] = change[size_t(down + i)] + group.more[size_t(i)].gain;
        for (int64_t i = 0; i < down; ++i)
            change[size_t(down - i - 1)] = change[size_t(down - i)] - group.fewer[size_t(i)].gain;
        for (int64_t at = before.from; at <= before.to; ++at) {
            const double gain = before.gain[size_t(at - before.from)];
            if (std::isinf(gain))
                continue;
            for (int64_t step = -down; step <= up; ++step) {
                const int64_t to = at + step * group.cost;
                if (to < stage.from || to > stage.to)
                    continue;
                const double sum = gain + change[size_t(down + step)];
                if (sum > stage.gain[size_t(to - stage.from)]) {
                    stage.gain[size_t(to - stage.from)] = sum;
                    stage.step[size_t(to - stage.from)] = int32_t(step);
                }
            }
        }
        m_stages.push_back(std::move(stage));
    }
    return true;
}

bool BudgetSearch::search(std::vector<int64_t>& ranks)
{
    int64_t dearest = 0;
    for (const Group& group : m_groups)
        dearest = std::max(dearest, group.cost);
    if (dearest > kMostCells)
        return false;
    const int64_t most = 2 * dearest + 2;   // one more than the theorem says, for the value that the relaxed solution cuts
    for (Group& group : m_groups)
        collectSteps(group, most, m_room);
    if (!fillTable(most * dearest))
        return false;
    const Stage& last = m_stages.back();
    int64_t at = std::max_element(last.gain.begin(), last.gain.end()) - last.gain.begin() + last.from;
    if (std::isinf(last.gain[size_t(at - last.from)]))
        return false;
    ranks = m_base;
    for (size_t i = m_groups.size(); i-- > 0;) {
        const Stage& stage = m_stages[i + 1];
        const int64_t step = stage.step[size_t(at - stage.from)];
        for (int64_t k = 0; k < std::abs(step); ++k)
            ranks[(step > 0 ? m_groups[i].more : m_groups[i].fewer)[size_t(k)].module] += step > 0 ? 1 : -1;
        at -= step * m_groups[i].cost;
    }
    return true;
}

// The most that values which are not listed could bring at this price.
double BudgetSearch::unlistedBound() const
{
    double sum = 0;
    for (const Module& module : m_modules) {
        const double worth = std::max(0.0, module.last - m_price * double(module.cost));
        sum += module.unlisted > 0 ? std::min(module.rest, worth * double(module.unlisted)) : 0;
    }
    return sum;
}

// Whether no better solution than one of this energy has a value that is not listed. Such a value comes after all that are.
bool BudgetSearch::listedSuffice(double energy) const
{
    const double room = m_relaxed - energy + kRounding * m_relaxed;
    for (const Module& module : m_modules) {
        if (module.unlisted == 0 || module.rest == 0)
            continue;
        const double price = m_price * double(module.cost);
        double loss = price - module.last;
        for (size_t i = module.gains.size(); i-- > 0 && module.gains[i] < price;)
            loss += price - module.gains[i];
        if (loss <= room)
            return false;
    }
    return true;
}

BudgetRanks BudgetSearch::best()
{
    findPrice();
    BudgetRanks result{.ranks = filledGreedily()};
    result.energy = energyOf(result.ranks);
    m_room = std::max(0.0, m_relaxed - result.energy) + kRounding * m_relaxed;
    bool exact = m_price == 0;   // everything fits
    if (std::vector<int64_t> found; !exact && search(found)) {
        exact = true;
        if (const double energy = energyOf(found); energy > result.energy) {
            result.ranks = std::move(found);
            result.energy = energy;
        }
    }
    result.bound = exact && listedSuffice(result.energy) ? result.energy : std::max(result.energy, m_relaxed + unlistedBound());
    return result;
}

}  // namespace

BudgetRanks ranksForBudget(const std::vector<ModuleSpectrum>& spectra, int64_t parameters)
{
    return BudgetSearch(spectra, parameters).best();
}

}  // namespace rankwright
