// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/packs.h"

#include <algorithm>
#include <limits>

namespace rankwright {

Packs::Packs(RowOrder& order, const std::function<int64_t(int64_t)>& tokens, int64_t maxLength)
    : m_order(order)
{
    // Lengths beyond 16 bits are counted in larger units, rounded up, so that a pack is never too long.
    constexpr int64_t most = std::numeric_limits<uint16_t>::max();
    m_unit = (maxLength + most - 1) / most;
    m_room = maxLength / m_unit;
    m_lengths.resize(size_t(order.rows()));
    for (int64_t row = 0; row < order.rows(); ++row)
        m_lengths[size_t(row)] = uint16_t(std::min((tokens(row) + m_unit - 1) / m_unit, m_room));
}

// Where the pack that begins with sample `first` ends.
int64_t Packs::endOf(int64_t first)
{
    const auto epochEnd = (first / m_order.rows() + 1) * m_order.rows();
    int64_t used = 0, next = first;
    do {
        used += m_lengths[size_t(m_order.row(next))];
        ++next;
    } while (next < epochEnd && used + m_lengths[size_t(m_order.row(next))] <= m_room);
    return next;
}

void Packs::lay(int64_t epoch)
{
    if (epoch == m_epoch)
        return;
    m_epoch = epoch;
    m_begins.clear();
    int64_t count = 0;
    const auto end = (epoch + 1) * m_order.rows();
    for (int64_t first = epoch * m_order.rows(); first < end; first = endOf(first), ++count) {
        if (count % kStride == 0)
            m_begins.push_back(first);
    }
    if (int64_t(m_counts.size()) == epoch)
        m_counts.push_back(count);
}

int64_t Packs::perEpoch(int64_t epoch)
{
    while (int64_t(m_counts.size()) <= epoch)
        lay(int64_t(m_counts.size()));
    return m_counts[size_t(epoch)];
}

std::pair<int64_t, int64_t> Packs::samples(int64_t pack)
{
    int64_t epoch = 0;
    while (pack >= perEpoch(epoch))
        pack -= perEpoch(epoch++);
    lay(epoch);
    auto first = m_begins[size_t(pack / kStride)];
    for (int64_t i = 0; i < pack % kStride; ++i)
        first = endOf(first);
    return {first, endOf(first)};
}

}  // namespace rankwright
