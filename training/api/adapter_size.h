// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How large an exported adapter is, before it is written.
#pragma once

#include "training/api/reports.h"

namespace rankwright {

// Bytes of adapter_model.safetensors as writeAdapter() writes it: eight, the header padded to a multiple of eight, A and B of every
// module of rank 1 or more in float32. Name, rows, cols and rank of the modules are read.
int64_t adapterFileBytes(const std::vector<PlannedModule>& modules);

}  // namespace rankwright
