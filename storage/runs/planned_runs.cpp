// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A comparison -> its runs: which learning rates, in which order, under which names; and which stored runs belong to one.
#include "storage/runs/comparison.h"
#include "storage/utc_time.h"
#include "training/api/catalog.h"
#include "training/api/config_fields.h"
#include "training/api/error.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

namespace rankwright {

namespace {

constexpr int64_t kMostPoints = 99;
constexpr size_t kMostRuns = 10'000;

[[noreturn]] void refuse(std::string place, std::string found, std::string allowed, std::string advice)
{
    throw Error(ErrorParts{.code = Code::usage,
        .file = {},
        .place = std::move(place),
        .found = std::move(found),
        .allowed = std::move(allowed),
        .advice = std::move(advice)});
}

// To 12 digits, so that 2e-4 times 10 is 0.002 and rates of two arms meet.
double rounded(double value)
{
    char digits[32];
    const auto text = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific, 11);
    double result = value;
    std::from_chars(digits, text.ptr, result);
    return result;
}

void checkRate(double rate)
{
    const Field& field = *findConfigField("learningRate");
    if (!(std::isfinite(rate) && rate > 0 && rate >= field.least && rate <= field.most))
        refuse("learning rates", shortNumber(rate), "above 0, at most " + shortNumber(field.most),
            "Take a narrower sweep, or name the rates.");
}

// Positions in the order of training: from where the baseline's own rate stands outwards, the smaller rate first.
std::vector<size_t> outwards(const std::vector<double>& rates, double own)
{
    const auto distance = [&](double rate) { return std::abs(std::log(rate / own)); };
    const auto nearest = std::ranges::min_element(rates, {}, distance) - rates.begin();
    std::vector<size_t> order(rates.size());
    for (size_t i = 0; i < order.size(); ++i)
        order[i] = i;
    std::ranges::stable_sort(order, {}, [&](size_t i) { return std::abs(int64_t(i) - nearest); });
    return order;
}

void checkParts(const Comparison& comparison)
{
    if (comparison.arms.empty())
        refuse("arms", "none", "one or more", "Write for example --arms lora,pissa.");
    std::set<std::string> labels;
    for (const Arm& arm : comparison.arms) {
        if (arm.label.empty() || !labels.insert(arm.label).second)
            refuse("arm \"" + arm.label + "\"", arm.label.empty() ? "no label" : "the same label twice", "a label of its own for each arm",
                "Give each arm a label.");
    }
    if (comparison.seeds.empty())
        refuse("seeds", "none", "one or more", "Write for example --seeds 0,1,2.");
    std::set<int64_t> seeds;
    for (const int64_t seed : comparison.seeds) {
        if (seed < 0 || !seeds.insert(seed).second)
            refuse("seeds", std::to_string(seed) + (seed < 0 ? "" : " twice"), "0 or more, each seed once",
                "Runs of one seed are the same run: give another seed.");
    }
}

}  // namespace

std::vector<double> ratesOf(const RateSweep& sweep, double own)
{
    std::vector<double> rates = sweep.rates;
    if (rates.empty()) {
        if (sweep.points < 1 || sweep.points > kMostPoints || sweep.points % 2 == 0)
            refuse("points of the sweep", std::to_string(sweep.points), "an odd number from 1 to " + std::to_string(kMostPoints),
                "An odd number has the arm's own rate in its middle.");
        if (sweep.points > 1 && !(std::isfinite(sweep.factor) && sweep.factor > 1 && sweep.factor <= 1000))
            refuse("factor of the sweep", shortNumber(sweep.factor), "above 1, at most 1000", "2 is a good one.");
        for (int64_t i = -(sweep.points / 2); i <= sweep.points / 2; ++i)
            rates.push_back(i == 0 ? own : rounded(own * std::pow(sweep.factor, double(i))));
    }
    for (const double rate : rates)
        checkRate(rate);
    std::ranges::sort(rates);
    if (const auto twice = std::ranges::adjacent_find(rates); twice != rates.end())
        refuse("learning rates", shortNumber(*twice) + " twice", "each rate once", "Leave one of them out.");
    return rates;
}

