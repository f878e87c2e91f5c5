// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// tokenizer.json of Hugging Face's tokenizers: models of type BPE, with the normalisers, pre-tokenizers, decoders and
// post-processors that go with them.
#pragma once

#include "training/formats/tokenizer_config.h"

namespace rankwright {

inline constexpr const char* kSupportedTokenizers = "BPE: byte-level (GPT-2, Llama 3, Qwen, SmolLM, RoBERTa) and "
                                                    "SentencePiece (Llama 2, Mistral, Gemma)";

// Throws Error{format} with a JSON pointer, Error{unsupported} naming what is not handled and what is.
std::unique_ptr<Tokenizer> tokenizerFromJson(const std::filesystem::path& file, const TokenizerConfig& config);

}  // namespace rankwright
