// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A model's tokenizer as GGUF metadata (tokenizer.*), for files that llama.cpp is to read.
#pragma once

#include "training/formats/gguf_writer.h"

namespace rankwright {

// All tokenizer.* keys of a GGUF file, as they are.
GgufMetadata tokenizerKeysOf(const GgufFile& file);
// From a model folder: kind "llama" of a tokenizer.model or a tokenizer.json with byte fallback, kind "gpt2" of one with byte-level BPE,
// filled up to `vocabulary` tokens; the chat template too. What is written is read back and must give the folder's own token ids on a
// text of many scripts: Error{unsupported} names what llama.cpp cannot hold otherwise. A folder without a tokenizer gives the kind
// "none", and `note` says so; it also says where llama.cpp keeps blanks that the tokenizer joins.
GgufMetadata tokenizerKeysOf(const std::filesystem::path& folder, int64_t vocabulary, std::string& note);

}  // namespace rankwright
