// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// tokenizer.model: SentencePiece's protobuf message ModelProto, as far as tokenising needs it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace rankwright {

// The numbers are those of SentencePiece's enum and of GGUF's token_type.
enum class PieceType { normal = 1, unknown = 2, control = 3, userDefined = 4, unused = 5, byte = 6 };

struct SentencePieceModel
{
    struct Piece
    {
        std::string text;
        float score = 0;
        PieceType type = PieceType::normal;
    };
    enum class Kind { unigram = 1, bpe = 2, word = 3, character = 4 };
    std::vector<Piece> pieces;
    Kind kind = Kind::unigram;
    bool byteFallback = false;
    bool spaceAsSuffix = false;
    std::string unknownText = " \xE2\x81\x87 ";  // SentencePiece's own default, U+2047 between spaces
    int32_t bosId = 1, eosId = 2;                // -1: none
    std::string normalizer;                      // its name: identity, nmt_nfkc, ...
    std::string characterMap;                    // the normaliser's precompiled character map; empty: none
    bool addSpacePrefix = true, removeExtraSpaces = true, escapeSpaces = true;
};

// Throws Error{format} with the byte offset; `file` is for messages.
SentencePieceModel parseSentencePieceModel(std::string_view bytes, const std::filesystem::path& file);

}  // namespace rankwright
