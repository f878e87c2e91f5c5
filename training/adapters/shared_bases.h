// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The bases of models that hold their weights in common (Model::sharing): each is put into few bits once, and none is edited. What a
// method takes out of a base that stays dense belongs to its adapter instead (Delta::edit).
#pragma once

#include "training/nn/parameters.h"

#include <map>

namespace rankwright {

// Quantisers know rows, not names: what they refuse is said of the tensor.
void placeBase(LinearSlot& slot, Weights& weights, const std::optional<BaseEdit>& edit, const std::string& format);

class SharedBases
{
public:
    // As placeBase(), for a slot that has its delta where there is an edit. A base in few bits is taken from who had it first, where
    // the format and the edit are equal, value by value; else the slot gets a base of its own. Of equal edits one is kept, which is
    // returned.
    std::optional<BaseEdit> place(LinearSlot& slot, Weights& weights, const std::optional<BaseEdit>& edit, const std::string& format);

private:
    struct Placed
    {
        std::string format;
        std::optional<BaseEdit> edit;    // on the processor, as starts, exports and drift measures are
        std::optional<BaseEdit> there;   // the same beside a dense base, on its device
        BaseWeight base;
    };
    std::map<std::string, std::vector<Placed>> m_placed;   // by slot
};

}  // namespace rankwright
