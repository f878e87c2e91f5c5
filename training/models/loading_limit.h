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
    double beside = 0;   // bytes of copies beside them
};

// Of the weights as they will be held, without what reads them.
int64_t loadedBytes(const ModelSource& source, const WeightBits& bits);
// Where matrices that a GGUF file has in blocks of few bits stay in them and the rest takes `dense` bits a value. Blocks of others (a head)
// are held beside their dense form.
WeightBits asStoredBits(const ModelSource& source, double dense);
// Throws Error{memory} where that and 256 MiB to work in exceed `free` bytes, with the sizes and what would fit. 0: not known.
void requireMemory(const ModelSource& source, const WeightBits& bits, int64_t free);

}  // namespace rankwright
