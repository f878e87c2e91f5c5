// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/adapters/shared_bases.h"

#include "training/api/error.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace rankwright {

namespace {

bool equal(const std::optional<BaseEdit>& a, const std::optional<BaseEdit>& b)
{
    if (!a || !b)
        return !a && !b;
    return a->scaling == b->scaling && a->A0.sizes() == b->A0.sizes() && a->B0.sizes() == b->B0.sizes() && at::equal(a->A0, b->A0)
        && at::equal(a->B0, b->B0);
}

}  // namespace

void placeBase(LinearSlot& slot, Weights& weights, const std::optional<BaseEdit>& edit, const std::string& format)
{
    const auto name = slot.name + ".weight";
    try {
        slot.base.place(originalOf(weights, name), edit, format);
    } catch (const Error& error) {
        if (error.code() != Code::data)
            throw;
        auto parts = error.parts();
        parts.file = weights.source().path;
        parts.place = "tensor " + name + ", " + parts.place;
        throw Error(parts);
    }
}

std::optional<BaseEdit> SharedBases::place(
    LinearSlot& slot, Weights& weights, const std::optional<BaseEdit>& edit, const std::string& format)
{
    auto& known = m_placed[slot.name];
    auto found = std::ranges::find_if(known, [&](const Placed& one) { return one.format == format && equal(one.edit, edit); });
    const bool dense = format == "none";
    if (found == known.end()) {
        if (!dense)
            placeBase(slot, weights, edit, format);
        auto there = dense ? edit : std::nullopt;
        if (there) {
            there->A0 = there->A0.to(slot.base.device());
            there->B0 = there->B0.to(slot.base.device());
        }
        known.push_back({format, edit, std::move(there), dense ? BaseWeight() : slot.base});
        found = known.end() - 1;
    }
    if (!dense)
        slot.base = found->base;
    else if (edit)
        slot.delta->edit = found->there;
    return found->edit;
}

}  // namespace rankwright
