// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Packing: which samples stand together in one row of a batch. Consecutive samples of an epoch, as many as fit into the longest row; the
// next one that does not fit begins a new pack, and no pack goes over the end of an epoch. None of them sees another: in a batch each has
// its own bounds (nn/batch.h), so that a pack's losses are those of its samples alone.
#pragma once

#include "training/train/row_order.h"

#include <functional>

namespace rankwright {

class Packs
{
public:
    // `tokens(row)` of each row of the order's; kept in 2 bytes a row. Rows longer than `maxLength` count as that long.
    Packs(RowOrder& order, const std::function<int64_t(int64_t row)>& tokens, int64_t maxLength);
    // Packs of an epoch; epochs of a shuffled order differ.
    int64_t perEpoch(int64_t epoch);
    // The samples [first, last) of pack number `pack`, counted from 0 over all epochs: numbers as RowOrder::row() takes them.
    std::pair<int64_t, int64_t> samples(int64_t pack);

private:
    static constexpr int64_t kStride = 64;   // packs between two remembered beginnings
    [[nodiscard]] int64_t endOf(int64_t first);
    void lay(int64_t epoch);

    RowOrder& m_order;
    int64_t m_unit, m_room;                  // tokens in one unit of m_lengths; units of a pack
    std::vector<uint16_t> m_lengths;
    std::vector<int64_t> m_counts;           // packs of the epochs from 0 on that were laid so far
    int64_t m_epoch = -1;
    std::vector<int64_t> m_begins;           // sample of every 64th pack of this epoch
};

}  // namespace rankwright
