// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Which configuration each matrix gets so that all together fit a budget of bits at the least cost: LQ-LoRA's integer program
// (Guo and others 2023, arXiv 2311.12023, section 3.2), a multiple-choice knapsack, solved without a solver.
#pragma once

#include <cstddef>
#include <vector>

namespace rankwright {

struct BitAllocation
{
    std::vector<size_t> choice;   // a configuration a matrix
    double cost = 0, bits = 0;    // of all matrices
};

// cost[i][c] and bits[i][c]: finite, of matrix i in configuration c; every matrix has the same number of configurations. `parameters`
// are those of all matrices, `budget` the average bits of a parameter. The result never exceeds budget * parameters. Throws
// Error{config} where even the smallest configurations do.
//
// Lagrange: for a price on bits every matrix takes its cheapest configuration on its own; bisection finds the lowest price that fits.
// What is left of the budget is spent greedily on the best saving a bit, then bits are moved between two matrices while that saves
// anything. Last, Lagrange's bound leaves few choices that could be cheaper still, and those are searched: all of them where they are
// few (then the result is optimal), a sample where they are many. tst_bit_allocation measures it against the exact optimum.
BitAllocation allocateBits(const std::vector<std::vector<double>>& cost, const std::vector<std::vector<double>>& bits,
    double parameters, double budget);

}  // namespace rankwright
