// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// From the facts of a SentencePiece model (tokenizer.model, or the same from GGUF) to a tokenizer.
#pragma once

#include "training/formats/sentencepiece_model.h"
#include "training/formats/text_tokenizer.h"

namespace rankwright {

// `parts` brings the file, bos, eos and what is added around a text; `extra` are tokens from the files beside
// tokenizer.model. Throws Error{format} for a malformed byte piece or an id given twice, Error{unsupported} for models
// of types word and character.
std::unique_ptr<Tokenizer> sentencePieceTokenizer(
    const SentencePieceModel& model, TokenizerParts parts, std::vector<AddedToken> extra);

}  // namespace rankwright
