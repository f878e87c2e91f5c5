// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/row_order.h"

#include "training/formats/sha256.h"
#include "training/train/random.h"

namespace rankwright {

RowOrder::RowOrder(int64_t rows, std::string order, int64_t seed)
    : m_rows(rows), m_seed(seed), m_shuffled(order == "shuffled")
{
}

void RowOrder::shuffle(int64_t epoch)
{
    if (epoch == m_epoch)
        return;
    m_epoch = epoch;
    const auto random = Random(m_seed, "order").at(uint64_t(epoch));
    if (m_rows < (int64_t(1) << 32))
        random.permute(m_order, m_rows);
    else
        random.permute(m_longOrder, m_rows);
}

int64_t RowOrder::row(int64_t sample)
{
    const auto place = sample % m_rows;
    if (!m_shuffled)
        return place;
    shuffle(sample / m_rows);
    return m_order.empty() ? m_longOrder[size_t(place)] : int64_t(m_order[size_t(place)]);
}

std::string RowOrder::hash()
{
    constexpr size_t kBlock = 1 << 16;
    Sha256 hash;
    std::string text;
    for (int64_t i = 0; i < m_rows; ++i) {
        text += std::to_string(row(i)) + "\n";
        if (text.size() < kBlock)
            continue;
        hash.update(text);
        text.clear();
    }
    hash.update(text);
    return hash.hex();
}

}  // namespace rankwright
