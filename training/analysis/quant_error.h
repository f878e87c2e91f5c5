// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What quantising a base costs and what LoftQ, QPiSSA and their kin win back (PiSSA 2404.02948, section 4, tables 4 and 8).
#pragma once

#include "training/train/session.h"

namespace rankwright {

// Of every matching module: norms of W - (quantise(W') + s B A) for each method, rank and number of rounds, beside those of
// W - quantise(W). The starts are those that training makes. Throws Error{config} for a rank, method or format that cannot be.
QuantErrorReport quantErrors(const QuantErrorJob& job, JobContext& context);

}  // namespace rankwright
