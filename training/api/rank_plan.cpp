// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Ranks from singular values: a fixed rank, a share of each matrix's energy, or the best use of a parameter budget.
#include "training/api/rank_plan.h"

#include "training/api/error.h"

#include <algorithm>
#include <cmath>
#include <queue>

namespace rankwright {

namespace {

constexpr int64_t kBytesPerParameter = 16;  // float32 value, gradient and two moments of AdamW
// A share that is short of the wanted one by the rounding of the sum alone counts as reached.
constexpr double kEnergyTolerance = 1e-9;

double squared(float value)
{
    return std::isfinite(value) ? double(value) * double(value) : 0.0;
}

double listedEnergy(const ModuleSpectrum& spectrum, int64_t rank)
{
    double sum = 0;
    const size_t count = size_t(std::clamp<int64_t>(rank, 0, int64_t(spectrum.values.size())));
    for (size_t i = 0; i < count; ++i)
        sum += squared(spectrum.values[i]);
    return sum;
}

// The squared Frobenius norm; where a spectrum does not say it, the sum over the values listed.
double totalEnergy(const ModuleSpectrum& spectrum)
{
    if (std::isfinite(spectrum.energy) && spectrum.energy > 0)
        return spectrum.energy;
    return listedEnergy(spectrum, int64_t(spectrum.values.size()));
}

int64_t largestRank(const ModuleSpectrum& spectrum) { return std::min(spectrum.rows, spectrum.cols); }

[[noreturn]] void refuse(std::string place, std::string found, std::string allowed, std::string advice)
{
    throw Error{ErrorParts{.code = Code::usage,
        .place = std::move(place),
        .found = std::move(found),
        .allowed = std::move(allowed),
        .advice = std::move(advice)}};
}

void checkRequest(const PlanRequest& request)
{
    const int parts = (request.rank != 0) + (request.energy != 0) + (request.budget != 0);
    if (parts != 1)
        refuse("rank plan", std::to_string(parts) + " of rank, energy and budget given", "exactly one of them",
            "Give --rank R, --energy E or --budget PARAMS.");
    if (request.rank < 0)
        refuse("--rank", std::to_string(request.rank), "a whole number above 0", "Choose a rank such as 16.");
    if (request.energy != 0 && !(request.energy > 0 && request.energy <= 1))
        refuse("--energy", std::to_string(request.energy), "a share above 0, at most 1", "Write 0.9 for 90 percent.");
    if (request.budget < 0)
        refuse("--budget", std::to_string(request.budget), "a number of parameters above 0",
            "Choose a budget such as 1000000.");
}

int64_t rankForEnergy(const ModuleSpectrum& spectrum, double share)
{
    const double wanted = totalEnergy(spectrum) * (share - kEnergyTolerance);
    double sum = 0;
    for (size_t i = 0; i < spectrum.values.size(); ++i) {
        sum += squared(spectrum.values[i]);
        if (sum >= wanted)
            return std::min(int64_t(i) + 1, largestRank(spectrum));
    }
    return std::min(int64_t(spectrum.values.size()), largestRank(spectrum));
}

// What the next singular value of a module would bring.
struct Step
{
    double gainPerParameter = 0;
    size_t module = 0;
    // The queue takes the largest: more gain first, then the module that comes first, so that ties are the same on
    // every machine.
    bool operator<(const Step& other) const
    {
        if (gainPerParameter != other.gainPerParameter)
            return gainPerParameter < other.gainPerParameter;
        return module > other.module;
    }
};

std::vector<int64_t> ranksForBudget(const std::vector<ModuleSpectrum>& spectra, int64_t budget)
{
    std::vector<int64_t> ranks(spectra.size(), 0);
    std::priority_queue<Step> queue;
    const auto cost = [&](size_t module) { return spectra[module].rows + spectra[module].cols; };
    const auto offer = [&](size_t module) {
        const ModuleSpectrum& spectrum = spectra[module];
        const auto next = size_t(ranks[module]);
        if (next < spectrum.values.size() && ranks[module] < largestRank(spectrum))
            queue.push({squared(spectrum.values[next]) / double(cost(module)), module});
    };
    int64_t cheapest = INT64_MAX;
    for (size_t module = 0; module < spectra.size(); ++module) {
        cheapest = std::min(cheapest, cost(module));
        offer(module);
    }
    if (!spectra.empty() && budget < cheapest)
        refuse("--budget", std::to_string(budget) + " parameters",
            "at least " + std::to_string(cheapest) + ", which is rank 1 of the smallest module",
            "Raise the budget.");
    int64_t left = budget;
    while (!queue.empty()) {
        const size_t module = queue.top().module;
        queue.pop();
        // A module whose next column is too dear stays so, since the budget only shrinks; smaller ones may still fit.
        if (cost(module) > left)
            continue;
        left -= cost(module);
        ++ranks[module];
        offer(module);
    }
    return ranks;
}

RankPlan planOf(const std::vector<ModuleSpectrum>& spectra, const std::vector<ModuleRank>& ranks)
{
    RankPlan plan;
    double held = 0, all = 0;
    for (size_t i = 0; i < spectra.size(); ++i) {
        const ModuleSpectrum& spectrum = spectra[i];
        PlannedModule module{.name = spectrum.name, .rows = spectrum.rows, .cols = spectrum.cols};
        module.rank = std::clamp<int64_t>(ranks[i].rank, 0, largestRank(spectrum));
        module.alpha = module.rank > 0 ? ranks[i].alpha : 0;
        module.energy = capturedEnergy(spectrum, module.rank);
        module.parameters = module.rank * (spectrum.rows + spectrum.cols);
        held += module.energy * totalEnergy(spectrum);
        all += totalEnergy(spectrum);
        plan.parameters += module.parameters;
        plan.modules.push_back(std::move(module));
    }
    plan.energy = all > 0 ? held / all : 0;
    plan.adapterBytes = plan.parameters * kBytesPerParameter;
    return plan;
}

}  // namespace

double capturedEnergy(const ModuleSpectrum& spectrum, int64_t rank)
{
    const double total = totalEnergy(spectrum);
    if (rank >= largestRank(spectrum) && rank > 0)
        return total > 0 ? 1 : 0;
    return total > 0 ? std::min(1.0, listedEnergy(spectrum, rank) / total) : 0;
}

RankPlan planRanks(const std::vector<ModuleSpectrum>& spectra, const PlanRequest& request)
{
    checkRequest(request);
    std::vector<int64_t> ranks;
    if (request.budget > 0) {
        ranks = ranksForBudget(spectra, request.budget);
    } else {
        for (const ModuleSpectrum& spectrum : spectra) {
            ranks.push_back(request.rank > 0 ? std::min(request.rank, largestRank(spectrum))
                                             : rankForEnergy(spectrum, request.energy));
        }
    }
    std::vector<ModuleRank> full;
    for (const int64_t rank : ranks)
        full.push_back({rank, double(rank)});
    return planOf(spectra, full);
}

RankPlan planFromRanks(const std::vector<ModuleSpectrum>& spectra, const std::map<std::string, ModuleRank>& ranks)
{
    std::vector<ModuleRank> full;
    size_t found = 0;
    for (const ModuleSpectrum& spectrum : spectra) {
        const auto entry = ranks.find(spectrum.name);
        full.push_back(entry == ranks.end() ? ModuleRank{} : entry->second);
        found += entry != ranks.end();
    }
    if (found < ranks.size()) {
        for (const auto& [name, rank] : ranks) {
            if (std::ranges::none_of(spectra, [&](const ModuleSpectrum& s) { return s.name == name; }))
                refuse("rank plan", "the module " + name, "modules whose singular values are known",
                    "Remove the module from the plan, or compute its spectrum first.");
        }
    }
    return planOf(spectra, full);
}

}  // namespace rankwright