std::vector<PlannedRun> plannedRuns(const Comparison& comparison)
{
    checkParts(comparison);
    std::vector<std::vector<double>> rates;
    for (const Arm& arm : comparison.arms)
        rates.push_back(ratesOf(comparison.sweep, arm.config.learningRate));
    const size_t count = rates.front().size();
    if (count * comparison.arms.size() * comparison.seeds.size() > kMostRuns)
        refuse("runs", std::to_string(count * comparison.arms.size() * comparison.seeds.size()), "at most " + std::to_string(kMostRuns),
            "Take fewer seeds, rates or arms.");
    std::vector<PlannedRun> runs;
    for (const int64_t seed : comparison.seeds) {
        for (const size_t position : outwards(rates.front(), comparison.arms.front().config.learningRate)) {
            for (size_t i = 0; i < comparison.arms.size(); ++i) {
                const Arm& arm = comparison.arms[i];
                PlannedRun run{.config = arm.config, .arm = arm.label};
                run.config.seed = seed;
                run.config.learningRate = rates[i][position];
                run.config.name = arm.config.name.empty() ? arm.label : arm.config.name + " " + arm.label;
                if (count > 1)
                    run.config.name += " lr " + shortNumber(run.config.learningRate);
                if (comparison.seeds.size() > 1)
                    run.config.name += " seed " + std::to_string(seed);
                runs.push_back(std::move(run));
            }
        }
    }
    return runs;
}

std::string labelOf(const RunConfig& config)
{
    std::string label = config.name;
    for (const std::string& ending : {" seed " + std::to_string(config.seed), " lr " + shortNumber(config.learningRate)}) {
        if (label.ends_with(ending))
            label.resize(label.size() - ending.size());
    }
    return label;
}

namespace {

[[noreturn]] void refuseSeveral(RunStore& store, const std::string& found, const std::string& example)
{
    throw Error(ErrorParts{.code = Code::usage,
        .file = store.dataDirectory(),
        .place = "comparison",
        .found = found,
        .allowed = "one, for example " + example,
        .advice = "Give the whole id."});
}

// The id of the comparison that a person means; empty where none.
std::string meantBy(RunStore& store, const std::vector<RunRow>& rows, const std::string& text)
{
    std::set<std::string> begins, named;
    for (const RunRow& row : rows) {
        if (row.comparison == text)
            return text;
    }
    for (const RunRow& row : rows) {
        if (row.name == text || row.id.starts_with(text))
            return {};
        if (!row.comparison.empty() && row.comparison.starts_with(text))
            begins.insert(row.comparison);
    }
    for (const Comparison& stored : storedComparisons(store.dataDirectory())) {
        if (stored.name == text)
            named.insert(stored.id);
    }
    if (named.size() > 1)
        refuseSeveral(store, std::to_string(named.size()) + " comparisons are called \"" + text + "\"", *named.begin());
    if (!named.empty())
        return *named.begin();
    if (begins.size() > 1)
        refuseSeveral(store, std::to_string(begins.size()) + " comparisons begin with \"" + text + "\"", *begins.begin());
    return begins.empty() ? std::string() : *begins.begin();
}

}  // namespace

std::vector<std::string> comparisonRuns(RunStore& store, const std::string& comparison)
{
    if (comparison.empty())
        return {};
    auto rows = store.runs();
    std::ranges::reverse(rows);   // oldest first
    const std::string id = meantBy(store, rows, comparison);
    std::vector<std::string> ids;
    for (const RunRow& row : rows) {
        if (!id.empty() && row.comparison == id)
            ids.push_back(row.id);
    }
    return ids;
}

}  // namespace rankwright
