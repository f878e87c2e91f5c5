// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/row_order.h"

#include "training/formats/sha256.h"
#include "training/train/random.h"

#include <numeric>

namespace rankwright {

RowOrder::RowOrder(int64_t rows, std::string order, int64_t seed)
    : m_rows(rows), m_seed(seed), m_shuffled(order == "shuffled")
{
}

const std::vector<int64_t>& RowOrder::epoch(int64_t number)
{
    if (number == m_epoch)
        return m_permutation;
    m_epoch = number;
    if (m_shuffled) {
        m_permutation = Random(m_seed, "order").at(uint64_t(number)).permutation(m_rows);
    } else {
        m_permutation.resize(size_t(m_rows));
        std::iota(m_permutation.begin(), m_permutation.end(), 0);
    }
    return m_permutation;
}

int64_t RowOrder::row(int64_t sample)
{
    return epoch(sample / m_rows)[size_t(sample % m_rows)];
}

std::string RowOrder::hash()
{
    std::string text;
    for (const auto row : epoch(0))
        text += std::to_string(row) + "\n";
    return sha256(text);
}

}  // namespace rankwright
