// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Texts through SentencePiece's character maps: as Hugging Face's normaliser Precompiled does it (by grapheme), and as
// SentencePiece itself does it (by longest key, together with its rules for spaces).
#pragma once

#include "training/formats/character_map.h"
#include "training/formats/text_normalizer.h"

namespace rankwright {

void applyCharacterMap(const CharacterMap& map, AlignedText& text);
// The step's map (none: characters stay), kept pieces and handling of spaces; spaces become U+2581.
void applySentencePiece(const NormalizerStep& step, AlignedText& text);

// Where graphemes (Unicode 29, extended) end.
std::vector<size_t> graphemeEnds(std::string_view text);
// The plain form: adds those of text[begin, end), all by ICU; both are boundaries.
void addGraphemeEnds(std::string_view text, size_t begin, size_t end, std::vector<size_t>& ends);

}  // namespace rankwright
