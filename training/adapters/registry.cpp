// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/adapters/method.h"

#include "training/api/error.h"

namespace rankwright {

#define METHOD(x) extern const MethodSpec x;
#include "training/methods/methods.inc"
#undef METHOD

const std::vector<MethodSpec>& methods()
{
    static const std::vector<MethodSpec> all{
#define METHOD(x) x,
#include "training/methods/methods.inc"
#undef METHOD
    };
    return all;
}

const MethodSpec& methodById(std::string_view id)
{
    std::vector<std::string> names;
    std::string allowed;
    for (const auto& method : methods()) {
        if (method.id == id)
            return method;
        names.emplace_back(method.id);
        allowed += (allowed.empty() ? "" : ", ") + std::string(method.id);
    }
    const auto near = nearestName(id, names);
    throw Error({.code = Code::config,
        .place = "/method",
        .found = "\"" + std::string(id) + "\"",
        .allowed = allowed,
        .advice = near.empty() ? "Choose one of these methods." : "Did you mean \"" + near + "\"?"});
}

}  // namespace rankwright
