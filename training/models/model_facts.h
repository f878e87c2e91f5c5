// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the sheet of a model says in words: how it computes, what its files are, its special tokens.
#pragma once

#include "training/models/model_source.h"

namespace rankwright {

// Fills facts, files, notes, specialTokens, labels, generates and the experts' numbers. Never throws for a file that cannot be read.
void describeFacts(ModelInfo& info, const ModelSource& source);
// Names below a model's folder (or its GGUF parts) with their sizes.
std::vector<std::pair<std::string, int64_t>> filesOf(const std::filesystem::path& model);

}  // namespace rankwright
