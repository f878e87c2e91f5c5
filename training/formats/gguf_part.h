// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// One GGUF file by itself, without regard to the other parts of a split model.
#pragma once

#include "training/formats/gguf.h"

namespace rankwright {

GgufFile readGgufPart(const std::filesystem::path& path);
// GGUF's name of a metadata type ("u32"), for messages.
std::string ggufValueTypeName(uint32_t type);

}  // namespace rankwright
