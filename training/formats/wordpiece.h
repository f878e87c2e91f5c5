// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// WordPiece (BERT): each word as the longest piece that begins it, then the longest continuing piece ("##ing"), and so
// on; a word that cannot be finished, or is longer than the limit, is one unknown token.
#pragma once

#include "training/formats/piece_trie.h"
#include "training/formats/token_model.h"

namespace rankwright {

struct WordPieceParts
{
    std::vector<std::string> pieces;  // by id, as the files spell them; empty: none that a word may become
    std::string prefix = "##";        // of continuing pieces
    int32_t unknown = -1;
    int64_t longestWord = 100;        // characters
};

class WordPiece final : public TokenModel
{
public:
    explicit WordPiece(WordPieceParts parts);
    void tokenize(std::string_view piece, std::vector<PieceToken>& tokens) const override;
    [[nodiscard]] std::string_view kind() const override { return "WordPiece"; }

private:
    WordPieceParts m_parts;
    PieceTrie m_first, m_next;
};

}  // namespace rankwright
