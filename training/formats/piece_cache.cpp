// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/piece_cache.h"

namespace rankwright {

void PieceCache::keep(const Key& key, std::span<const PieceToken> tokens)
{
    if (key.length == 0 || tokens.size() > kTokens)
        return;
    const size_t place = placeOf(key);
    if (m_slots[place].length != 0)
        m_slots[place ^ 1] = m_slots[place];
    Slot& slot = m_slots[place];
    slot = {.words = key.words,
        .length = key.length,
        .stage = key.stage,
        .count = static_cast<uint8_t>(tokens.size()),
        .begins = {},
        .ends = {},
        .ids = {}};
    for (size_t i = 0; i < tokens.size(); ++i) {
        slot.begins[i] = static_cast<uint8_t>(tokens[i].begin);
        slot.ends[i] = static_cast<uint8_t>(tokens[i].end);
        slot.ids[i] = tokens[i].id;
    }
}

std::unique_ptr<PieceCache> PieceCaches::take()
{
    {
        const std::lock_guard lock(m_mutex);
        if (!m_free.empty()) {
            auto cache = std::move(m_free.back());
            m_free.pop_back();
            return cache;
        }
    }
    return std::make_unique<PieceCache>();
}

void PieceCaches::giveBack(std::unique_ptr<PieceCache> cache)
{
    const std::lock_guard lock(m_mutex);
    m_free.push_back(std::move(cache));
}

}  // namespace rankwright
