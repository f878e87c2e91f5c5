// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Tokenizers of folders without a tokenizer.json, whose kind the file names and the files beside them tell.
#pragma once

#include "training/formats/tokenizer_config.h"

namespace rankwright {

// tokenizer.model, spm.model, spiece.model, sentencepiece.bpe.model.
std::unique_ptr<Tokenizer> tokenizerFromSentencePieceFile(
    const std::filesystem::path& file, const TokenizerConfig& config);
// vocab.txt: BERT's WordPiece, a piece a line.
std::unique_ptr<Tokenizer> tokenizerFromVocabularyText(
    const std::filesystem::path& file, const TokenizerConfig& config);
// vocab.json with merges.txt beside it: byte-level BPE of GPT-2's, RoBERTa's or Qwen 2's kind.
std::unique_ptr<Tokenizer> tokenizerFromMerges(const std::filesystem::path& file, const TokenizerConfig& config);

}  // namespace rankwright
