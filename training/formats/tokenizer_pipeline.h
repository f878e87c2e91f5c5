// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The parts of a tokenizer.json around its model: normaliser, pre-tokenizer, post-processor, decoder.
#pragma once

#include "training/formats/post_processor.h"
#include "training/formats/pre_tokenizer.h"
#include "training/formats/token_decoder.h"

#include <nlohmann/json.hpp>

namespace rankwright {

// Each takes the part's value (null where the file has none) and throws Error{unsupported} naming a type that is not
// handled, Error{format} where a value is missing or of another type, both with a JSON pointer.

std::vector<NormalizerStep> normalizerFromJson(const nlohmann::json& value, const std::filesystem::path& file);
// BERT's cleaning, as the flags say.
std::vector<NormalizerStep> bertNormalizer(bool cleanText, bool spaceChinese, bool stripAccents, bool lowercase);
PreTokenizer bertPreTokenizer();

struct PreTokenizerPart
{
    std::vector<PreTokenizer> stages;
    // The last pre-tokenizer is ByteLevel: the model works on bytes, or the text is spelled in the byte alphabet.
    bool byteLevel = false;
};
PreTokenizerPart preTokenizerFromJson(const nlohmann::json& value, const std::filesystem::path& file);

PostProcessor postProcessorFromJson(const nlohmann::json& value, const std::filesystem::path& file);

std::vector<DecoderStep> decoderFromJson(const nlohmann::json& value, const std::filesystem::path& file);

}  // namespace rankwright
