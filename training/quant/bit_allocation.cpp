// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/quant/bit_allocation.h"

#include "training/api/error.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankwright {

namespace {

using Table = std::vector<std::vector<double>>;
struct Option { double bits, cost; size_t config; };

void check(const Table& cost, const Table& bits)
{
    bool fits = cost.size() == bits.size() && !cost.empty();
    for (size_t i = 0; fits && i < cost.size(); ++i) {
        fits = !cost[i].empty() && cost[i].size() == bits[i].size();
        for (size_t c = 0; fits && c < cost[i].size(); ++c)
            fits = std::isfinite(cost[i][c]) && std::isfinite(bits[i][c]);
    }
    if (!fits)
        throw Error({.code = Code::internal, .place = "bit allocation", .found = "tables of costs and bits that do not match",
            .allowed = "a finite cost and size for each configuration of each matrix"});
}

// The configurations of a matrix that are worth having: more bits only for less cost. Ascending bits.
std::vector<Option> worthHaving(const std::vector<double>& cost, const std::vector<double>& bits)
{
    std::vector<Option> options;
    for (size_t c = 0; c < cost.size(); ++c)
        options.push_back({bits[c], cost[c], c});
    std::sort(options.begin(), options.end(), [](const Option& a, const Option& b) {
        return a.bits != b.bits ? a.bits < b.bits : (a.cost != b.cost ? a.cost < b.cost : a.config < b.config);
    });
    std::vector<Option> kept;
    for (const Option& option : options) {
        if (kept.empty() || option.cost < kept.back().cost)
            kept.push_back(option);
    }
    return kept;
}

class Allocation
{
public:
    Allocation(const Table& cost, const Table& bits, double limit) : m_limit(limit)
    {
        for (size_t i = 0; i < cost.size(); ++i)
            m_options.push_back(worthHaving(cost[i], bits[i]));
        m_taken.assign(m_options.size(), 0);
    }

    // The smallest configuration of each.
    [[nodiscard]] double leastBits() const
    {
        double sum = 0;
        for (const auto& options : m_options)
            sum += options.front().bits;
        return sum;
    }

    // Bisects the price of a bit, and keeps the cheapest choice that fits.
    void payForBits()
    {
        double low = 0, high = greatestSlope();
        if (atPrice(low) <= m_limit)
            return;
        std::fill(m_taken.begin(), m_taken.end(), size_t(0));
        auto best = m_taken;
        for (int step = 0; step < 100; ++step) {
            const double price = 0.5 * (low + high);
            const bool fits = atPrice(price) <= m_limit;
            (fits ? high : low) = price;
            if (fits)
                best = m_taken;
        }
        m_price = high;
        m_taken = best;
    }

    // The upgrade that saves most a bit and fits, again and again.
    void spendTheRest()
    {
        for (;;) {
            double best = 0;
            size_t matrix = 0, to = 0;
            const double room = m_limit - bits();
            for (size_t i = 0; i < m_options.size(); ++i) {
                for (size_t c = m_taken[i] + 1; c < m_options[i].size(); ++c) {
                    const double more = m_options[i][c].bits - now(i).bits;
                    const double rate = (now(i).cost - m_options[i][c].cost) / more;
                    if (more <= room && rate > best)
                        best = rate, matrix = i, to = c;
                }
            }
            if (best <= 0)
                return;
            m_taken[matrix] = to;
        }
    }

    // Gives one matrix less so that another can have more, while that saves cost.
    bool exchange()
    {
        const double room = m_limit - bits();
        double best = 0;
        size_t down = 0, downTo = 0, up = 0, upTo = 0;
        for (size_t i = 0; i < m_options.size(); ++i) {
            for (size_t c = 0; c < m_taken[i]; ++c) {
                const double freed = room + now(i).bits - m_options[i][c].bits, loss = m_options[i][c].cost - now(i).cost;
                for (size_t j = 0; j < m_options.size(); ++j) {
                    const size_t d = j == i ? 0 : bestWithin(j, freed);
                    const double saved = j == i || d <= m_taken[j] ? 0 : now(j).cost - m_options[j][d].cost - loss;
                    if (saved > best)
                        best = saved, down = i, downTo = c, up = j, upTo = d;
                }
            }
        }
        if (best <= 1e-12 * std::abs(cost()))
            return false;
        m_taken[down] = downTo;
        m_taken[up] = upTo;
        return true;
    }

    // Looks through what could still be cheaper: partial choices, matrix after matrix, of which those are dropped that cannot fit,
    // that another beats in bits and cost, or that even Lagrange's bound puts above the best known. Exact as long as at most
    // kMostStates remain at each matrix.
    void search()
    {
        const double price = m_price, known = cost();
        std::vector<std::vector<State>> stages{{State{}}};
        const auto least = remaining([](const Option& option) { return option.bits; });
        const auto bound = remaining([price](const Option& option) { return option.cost + price * option.bits; });
        for (size_t i = 0; i < m_options.size(); ++i) {
            std::vector<State> next;
            for (size_t from = 0; from < stages[i].size(); ++from) {
                for (size_t c = 0; c < m_options[i].size(); ++c) {
                    const State state{stages[i][from].bits + m_options[i][c].bits, stages[i][from].cost + m_options[i][c].cost, from, c};
                    if (state.bits + least[i + 1] <= m_limit
                        && state.cost + price * (state.bits - m_limit) + bound[i + 1] < known * (1 - 1e-12))
                        next.push_back(state);
                }
            }
            stages.push_back(thinned(undominated(std::move(next)), price));
        }
        takeCheapest(stages);
    }

