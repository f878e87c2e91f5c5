// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Unigram (T5, ALBERT, DeBERTa-v3): the segmentation whose pieces' scores have the largest sum, by Viterbi's algorithm
// over the piece's bytes (Kudo 2018, arXiv 1804.10959). Of equal sums the first found stays, which is the one whose
// last piece begins earliest.
#pragma once

#include "training/formats/piece_trie.h"
#include "training/formats/token_model.h"

#include <span>

namespace rankwright {

struct UnigramParts
{
    std::vector<std::string> pieces;   // by id; empty: none
    std::vector<double> scores;        // by id: logarithms of probabilities
    std::vector<bool> takesPart;       // by id: what a text may become; others only count for the lowest score
    std::vector<bool> userDefined;     // by id; may be empty. Their score is by length: SentencePiece's bonus
    int32_t unknown = -1;              // -1: an unknown character is an error
    double lowest = 0;                 // score that unknown characters lie 10 below
    double highest = 0;                // for `userDefined`
    bool singlePrecision = false;      // sums rounded to float, as SentencePiece has them
    ByteTokens bytes;                  // for unknown characters
    bool byteFallback = false;
};

class Unigram final : public TokenModel
{
public:
    explicit Unigram(UnigramParts parts);
    void tokenize(std::string_view piece, std::vector<PieceToken>& tokens) const override;
    [[nodiscard]] std::string_view kind() const override { return "Unigram"; }

private:
    struct Best  // of the paths that end at a byte
    {
        double score = 0;
        int32_t begin = -1, id = -1;
    };
    void bestPaths(std::string_view piece, std::span<Best> best) const;  // of piece.size() + 1
    void followBest(std::string_view piece, std::span<Best> best, std::vector<PieceToken>& tokens) const;
    [[nodiscard]] double sum(double score, double more) const;
    void emitUnknown(std::string_view piece, const PieceToken& token, std::vector<PieceToken>& tokens) const;
    UnigramParts m_parts;
    PieceTrie m_trie;
};

}  // namespace rankwright
