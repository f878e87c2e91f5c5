// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Which row each sample of a run is: a pure function of seed, epoch and position, so that arms are paired and a resume needs no state.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rankwright {

class RowOrder
{
public:
    RowOrder(int64_t rows, std::string order, int64_t seed);
    // The row of the run's sample number `sample`, counted from 0 over all steps; each epoch is a new permutation (shuffled) or
    // file order (sequential).
    int64_t row(int64_t sample);
    // SHA-256 of the first epoch's order: equal hashes mean paired runs.
    [[nodiscard]] std::string hash();

private:
    const std::vector<int64_t>& epoch(int64_t number);
    int64_t m_rows, m_seed;
    bool m_shuffled;
    int64_t m_epoch = -1;
    std::vector<int64_t> m_permutation;
};

}  // namespace rankwright
