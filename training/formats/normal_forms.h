// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Unicode's four normal forms (UAX 15) with, for each character of the result, what became of the source's characters.
#pragma once

#include "training/formats/text_normalizer.h"

namespace rankwright {

enum class NormalForm { nfc, nfd, nfkc, nfkd };

// Whether the text is in that form already.
bool isNormalized(NormalForm form, std::string_view text);
std::vector<TextChange> normalFormChanges(NormalForm form, std::string_view text);

}  // namespace rankwright
