// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/bpe_merge.h"

#include <bit>

namespace rankwright {

MergeTable::MergeTable(size_t expected)
    : m_entries(std::bit_ceil(2 * expected + 2)),  // at most half full
      m_mask(m_entries.size() - 1)
{
}

void MergeTable::insert(int32_t left, int32_t right, uint32_t rank, int32_t merged)
{
    if (2 * (m_count + 1) > m_entries.size()) {
        MergeTable larger(m_entries.size());
        for (const Entry& entry : m_entries)
            if (entry.key != kFree)
                larger.insert(static_cast<int32_t>(entry.key >> 32),
                    static_cast<int32_t>(static_cast<uint32_t>(entry.key)), entry.rank, entry.merged);
        *this = std::move(larger);
    }
    const uint64_t key = keyOf(left, right);
    size_t slot = slotOf(key);
    while (m_entries[slot].key != kFree && m_entries[slot].key != key)
        slot = (slot + 1) & m_mask;
    if (m_entries[slot].key == kFree)
        ++m_count;
    m_entries[slot] = {key, rank, merged};
}

}  // namespace rankwright
