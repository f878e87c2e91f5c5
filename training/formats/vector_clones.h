// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Loops for several generations of processors: the build stays at the baseline, and the program chooses when it starts. Compiled with
// -fno-trapping-math where they are used: without it GCC 12 leaves conversions scalar.
#pragma once

// Before a function whose loops are to be compiled for AVX-512 and AVX2 beside the baseline.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define RANKWRIGHT_VECTOR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define RANKWRIGHT_VECTOR_CLONES
#endif

// Before what those loops call. GCC's inliner counts the clones together and leaves some calls standing, and one call makes a loop scalar:
// of a step's 3.0 s of processor time expOf alone had 0.25 (SmolLM2, bfloat16, 4 x 256 tokens).
#if defined(__GNUC__)
#define RANKWRIGHT_IN_LOOPS [[gnu::always_inline]] inline
#else
#define RANKWRIGHT_IN_LOOPS inline
#endif
