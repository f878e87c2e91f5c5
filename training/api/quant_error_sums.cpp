// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/api/quant_error_sums.h"

#include "training/api/json_text.h"

#include <algorithm>
#include <cmath>

namespace rankwright {

namespace {

double squaresAdded(double a, double b) { return std::hypot(a, b); }

void add(ErrorNorms& to, const ErrorNorms& norms)
{
    to.frobenius = squaresAdded(to.frobenius, norms.frobenius);
    to.nuclear += norms.nuclear;
    to.spectral = std::max(to.spectral, norms.spectral);
    to.output = to.output < 0 || norms.output < 0 ? -1 : squaresAdded(to.output, norms.output);
}

void add(QuantErrorSum& sum, const QuantError& one)
{
    add(sum.error, one.error);
    add(sum.plain, one.plain);
    ++sum.modules;
    sum.meanReduction += (one.reduction() - sum.meanReduction) / double(sum.modules);
    if (!(one.error.nuclear < one.plain.nuclear))
        sum.notNuclear.push_back(one.name);
    if (one.error.output >= 0 && !(one.error.output < one.plain.output))
        sum.notOutput.push_back(one.name);
}

}  // namespace

QuantVerdict verdictOf(const ErrorNorms& error, const ErrorNorms& plain)
{
    const bool measured = error.output >= 0 && plain.output >= 0;
    const bool better = error.nuclear < plain.nuclear, worse = error.nuclear > plain.nuclear;
    const bool betterOutput = measured && error.output < plain.output, worseOutput = measured && error.output > plain.output;
    if (worse)
        return betterOutput ? QuantVerdict::worseWeights : QuantVerdict::worse;
    if (worseOutput)
        return better ? QuantVerdict::worseOutput : QuantVerdict::worse;
    return better || betterOutput ? QuantVerdict::helps : QuantVerdict::noBetter;
}

std::string verdictText(QuantVerdict verdict)
{
    switch (verdict) {
    case QuantVerdict::helps: return "helps";
    case QuantVerdict::noBetter: return "no better than QLoRA";
    case QuantVerdict::worse: return "worse than QLoRA";
    case QuantVerdict::worseWeights: return "worse than QLoRA by the weights, better by the output";
    case QuantVerdict::worseOutput: return "worse than QLoRA by the output, better by the weights";
    }
    return {};
}

std::vector<QuantErrorSum> quantErrorSums(const std::vector<QuantError>& errors, bool byKind)
{
    std::vector<QuantErrorSum> sums;
    for (const QuantError& one : errors) {
        const std::string kind = byKind ? one.kind : std::string();
        auto found = std::ranges::find_if(sums, [&](const QuantErrorSum& sum) {
            return sum.method == one.method && sum.rank == one.rank && sum.rounds == one.rounds && sum.kind == kind;
        });
        if (found == sums.end()) {
            // An output of 0 rather than -1: nothing summed so far.
            found = sums.insert(sums.end(), {.method = one.method, .kind = kind, .rank = one.rank, .rounds = one.rounds,
                .error = {.output = 0}, .plain = {.output = 0}});
        }
        add(*found, one);
    }
    return sums;
}

nlohmann::json toJson(const QuantErrorSum& sum)
{
    const auto norms = [](const ErrorNorms& n) {
        nlohmann::json form{{"frobenius", jsonNumber(n.frobenius)}, {"nuclear", jsonNumber(n.nuclear)}, {"spectral", jsonNumber(n.spectral)}};
        if (n.output >= 0)
            form["output"] = jsonNumber(n.output);
        return form;
    };
    const auto names = [](const std::vector<std::string>& list) {
        nlohmann::json form = nlohmann::json::array();
        for (const std::string& name : list)
            form.push_back(jsonText(name));
        return form;
    };
    nlohmann::json form{{"method", sum.method}, {"rank", sum.rank}, {"rounds", sum.rounds}, {"modules", sum.modules},
        {"error", norms(sum.error)}, {"plain", norms(sum.plain)}, {"reduction", jsonNumber(sum.reduction())},
        {"meanReduction", jsonNumber(sum.meanReduction)}, {"verdict", verdictText(sum.verdict())},
        {"doesNotHelp", names(sum.notNuclear)}};
    if (!sum.kind.empty())
        form["kind"] = jsonText(sum.kind);
    if (sum.hasOutput()) {
        form["outputReduction"] = jsonNumber(sum.outputReduction());
        form["doesNotHelpOutput"] = names(sum.notOutput);
    }
    return form;
}

}  // namespace rankwright
