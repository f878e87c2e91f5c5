// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The LibTorch engine: one function a job, one table; translates LibTorch's exceptions.
#pragma once

#include "training/api/engine.h"

namespace rankwright {

std::unique_ptr<Engine> makeTorchEngine();

}  // namespace rankwright
