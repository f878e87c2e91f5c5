// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Pieces of unequal size shared out among threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rankwright {

// The indices of `sizes` in `shares` shares of about equal sums, each in ascending order: the largest piece first,
// always to the share that has least. One share of all where there are fewer pieces than shares, or where the largest share would have more
// than a tenth above its part: the others would wait for it for longer than they gain.
std::vector<std::vector<int64_t>> evenShares(std::span<const int64_t> sizes, int64_t shares);

}  // namespace rankwright
