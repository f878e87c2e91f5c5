// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Statistics of paired comparisons with few seeds. Pure functions of their arguments: the same numbers everywhere, every time.
#pragma once

#include <cstdint>
#include <vector>

namespace rankwright {

struct Interval { double low = 0, high = 0; };

double mean(const std::vector<double>& values);                     // NaN of none
double standardDeviation(const std::vector<double>& values);        // sample, divided by n - 1; NaN below two
// The `share` quantile by linear interpolation between order statistics (Hyndman and Fan's type 7, numpy's default). NaN of none.
double quantile(std::vector<double> values, double share);

// Two-sided exact sign-flip (permutation) test of a mean of paired differences being 0: the share of all 2^n assignments of signs
// whose |mean| is at least the one seen. Ties count: within 1e-14 of the mean size (scipy.stats.permutation_test: of the mean seen, which
// misses ties where differences nearly cancel). n from 1 to 20; above that 100,000 assignments drawn from `seed`, the one seen counted
// among them. NaN where a difference is not finite, and of none.
double signFlipP(const std::vector<double>& differences, int64_t seed = 0);
// The smallest p that this test can give with n pairs: 2 / 2^n.
double leastSignFlipP(int64_t pairs);

// Percentile bootstrap interval of the mean: all n^n resamples for n up to 6, 10,000 drawn from `seed` above. `level` 0..1.
// One value: both ends are it.
Interval bootstrapInterval(const std::vector<double>& values, double level = 0.95, int64_t seed = 0);
// The same of many samples; those of one size share what is drawn, which is what costs most.
std::vector<Interval> bootstrapIntervals(const std::vector<std::vector<double>>& samples, double level = 0.95, int64_t seed = 0);

// Index drawn for position `position` of resample `resample` out of n; the generator of the two functions above, so that another program
// can repeat them: mix(mix(mix(seed) ^ resample) ^ position) modulo n, mix being one output of splitmix64 from that state. A sign is
// turned where the index out of 2 is 1.
int64_t resampledIndex(int64_t seed, int64_t resample, int64_t position, int64_t n);

}  // namespace rankwright
