// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The one symbol that rankwright_engine.so exports for loadEngine().
#include "training/engine/torch_engine.h"

extern "C" __attribute__((visibility("default"))) rankwright::Engine* makeEngine()
{
    return rankwright::makeTorchEngine().release();
}
