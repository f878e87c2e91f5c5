// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Ranks from singular values: a fixed rank, a share of each matrix's energy, or the best use of a parameter budget.
#include "training/api/rank_plan.h"

#include "training/api/adapter_size.h"
#include "training/api/error.h"
#include "training/api/rank_budget.h"

#include <algorithm>
#include <cmath>
#include <string_view>

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
    const int parts = (request.rank != 0) + (request.energy != 0) + (request.budget != 0) + (request.memory != 0);
    if (parts != 1)
        refuse("rank plan", std::to_string(parts) + " of rank, energy, budget and memory given", "exactly one of them",
            "Give --rank R, --energy E, --budget PARAMS or --memory SIZE.");
    if (request.rank < 0)
        refuse("--rank", std::to_string(request.rank), "a whole number above 0", "Choose a rank such as 16.");
    if (request.energy != 0 && !(request.energy > 0 && request.energy <= 1))
        refuse("--energy", std::to_string(request.energy), "a share above 0, at most 1", "Write 0.9 for 90 percent.");
    if (request.budget < 0)
        refuse("--budget", std::to_string(request.budget), "a number of parameters above 0",
            "Choose a budget such as 1000000.");
    if (request.memory < 0)
        refuse("--memory", std::to_string(request.memory), "a number of bytes above 0", "Choose a size such as 500MB.");
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

BudgetRanks ranksForBudget(const std::vector<ModuleSpectrum>& spectra, const PlanRequest& request)
{
    const bool memory = request.memory > 0;
    const int64_t budget = memory ? request.memory / kBytesPerParameter : request.budget;
    int64_t cheapest = INT64_MAX;
    for (const ModuleSpectrum& spectrum : spectra)
        cheapest = std::min(cheapest, spectrum.rows + spectrum.cols);
    if (!spectra.empty() && budget < cheapest) {
        const std::string unit = memory ? " bytes" : " parameters";
        refuse(memory ? "--memory" : "--budget", std::to_string(memory ? request.memory : budget) + unit,
            "at least " + std::to_string(memory ? cheapest * kBytesPerParameter : cheapest)
                + ", which is rank 1 of the smallest module",
            "Raise the budget.");
    }
    return ranksForBudget(spectra, budget);
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
    plan.fileBytes = plan.parameters > 0 ? adapterFileBytes(plan.modules) : 0;
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
    const bool budgeted = request.budget > 0 || request.memory > 0;
    BudgetRanks best;
    if (budgeted) {
        best = ranksForBudget(spectra, request);
    } else {
        for (const ModuleSpectrum& spectrum : spectra) {
            best.ranks.push_back(request.rank > 0 ? std::min(request.rank, largestRank(spectrum))
                                                  : rankForEnergy(spectrum, request.energy));
        }
    }
    std::vector<ModuleRank> full;
    for (const int64_t rank : best.ranks)
        full.push_back({rank, double(rank)});
    RankPlan plan = planOf(spectra, full);
    if (budgeted) {
        double all = 0;
        for (const ModuleSpectrum& spectrum : spectra)
            all += totalEnergy(spectrum);
        plan.gap = all > 0 ? (best.bound - best.energy) / all : 0;
    }
    return plan;
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
