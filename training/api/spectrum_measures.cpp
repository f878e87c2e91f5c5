// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Cumulative energy, and the edge of the noise: the law of Marchenko and Pastur (1967) with the noise level that Gavish and Donoho
// (2014, "The optimal hard threshold for singular values is 4/sqrt(3)", section III-C) read off the median singular value.
#include "training/api/spectrum_measures.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace rankwright {

namespace {

double squared(float value)
{
    return std::isfinite(value) ? double(value) * double(value) : 0.0;
}

double totalEnergy(const ModuleSpectrum& spectrum)
{
    if (std::isfinite(spectrum.energy) && spectrum.energy > 0)
        return spectrum.energy;
    double sum = 0;
    for (const float value : spectrum.values)
        sum += squared(value);
    return sum;
}

// How much of the law lies below t = 1 + beta - 2 sqrt(beta) cos(theta), theta in 0..pi. With t written so, the density
// sqrt((b - t)(t - a)) / (2 pi beta t), a and b = (1 -+ sqrt(beta))^2, becomes (2 / pi) sin^2 / (1 + beta - 2 sqrt(beta) cos), whose
// integral is elementary:
double belowAngle(double beta, double theta)
{
    const double s = std::sqrt(beta);
    const double turn = std::atan2((1 + s) * std::sin(theta / 2), (1 - s) * std::cos(theta / 2));
    return (std::sin(theta) / s + ((1 + beta) * theta / 2 - (1 - beta) * turn) / beta) / std::numbers::pi;
}

// The median eigenvalue of X X' / n for X (m, n) with independent entries of mean 0 and variance 1, beta = m / n in (0, 1]:
// 0.6528 for square matrices, towards 1 for flat ones.
double medianOfLaw(double beta)
{
    double low = 0, high = std::numbers::pi;
    for (int i = 0; i < 60; ++i) {
        const double middle = (low + high) / 2;
        (belowAngle(beta, middle) < 0.5 ? low : high) = middle;
    }
    return 1 + beta - 2 * std::sqrt(beta) * std::cos((low + high) / 2);
}

double medianOf(std::vector<float> values)
{
    const size_t half = values.size() / 2;
    std::ranges::nth_element(values, values.begin() + std::ptrdiff_t(half));
    const double upper = values[half];
    if (values.size() % 2 == 1)
        return upper;
    return (upper + double(*std::max_element(values.begin(), values.begin() + std::ptrdiff_t(half)))) / 2;
}

// Standard deviation of the entries of the noise.
double noiseLevel(const ModuleSpectrum& spectrum)
{
    const auto shorter = double(std::min(spectrum.rows, spectrum.cols)), longer = double(std::max(spectrum.rows, spectrum.cols));
    if (double(spectrum.values.size()) < shorter)
        return std::sqrt(totalEnergy(spectrum) / (shorter * longer));
    return medianOf(spectrum.values) / std::sqrt(longer * medianOfLaw(shorter / longer));
}

}  // namespace

std::vector<double> cumulativeEnergy(const ModuleSpectrum& spectrum)
{
    const double total = totalEnergy(spectrum);
    std::vector<double> shares;
    shares.reserve(spectrum.values.size());
    double sum = 0;
    for (const float value : spectrum.values) {
        sum += squared(value);
        shares.push_back(total > 0 ? std::min(1.0, sum / total) : 0.0);
    }
    return shares;
}

double noiseEdge(const ModuleSpectrum& spectrum)
{
    if (spectrum.rows < 1 || spectrum.cols < 1 || !(totalEnergy(spectrum) > 0))
        return 0;
    const double edge = noiseLevel(spectrum) * (std::sqrt(double(spectrum.rows)) + std::sqrt(double(spectrum.cols)));
    return std::isfinite(edge) ? edge : 0;
}

int64_t valuesAboveEdge(const ModuleSpectrum& spectrum)
{
    const double edge = noiseEdge(spectrum);
    return std::ranges::count_if(spectrum.values, [edge](float value) { return double(value) > edge; });
}

}  // namespace rankwright
