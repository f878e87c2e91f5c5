// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Pieces of unequal size shared out among threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace rankwright {

// The indices of `sizes` in `shares` shares of about equal sums, none of them empty and each in ascending order: the largest piece first,
// always to the share that has least. Fewer shares where there are fewer pieces.
std::vector<std::vector<int64_t>> evenShares(std::span<const int64_t> sizes, int64_t shares);

}  // namespace rankwright
