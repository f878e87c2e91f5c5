// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// BPE over characters, with bytes for characters that the vocabulary lacks (Llama 2, Mistral, Gemma). Merges go by rank
// (tokenizer.json) or by the score of the joined piece, as in SentencePiece (tokenizer.model, GGUF).
#pragma once

#include "training/formats/byte_bpe.h"

#include <optional>

namespace rankwright {

struct CharacterBpeParts
{
    Vocabulary vocabulary;
    BpeSettings settings;
    std::optional<MergeTable> merges;      // by rank; without it `scores` decide
    std::vector<float> scores;             // by id
    std::vector<bool> unused;              // by id: pieces that merging passes through and never ends with
    ByteTokens bytes;
};

// Whether no piece goes on from another character into a space: then no merge crosses the start of a word, and words
// can be merged one by one with the same result as the text as a whole.
bool piecesStayInWords(const Vocabulary& vocabulary);

class CharacterBpe final : public TokenModel
{
public:
    explicit CharacterBpe(CharacterBpeParts parts);
    void tokenize(std::string_view piece, std::vector<PieceToken>& tokens) const override;
    [[nodiscard]] std::string_view kind() const override { return "SentencePiece BPE"; }

private:
    using Splits = std::unordered_map<uint64_t, uint32_t>;  // where an unused piece, by its range, was joined
    // Writes the symbols of the piece's characters; returns how many.
    size_t addSymbols(std::string_view piece, BpeSymbol* to) const;
    void merge(std::string_view piece, std::span<BpeSymbol> symbols, std::vector<PieceToken>& tokens) const;
    [[nodiscard]] std::optional<BpeMerge> mergeByScore(
        std::string_view piece, const BpeSymbol& left, const BpeSymbol& right, Splits& splits) const;
    void emit(std::string_view piece, const BpeSymbol& symbol, std::vector<PieceToken>& tokens) const;
    void emitUnused(std::string_view piece, const BpeSymbol& symbol, const Splits& splits,
        std::vector<PieceToken>& tokens) const;

    CharacterBpeParts m_parts;
    std::array<int32_t, 128> m_asciiIds{};
    size_t m_longestPiece = 0;
};

}  // namespace rankwright
