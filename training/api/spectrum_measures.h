// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What one reads off singular values. Pure functions of a spectrum, cheap enough for every move of a slider.
#pragma once

#include "training/api/events.h"

namespace rankwright {

// Running share of the squared Frobenius norm, 0..1, one a listed value.
std::vector<double> cumulativeEnergy(const ModuleSpectrum& spectrum);

// The upper edge of the Marchenko-Pastur bulk: the largest singular value that a matrix of this shape with independent entries of the
// same noise level would have, sigma (sqrt(rows) + sqrt(cols)). The noise level is read off the median singular value where all values
// are listed (Gavish and Donoho 2014, section III-C), off the root mean square entry (an upper bound) where only the largest are. 0 for a
// zero matrix.
double noiseEdge(const ModuleSpectrum& spectrum);
// How many listed values lie above the edge: directions that the bulk of noise does not explain. It says nothing of a task.
int64_t valuesAboveEdge(const ModuleSpectrum& spectrum);

}  // namespace rankwright
