// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How the time of `compare --minutes` is divided: every run gets the same number of steps, and as much time as these steps and its
// start take it, not the same time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace rankwright {

// What one run costs, in seconds.
struct RunTime
{
    double start = 0;        // everything but steps: the model, the method's start, the first and the last evaluation, files
    double step = 0;         // one step
    double evaluating = 0;   // a step's share of the evaluations between steps
};

// The most steps that all runs can take within `seconds`; at least 1.
inline int64_t stepsWithin(const std::vector<RunTime>& runs, double seconds)
{
    double each = 0;
    for (const RunTime& run : runs) {
        seconds -= run.start;
        each += run.step + run.evaluating;
    }
    return std::max<int64_t>(1, int64_t(std::min(seconds / std::max(each, 1e-9), 1e9)));
}

// When each run has to end, in seconds from the beginning of the first: `seconds` divided as the runs' times with steps[i] steps. What
// a run leaves over, the later ones have.
inline std::vector<double> endsWithin(const std::vector<RunTime>& runs, const std::vector<int64_t>& steps, double seconds)
{
    std::vector<double> ends;
    double sum = 0;
    for (size_t i = 0; i < runs.size(); ++i) {
        sum += runs[i].start + double(steps[i]) * (runs[i].step + runs[i].evaluating);
        ends.push_back(sum);
    }
    for (double& end : ends)
        end *= std::max(seconds, 0.0) / std::max(sum, 1e-9);
    return ends;
}

}  // namespace rankwright
