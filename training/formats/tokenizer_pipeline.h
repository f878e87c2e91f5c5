// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The parts of a tokenizer.json around its model: normaliser, pre-tokenizer, post-processor, decoder.
#pragma once

#include "training/formats/pre_tokenizer.h"

#include <nlohmann/json.hpp>

namespace rankwright {

// Each takes the part's value (null where the file has none) and throws Error{unsupported} naming a type that is not
// handled, Error{format} where a value is missing or of another type, both with a JSON pointer.

std::vector<NormalizerStep> normalizerFromJson(const nlohmann::json& value, const std::filesystem::path& file);

struct PreTokenizerPart
{
    PreTokenizer preTokenizer;
    bool byteLevel = false;   // the model works on bytes
};
PreTokenizerPart preTokenizerFromJson(const nlohmann::json& value, const std::filesystem::path& file);

struct PostProcessorPart
{
    std::vector<int32_t> before, after;  // ids around a text
};
PostProcessorPart postProcessorFromJson(const nlohmann::json& value, const std::filesystem::path& file);

struct DecoderPart
{
    bool byteLevel = false, spaceMark = false, byteFallback = false, stripFirstSpace = false;
};
DecoderPart decoderFromJson(const nlohmann::json& value, const std::filesystem::path& file);

}  // namespace rankwright
