// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The optimisers of optimisers.inc, by name.
#include "training/optimisers/optimiser.h"

#include "training/api/error.h"

namespace rankwright {

#define OPTIMISER(x, id, title, explanation, paper) extern const OptimiserSpec x;
#include "training/optimisers/optimisers.inc"
#undef OPTIMISER

const OptimiserSpec& optimiserById(std::string_view id)
{
    static const OptimiserSpec* const all[] = {
#define OPTIMISER(x, id, title, explanation, paper) &x,
#include "training/optimisers/optimisers.inc"
#undef OPTIMISER
    };
    std::vector<std::string> names;
    std::string allowed;
    for (const auto* optimiser : all) {
        if (optimiser->id == id)
            return *optimiser;
        names.emplace_back(optimiser->id);
        allowed += (allowed.empty() ? "" : ", ") + std::string(optimiser->id);
    }
    const auto near = nearestName(id, names);
    throw Error({.code = Code::config,
        .place = "/optimizer",
        .found = "\"" + std::string(id) + "\"",
        .allowed = allowed,
        .advice = near.empty() ? "Choose one of these optimisers." : "Did you mean \"" + near + "\"?"});
}

}  // namespace rankwright
