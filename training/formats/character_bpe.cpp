// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/character_bpe.h"

#include "training/formats/unicode.h"

#include <algorithm>

namespace rankwright {
namespace {

uint64_t rangeKey(uint32_t begin, uint32_t end) { return (static_cast<uint64_t>(begin) << 32) | end; }

}  // namespace

bool piecesStayInWords(const Vocabulary& vocabulary)
{
    if (vocabulary.idOf(kSpaceMark) < 0)
        return false;
    return std::ranges::none_of(vocabulary.ids.entries(), [](const auto& entry) {
        std::string_view piece = entry.piece;
        while (piece.starts_with(kSpaceMark))
            piece.remove_prefix(kSpaceMark.size());
        return piece.find(kSpaceMark) != std::string_view::npos;
    });
}

CharacterBpe::CharacterBpe(CharacterBpeParts parts)
    : m_parts(std::move(parts))
{
    for (const auto& entry : m_parts.vocabulary.ids.entries())
        m_longestPiece = std::max(m_longestPiece, entry.piece.size());
    for (size_t byte = 0; byte < m_asciiIds.size(); ++byte) {
        const char text = static_cast<char>(byte);
        m_asciiIds[byte] = m_parts.vocabulary.idOf(std::string_view(&text, 1));
    }
}

std::optional<BpeMerge> CharacterBpe::mergeByScore(
    std::string_view piece, const BpeSymbol& left, const BpeSymbol& right, Splits& splits) const
{
    const size_t length = right.end - left.begin;
    if (length > m_longestPiece)
        return {};
    const int32_t id = m_parts.vocabulary.idOf(piece.substr(left.begin, length));
    if (id < 0)
        return {};
    if (m_parts.unused[static_cast<size_t>(id)])
        splits[rangeKey(left.begin, right.end)] = left.end;
    return BpeMerge{-static_cast<double>(m_parts.scores[static_cast<size_t>(id)]), id};
}

void CharacterBpe::tokenize(std::string_view piece, std::vector<PieceToken>& tokens) const
{
    if (const int32_t whole = m_parts.settings.ignoreMerges ? m_parts.vocabulary.idOf(piece) : -1; whole >= 0) {
        tokens.push_back({whole, 0, static_cast<uint32_t>(piece.size())});
        return;
    }
    if (piece.size() <= kFewSymbols) {  // nothing is allocated for a word
        std::array<BpeSymbol, kFewSymbols> symbols;
        return merge(piece, std::span(symbols).first(addSymbols(piece, symbols.data())), tokens);
    }
    std::vector<BpeSymbol> symbols(piece.size());
    symbols.resize(addSymbols(piece, symbols.data()));
    merge(piece, symbols, tokens);
}

size_t CharacterBpe::addSymbols(std::string_view piece, BpeSymbol* to) const
{
    size_t count = 0;
    for (uint32_t at = 0; at < piece.size();) {
        const uint32_t end = at + utf8At(piece, at).length;
        const auto first = static_cast<unsigned char>(piece[at]);
        const int32_t id = first < 0x80 ? m_asciiIds[first] : m_parts.vocabulary.idOf(piece.substr(at, end - at));
        to[count++] = {.id = id, .begin = at, .end = end};
        at = end;
    }
    return count;
}

void CharacterBpe::merge(std::string_view piece, std::span<BpeSymbol> symbols, std::vector<PieceToken>& tokens) const
{
    Splits splits;
    if (m_parts.merges)
        symbols = mergeSymbols(symbols, [this](const BpeSymbol& left, const BpeSymbol& right) {
            return m_parts.merges->find(left.id, right.id);
        });
    else
        symbols = mergeSymbols(symbols, [&](const BpeSymbol& left, const BpeSymbol& right) {
            return mergeByScore(piece, left, right, splits);
        });
    for (const BpeSymbol& symbol : symbols) {
        if (symbol.end == 0)
            continue;
        if (symbol.id >= 0 && !m_parts.unused.empty() && m_parts.unused[static_cast<size_t>(symbol.id)])
            emitUnused(piece, symbol, splits, tokens);
        else
            emit(piece, symbol, tokens);
    }
}

void CharacterBpe::emit(
    std::string_view piece, const BpeSymbol& symbol, std::vector<PieceToken>& tokens) const
{
    if (symbol.id >= 0) {
        tokens.push_back({symbol.id, symbol.begin, symbol.end});
        return;
    }
    const std::string_view bytes = piece.substr(symbol.begin, symbol.end - symbol.begin);
    if (m_parts.bytes.have(bytes)) {
        m_parts.bytes.append(bytes, symbol.begin, tokens);
        return;
    }
    const int32_t unknown = m_parts.settings.unknown;
    if (unknown < 0)
        return;
    if (m_parts.settings.fuseUnknown && !tokens.empty() && tokens.back().id == unknown)
        tokens.back().end = symbol.end;
    else
        tokens.push_back({unknown, symbol.begin, symbol.end});
}

void CharacterBpe::emitUnused(
    std::string_view piece, const BpeSymbol& symbol, const Splits& splits, std::vector<PieceToken>& tokens) const
{
    std::vector<BpeSymbol> open{symbol};  // the last is the next in reading order
    while (!open.empty()) {
        const BpeSymbol part = open.back();
        open.pop_back();
        const auto split = splits.find(rangeKey(part.begin, part.end));
        if (part.id < 0 || !m_parts.unused[static_cast<size_t>(part.id)] || split == splits.end()) {
            emit(piece, part, tokens);
            continue;
        }
        for (const auto& [begin, end] : {std::pair{split->second, part.end}, std::pair{part.begin, split->second}})
            open.push_back(
                {.id = m_parts.vocabulary.idOf(piece.substr(begin, end - begin)), .begin = begin, .end = end});
    }
}

}  // namespace rankwright
