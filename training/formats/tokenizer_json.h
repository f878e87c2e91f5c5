// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// tokenizer.json of Hugging Face's tokenizers: models of type BPE, Unigram and WordPiece, with the normalisers,
// pre-tokenizers, decoders and post-processors that go with them.
#pragma once

#include "training/formats/tokenizer_config.h"

namespace rankwright {

inline constexpr const char* kSupportedTokenizers = "BPE, Unigram and WordPiece";

// Throws Error{format} with a JSON pointer, Error{unsupported} naming what is not handled and what is.
std::unique_ptr<Tokenizer> tokenizerFromJson(const std::filesystem::path& file, const TokenizerConfig& config);
// The same of a document made from other files; `file` is for messages.
std::unique_ptr<Tokenizer> tokenizerFromDocument(
    nlohmann::json document, const std::filesystem::path& file, const TokenizerConfig& config);

}  // namespace rankwright