    [[nodiscard]] double bits() const
    {
        double sum = 0;
        for (size_t i = 0; i < m_options.size(); ++i)
            sum += now(i).bits;
        return sum;
    }
    [[nodiscard]] double cost() const
    {
        double sum = 0;
        for (size_t i = 0; i < m_options.size(); ++i)
            sum += now(i).cost;
        return sum;
    }
    [[nodiscard]] BitAllocation result() const
    {
        BitAllocation found{{}, cost(), bits()};
        for (size_t i = 0; i < m_options.size(); ++i)
            found.choice.push_back(now(i).config);
        return found;
    }

private:
    [[nodiscard]] const Option& now(size_t i) const { return m_options[i][m_taken[i]]; }

    struct State { double bits = 0, cost = 0; size_t from = 0, option = 0; };
    static constexpr size_t kMostStates = 2048;

    // For each i the sum over matrices i, i + 1, ... of the least `value` of their options.
    template <class Value>
    [[nodiscard]] std::vector<double> remaining(const Value& value) const
    {
        std::vector<double> sums(m_options.size() + 1, 0.0);
        for (size_t i = m_options.size(); i-- > 0;) {
            double least = std::numeric_limits<double>::infinity();
            for (const Option& option : m_options[i])
                least = std::min(least, value(option));
            sums[i] = sums[i + 1] + least;
        }
        return sums;
    }

    static std::vector<State> undominated(std::vector<State> states)
    {
        std::sort(states.begin(), states.end(), [](const State& a, const State& b) {
            return a.bits != b.bits ? a.bits < b.bits : a.cost < b.cost;
        });
        std::vector<State> kept;
        for (const State& state : states) {
            if (kept.empty() || state.cost < kept.back().cost)
                kept.push_back(state);
        }
        return kept;
    }

    // The most promising of neighbours in bits, where there are too many.
    static std::vector<State> thinned(std::vector<State> states, double price)
    {
        if (states.size() <= kMostStates)
            return states;
        std::vector<State> kept;
        for (size_t group = 0; group < kMostStates; ++group) {
            const auto first = states.begin() + std::ptrdiff_t(group * states.size() / kMostStates);
            const auto last = states.begin() + std::ptrdiff_t((group + 1) * states.size() / kMostStates);
            kept.push_back(*std::min_element(first, last, [price](const State& a, const State& b) {
                return a.cost + price * a.bits < b.cost + price * b.bits;
            }));
        }
        return kept;
    }

    // Ascending bits are descending costs: the last state of the last stage is the cheapest, if that is better than now.
    void takeCheapest(const std::vector<std::vector<State>>& stages)
    {
        if (stages.back().empty() || stages.back().back().cost >= cost())
            return;
        const auto before = m_taken;
        size_t state = stages.back().size() - 1;
        for (size_t i = m_options.size(); i-- > 0;) {
            m_taken[i] = stages[i + 1][state].option;
            state = stages[i + 1][state].from;
        }
        if (bits() > m_limit)   // by rounding
            m_taken = before;
    }

    // The cheapest configuration of matrix `i` that takes at most `extra` bits more than now.
    [[nodiscard]] size_t bestWithin(size_t i, double extra) const
    {
        size_t best = m_taken[i];
        while (best + 1 < m_options[i].size() && m_options[i][best + 1].bits - now(i).bits <= extra)
            ++best;
        return best;
    }

    // A price above which every matrix takes its smallest configuration.
    [[nodiscard]] double greatestSlope() const
    {
        double greatest = 0;
        for (const auto& options : m_options) {
            for (size_t c = 1; c < options.size(); ++c)
                greatest = std::max(greatest, (options.front().cost - options[c].cost) / (options[c].bits - options.front().bits));
        }
        return 2 * greatest + std::numeric_limits<double>::min();
    }

    // Every matrix takes what is cheapest at this price; the bits of all.
    double atPrice(double price)
    {
        for (size_t i = 0; i < m_options.size(); ++i) {
            const auto cheaper = [price](const Option& a, const Option& b) { return a.cost + price * a.bits < b.cost + price * b.bits; };
            m_taken[i] = size_t(std::min_element(m_options[i].begin(), m_options[i].end(), cheaper) - m_options[i].begin());
        }
        return bits();
    }

    double m_limit;
    std::vector<std::vector<Option>> m_options;   // a matrix each, ascending bits, descending cost
    std::vector<size_t> m_taken;                  // an option each
    double m_price = 0;                           // of a bit, at which they fit
};

}  // namespace

BitAllocation allocateBits(const Table& cost, const Table& bits, double parameters, double budget)
{
    check(cost, bits);
    Allocation allocation(cost, bits, budget * parameters);
    if (!(allocation.leastBits() <= budget * parameters))
        throw Error({.code = Code::config, .place = "bit budget", .found = std::to_string(budget) + " bits a parameter",
            .allowed = "at least " + std::to_string(allocation.leastBits() / parameters),
            .advice = "Raise the budget, or allow configurations with fewer bits."});
    allocation.payForBits();
    allocation.spendTheRest();
    while (allocation.exchange()) { }
    allocation.search();
    return allocation.result();
}

}  // namespace rankwright
