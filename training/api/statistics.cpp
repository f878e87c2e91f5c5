// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Sign-flip test: Fisher 1935 (The Design of Experiments), every assignment of signs. Bootstrap of a mean: Efron 1979, percentile
// interval; for few values over all resamples instead of drawn ones, each multiset once with its multinomial weight.
#include "training/api/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <numeric>

namespace rankwright {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kMostExactSigns = 20, kMostExactResamples = 6;
constexpr int64_t kDrawnSigns = 100'000, kDrawnResamples = 10'000;

bool allFinite(const std::vector<double>& values)
{
    return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

double sumOf(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

// Steele, Lea and Flood 2014, with the constants of Vigna's public-domain splitmix64.c.
uint64_t splitMix(uint64_t state)
{
    state += 0x9e3779b97f4a7c15u;
    state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9u;
    state = (state ^ (state >> 27)) * 0x94d049bb133111ebu;
    return state ^ (state >> 31);
}

// How many of the 2^(n - position) ways to go on give a sum of at least `limit` by size.
int64_t signsBeyond(const std::vector<double>& values, size_t position, double sum, double limit)
{
    if (position == values.size())
        return std::abs(sum) >= limit ? 1 : 0;
    return signsBeyond(values, position + 1, sum + values[position], limit)
        + signsBeyond(values, position + 1, sum - values[position], limit);
}

int64_t drawnSignsBeyond(const std::vector<double>& values, double limit, int64_t seed)
{
    int64_t beyond = 0;
    for (int64_t resample = 0; resample < kDrawnSigns; ++resample) {
        double sum = 0;
        for (size_t i = 0; i < values.size(); ++i)
            sum += resampledIndex(seed, resample, int64_t(i), 2) == 0 ? values[i] : -values[i];
        beyond += std::abs(sum) >= limit ? 1 : 0;
    }
    return beyond;
}

// A value of the bootstrap distribution and how many resamples have it.
struct Weighted { double value = 0; int64_t weight = 0; };

// Every multiset of `left` more values from `position` on. `ways` is n! / (product of the factorials of the counts so far).
void addMultisets(const std::vector<double>& values, size_t position, int64_t left, double sum, double ways, std::vector<Weighted>& all)
{
    if (position + 1 == values.size()) {
        for (int64_t k = 2; k <= left; ++k)
            ways /= double(k);
        all.push_back({sum + double(left) * values[position], std::llround(ways)});
        return;
    }
    for (int64_t count = 0; count <= left; ++count) {
        if (count > 1)
            ways /= double(count);
        addMultisets(values, position + 1, left - count, sum + double(count) * values[position], ways, all);
    }
}

std::vector<Weighted> allSums(const std::vector<double>& values)
{
    const auto n = int64_t(values.size());
    double factorial = 1;
    for (int64_t k = 2; k <= n; ++k)
        factorial *= double(k);
    std::vector<Weighted> all;
    addMultisets(values, 0, n, 0, factorial, all);
    std::ranges::sort(all, {}, &Weighted::value);
    return all;
}

// The quantile, type 7, of a sorted distribution in which each value stands `weight` times.
double weightedQuantile(const std::vector<Weighted>& sorted, int64_t count, double share)
{
    const double place = share * double(count - 1);
    const auto below = int64_t(std::floor(place));
    const auto at = [&](int64_t index) {
        for (const Weighted& one : sorted) {
            if (index < one.weight)
                return one.value;
            index -= one.weight;
        }
        return sorted.back().value;
    };
    return std::lerp(at(below), at(below + 1), place - double(below));
}

Interval exactInterval(const std::vector<double>& values, double tail)
{
    const auto sums = allSums(values);
    int64_t count = 0;
    for (const Weighted& sum : sums)
        count += sum.weight;
    const auto n = double(values.size());
    return {.low = weightedQuantile(sums, count, tail) / n, .high = weightedQuantile(sums, count, 1 - tail) / n};
}

// kDrawnResamples times n indices, resample by resample.
std::vector<uint32_t> drawnIndices(size_t n, int64_t seed)
{
    std::vector<uint32_t> indices;
    indices.reserve(size_t(kDrawnResamples) * n);
    for (int64_t resample = 0; resample < kDrawnResamples; ++resample) {
        for (size_t position = 0; position < n; ++position)
            indices.push_back(uint32_t(resampledIndex(seed, resample, int64_t(position), int64_t(n))));
    }
    return indices;
}

// The quantile, type 7; leaves the values in another order.
double quantileOf(std::vector<double>& values, double share)
{
    const double place = share * double(values.size() - 1);
    const auto below = values.begin() + std::ptrdiff_t(std::floor(place));
    std::nth_element(values.begin(), below, values.end());
    const double above = below + 1 == values.end() ? *below : *std::min_element(below + 1, values.end());
    return std::lerp(*below, above, place - std::floor(place));
}

Interval drawnInterval(const std::vector<double>& values, const std::vector<uint32_t>& indices, double tail)
{
    std::vector<double> sums(size_t(kDrawnResamples), 0.0);
    auto index = indices.begin();
    for (double& sum : sums) {
        for (size_t position = 0; position < values.size(); ++position)
            sum += values[*index++];
    }
    const auto n = double(values.size());
    const double low = quantileOf(sums, tail) / n;
    return {.low = low, .high = quantileOf(sums, 1 - tail) / n};
}

}  // namespace

double mean(const std::vector<double>& values) { return values.empty() ? kNone : sumOf(values) / double(values.size()); }

double standardDeviation(const std::vector<double>& values)
{
    if (values.size() < 2)
        return kNone;
    const double middle = mean(values);
    double squares = 0;
    for (const double value : values)
        squares += (value - middle) * (value - middle);
    return std::sqrt(squares / double(values.size() - 1));
}

double quantile(std::vector<double> values, double share)
{
    if (values.empty() || !(share >= 0 && share <= 1) || std::ranges::any_of(values, [](double value) { return std::isnan(value); }))
        return kNone;
    std::ranges::sort(values);
    const double place = share * double(values.size() - 1);
    const auto below = size_t(std::floor(place));
    const size_t above = std::min(below + 1, values.size() - 1);
    return std::lerp(values[below], values[above], place - double(below));
}

double signFlipP(const std::vector<double>& differences, int64_t seed)
{
    if (differences.empty() || !allFinite(differences))
        return kNone;
    double size = 0;
    for (const double difference : differences)
        size += std::abs(difference);
    // Sums of the same numbers differ in their last digits by the order of the signs.
    const double limit = std::abs(sumOf(differences)) - 1e-14 * size;
    if (differences.size() > kMostExactSigns)
        return double(drawnSignsBeyond(differences, limit, seed) + 1) / double(kDrawnSigns + 1);
    // Turning all signs round changes no size: the first one may stay.
    const int64_t beyond = signsBeyond(differences, 1, differences.front(), limit);
    return double(beyond) / double(int64_t(1) << (differences.size() - 1));
}

double leastSignFlipP(int64_t pairs) { return pairs < 1 ? kNone : std::ldexp(1.0, int(1 - std::min<int64_t>(pairs, 1000))); }

Interval bootstrapInterval(const std::vector<double>& values, double level, int64_t seed)
{
    return bootstrapIntervals({values}, level, seed).front();
}

std::vector<Interval> bootstrapIntervals(const std::vector<std::vector<double>>& samples, double level, int64_t seed)
{
    std::map<size_t, std::vector<uint32_t>> drawn;   // by the samples' size
    const double tail = (1 - level) / 2;
    std::vector<Interval> intervals;
    for (const auto& values : samples) {
        if (values.empty() || !allFinite(values) || !(level >= 0 && level <= 1)) {
            intervals.push_back({.low = kNone, .high = kNone});
        } else if (values.size() == 1) {
            intervals.push_back({.low = values.front(), .high = values.front()});
        } else if (values.size() <= kMostExactResamples) {
            intervals.push_back(exactInterval(values, tail));
        } else {
            auto& indices = drawn[values.size()];
            if (indices.empty())
                indices = drawnIndices(values.size(), seed);
            intervals.push_back(drawnInterval(values, indices, tail));
        }
    }
    return intervals;
}

int64_t resampledIndex(int64_t seed, int64_t resample, int64_t position, int64_t n)
{
    const uint64_t drawn = splitMix(splitMix(splitMix(uint64_t(seed)) ^ uint64_t(resample)) ^ uint64_t(position));
    return int64_t(drawn % uint64_t(n));   // n is far below 2^64: no index is noticeably likelier
}

}  // namespace rankwright
