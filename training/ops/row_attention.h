// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Attention of single queries over a cache: what ops::attention says, for one token, on plain memory and without a gradient.
#pragma once

#include "training/nn/key_value_cache.h"
#include "training/ops/ops.h"

namespace rankwright::ops {

// q (heads, size) float32, the query of the cache's last token -> mixed (heads, size) float32; on all threads.
void attendLast(const float* q, int64_t heads, const KeyValueCache::Layer& cache, const AttentionRule& rule, float* mixed);

}  // namespace rankwright::ops
