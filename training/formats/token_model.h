// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What turns one piece of a text, as the pre-tokenizer cuts it, into tokens. A model's answer depends on the piece
// alone.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rankwright {

inline constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581, SentencePiece's space

// A token of a piece, with its byte range in it.
struct PieceToken
{
    int32_t id = -1;
    uint32_t begin = 0, end = 0;
};

class TokenModel
{
public:
    virtual ~TokenModel() = default;
    // Appends the tokens of `piece`. Throws Error{data, limit} for a piece that cannot be tokenised.
    virtual void tokenize(std::string_view piece, std::vector<PieceToken>& tokens) const = 0;
    [[nodiscard]] virtual std::string_view kind() const = 0;  // for people
};

// Pieces by id and ids by piece.
struct Vocabulary
{
    Vocabulary() = default;
    Vocabulary(Vocabulary&&) = default;  // moved, never copied: `ids` views `pieces`
    Vocabulary& operator=(Vocabulary&&) = default;
    std::vector<std::string> pieces;                       // empty where an id has none
    std::unordered_map<std::string_view, int32_t> ids;     // without the pieces that text never becomes
    [[nodiscard]] int32_t idOf(std::string_view piece) const
    {
        const auto found = ids.find(piece);
        return found == ids.end() ? -1 : found->second;
    }
    [[nodiscard]] std::string_view pieceOf(int32_t id) const
    {
        const bool inside = id >= 0 && static_cast<size_t>(id) < pieces.size();
        return inside ? std::string_view(pieces[static_cast<size_t>(id)]) : std::string_view();
    }
};

// The tokens that stand for single bytes ("<0x0A>"); -1 where there is none.
struct ByteTokens
{
    ByteTokens() { ids.fill(-1); }
    std::array<int32_t, 256> ids{};
    [[nodiscard]] bool have(std::string_view bytes) const;
    void append(std::string_view bytes, uint32_t begin, std::vector<PieceToken>& tokens) const;
};
// The value of a byte piece; -1 where the text is none.
int byteOfPiece(std::string_view piece);

}  // namespace rankwright
