// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/train/even_shares.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <ranges>

namespace rankwright {

namespace {

constexpr double kMostAbove = 1.1;   // of the largest share to an equal part

}  // namespace

std::vector<std::vector<int64_t>> evenShares(std::span<const int64_t> sizes, int64_t shares)
{
    const auto count = size_t(shares);
    std::vector<int64_t> order(sizes.size());
    std::iota(order.begin(), order.end(), 0);
    const std::vector<std::vector<int64_t>> one{order};
    if (shares < 2 || sizes.size() < count)
        return one;
    std::ranges::stable_sort(order, std::ranges::greater(), [&](int64_t i) { return sizes[size_t(i)]; });
    std::vector<std::vector<int64_t>> all(count);
    std::vector<int64_t> sums(count);
    for (const auto i : order) {
        // By pieces where sums are equal: pieces without a size are spread as well.
        const auto fewest = std::ranges::min_element(std::views::iota(size_t(0), count), {},
            [&](size_t share) { return std::pair(sums[share], all[share].size()); });
        all[*fewest].push_back(i);
        sums[*fewest] += sizes[size_t(i)];
    }
    const double sum = std::accumulate(sums.begin(), sums.end(), 0.0);
    if (double(*std::ranges::max_element(sums)) * double(shares) > kMostAbove * sum)
        return one;
    for (auto& share : all)
        std::ranges::sort(share);
    return all;
}

}  // namespace rankwright
