// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `tokenizer.ggml.pre` of a GGUF file names how its byte-level BPE cuts a text (ggml-org/llama.cpp, llama-vocab.cpp).
#pragma once

#include "training/formats/pre_tokenizer.h"

#include <optional>

namespace rankwright {

struct GgufSplit
{
    std::vector<NormalizerStep> normalizer;
    PreTokenizer preTokenizer;
    bool addsBos = false;        // where the file does not say it
    bool ignoresMerges = false;  // whole words of the vocabulary stay whole
    bool roberta = false;        // <s> A </s>
};

// Nothing for a name that is not known. `file` is for messages.
std::optional<GgufSplit> ggufSplit(const std::string& name, const std::filesystem::path& file);
// For messages.
std::string ggufSplitNames();

}  // namespace rankwright
