// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Whether a model's weights fit into memory, known from the tables of its files before any of them is read.
#pragma once

#include "training/models/model_source.h"

namespace rankwright {

// Bits of a value in memory: of the matrices that adapters can sit on, and of everything else.
struct WeightBits
{
    double matrices = 32, others = 32;
};

// Of the weights as they will be held, without what reads them.
int64_t loadedBytes(const ModelSource& source, const WeightBits& bits);
// Bits a value of the matrices, on average, where what a GGUF file has in blocks of few bits stays in them and the rest takes `others`.
double storedMatrixBits(const ModelSource& source, double others);
// Throws Error{memory} where that and 256 MiB to work in exceed `free` bytes, with the sizes and what would fit. 0: not known.
void requireMemory(const ModelSource& source, const WeightBits& bits, int64_t free);

}  // namespace rankwright
