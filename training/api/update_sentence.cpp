// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/api/update_sentence.h"

#include "training/api/number_text.h"

#include <algorithm>
#include <cmath>

namespace rankwright {

std::vector<double> energyByRank(const std::vector<UpdateSpectrum>& modules)
{
    size_t ranks = 0;
    double all = 0;
    for (const UpdateSpectrum& module : modules) {
        ranks = std::max(ranks, module.values.size());
        for (const double value : module.values)
            all += value * value;
    }
    if (!(all > 0))
        return {};
    std::vector<double> energies;
    double held = 0;
    for (size_t rank = 0; rank < ranks; ++rank) {
        for (const UpdateSpectrum& module : modules)
            held += rank < module.values.size() ? module.values[rank] * module.values[rank] : 0;
        energies.push_back(held / all);
    }
    return energies;
}

int64_t rankOfMost(const std::vector<double>& energies)
{
    const auto enough = std::ranges::find_if(energies, [](double share) { return share >= kMostOfUpdate; });
    return std::min<int64_t>(enough - energies.begin() + 1, std::ssize(energies));
}

std::string updateSentence(const std::vector<double>& energies)
{
    if (energies.empty())
        return "The run has changed nothing: there is no update.";
    const int64_t rank = rankOfMost(energies), most = std::ssize(energies);
    // Rounded down: 99.97 % is not all of it.
    const double percent = std::floor(1000 * energies[size_t(rank - 1)]) / 10;
    return (rank == most ? "100" : numberText(percent, 1)) + " % of the update lives in rank " + std::to_string(rank) + " of "
        + std::to_string(most) + ".";
}

}  // namespace rankwright
