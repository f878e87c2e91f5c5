// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Arithmetic over a run's curve. Loss of single batches is noisy, so everything looks at trailing means over a tenth of the steps.
#pragma once

#include "storage/run_store.h"

#include <optional>

namespace rankwright {

// Steps of the mean: a tenth of the curve's, at least one.
[[nodiscard]] size_t lossWindow(const std::vector<CurvePoint>& curve);
// The mean over the last lossWindow() steps, skipped ones (NaN) left out. NaN where nothing is left.
[[nodiscard]] double finalLoss(const std::vector<CurvePoint>& curve);
// Each point the mean of itself and up to `window` - 1 before it, skipped ones left out.
[[nodiscard]] std::vector<CurvePoint> smoothed(std::vector<CurvePoint> curve, size_t window);
// The first point where the trailing mean over `window` whole steps is at most `target`; nothing where it never is.
[[nodiscard]] std::optional<CurvePoint> reached(const std::vector<CurvePoint>& curve, double target, size_t window);

}  // namespace rankwright
