// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Pearson's correlation of two rows of numbers, shared with Spearman's.
#pragma once

#include <span>

namespace rankwright {

// NaN where one of them is constant or fewer than two are given.
double correlation(std::span<const double> left, std::span<const double> right);

}  // namespace rankwright
