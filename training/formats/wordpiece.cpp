// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/wordpiece.h"

#include "training/formats/unicode.h"

namespace rankwright {

WordPiece::WordPiece(WordPieceParts parts)
    : m_parts(std::move(parts))
{
    std::vector<std::pair<std::string_view, int32_t>> first, next;
    for (size_t id = 0; id < m_parts.pieces.size(); ++id) {
        const std::string_view piece = m_parts.pieces[id];
        if (piece.empty())
            continue;
        first.emplace_back(piece, static_cast<int32_t>(id));
        if (piece.starts_with(m_parts.prefix) && piece.size() > m_parts.prefix.size())
            next.emplace_back(piece.substr(m_parts.prefix.size()), static_cast<int32_t>(id));
    }
    m_first = PieceTrie(std::move(first));
    m_next = PieceTrie(std::move(next));
}

void WordPiece::tokenize(std::string_view piece, std::vector<PieceToken>& tokens) const
{
    const size_t before = tokens.size();
    const auto size = static_cast<uint32_t>(piece.size());
    int64_t characters = 0;
    for (size_t at = 0; at < piece.size(); at += utf8At(piece, at).length)
        ++characters;
    bool whole = characters <= m_parts.longestWord;
    for (uint32_t at = 0; whole && at < size;) {
        const auto [length, id] = (at == 0 ? m_first : m_next).longest(piece.substr(at));
        whole = length > 0;
        if (whole)
            tokens.push_back({id, at, static_cast<uint32_t>(at + length)});
        at += static_cast<uint32_t>(length);
    }
    if (!whole) {
        tokens.resize(before);
        tokens.push_back({m_parts.unknown, 0, size});
    }
}

}  // namespace rankwright
