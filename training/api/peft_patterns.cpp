// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Ranks and alphas of single modules as PEFT's LoraConfig says them. PEFT 0.21.2 takes the first key of a pattern for which
// re.match(r"(.*\.)?(KEY)$", module) holds, so a bare name is also every longer path that ends with it, and a dot is any character.
#include "training/api/error.h"
#include "training/api/rank_plan.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace rankwright {

namespace {

// A regular expression that matches this path from its first to its last character and nothing else.
std::string anchored(const std::string& path)
{
    std::string key = "^";
    for (const char letter : path) {
        if (std::string_view("\\^$.|?*+()[]{}").find(letter) != std::string_view::npos)
            key += '\\';
        key += letter;
    }
    return key;
}

// What most modules have; the smallest of several. It is said once, and the patterns say the rest.
template<typename Number>
Number mostCommon(const std::map<Number, int64_t>& counts)
{
    return std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; })->first;
}

nlohmann::json alphaNumber(double alpha)
{
    if (std::abs(alpha) < 1e15 && alpha == std::floor(alpha))
        return int64_t(alpha);
    return alpha;
}

}  // namespace

nlohmann::json peftPatterns(const RankPlan& plan)
{
    std::map<int64_t, int64_t> ranks;
    std::map<double, int64_t> alphas;
    for (const PlannedModule& module : plan.modules) {
        if (module.rank < 1)
            continue;
        ++ranks[module.rank];
        ++alphas[module.alpha];
    }
    if (ranks.empty())
        throw Error({.code = Code::usage, .place = "rank plan", .found = "rank 0 for every module", .allowed = "a module with a rank",
            .advice = "Raise the budget, the energy or the rank."});
    const int64_t rank = mostCommon(ranks);
    const double alpha = mostCommon(alphas);
    auto rankPattern = nlohmann::json::object(), alphaPattern = nlohmann::json::object(), targets = nlohmann::json::array();
    for (const PlannedModule& module : plan.modules) {
        if (module.rank < 1)
            continue;
        targets.push_back(module.name);
        if (module.rank != rank)
            rankPattern[anchored(module.name)] = module.rank;
        if (module.alpha != alpha)
            alphaPattern[anchored(module.name)] = alphaNumber(module.alpha);
    }
    return {{"r", rank}, {"lora_alpha", alphaNumber(alpha)}, {"rank_pattern", std::move(rankPattern)},
        {"alpha_pattern", std::move(alphaPattern)}, {"target_modules", std::move(targets)}};
}

}  // namespace rankwright
