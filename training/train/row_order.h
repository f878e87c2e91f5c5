// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Which row each sample of a run is: a pure function of seed, epoch and position, so that arms are paired and a resume needs no state.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rankwright {

// Shuffled, it holds an epoch's order: 4 bytes a row (8 from 2^32 rows on). Sequential, nothing.
class RowOrder
{
public:
    RowOrder(int64_t rows, std::string order, int64_t seed);
    [[nodiscard]] int64_t rows() const { return m_rows; }
    // The row of the run's sample number `sample`, counted from 0 over all steps; each epoch is a new permutation (shuffled) or
    // file order (sequential).
    int64_t row(int64_t sample);
    // SHA-256 of the first epoch's order: equal hashes mean paired runs.
    [[nodiscard]] std::string hash();

private:
    void shuffle(int64_t epoch);
    int64_t m_rows, m_seed;
    bool m_shuffled;
    int64_t m_epoch = -1;
    std::vector<uint32_t> m_order;   // one of the two
    std::vector<int64_t> m_longOrder;
};

}  // namespace rankwright
