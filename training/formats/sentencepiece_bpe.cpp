// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/sentencepiece_bpe.h"

#include "training/formats/unicode.h"

#include <algorithm>

namespace rankwright {
namespace {

std::string withSpaces(std::string_view piece)
{
    std::string text;
    for (size_t at = 0; at < piece.size();) {
        const bool mark = piece.substr(at).starts_with(kSpaceMark);
        text += mark ? ' ' : piece[at];
        at += mark ? kSpaceMark.size() : 1;
    }
    return text;
}

// Whether no piece goes on from another character into a space: then no merge crosses the start of a word, and words
// can be merged one by one with the same result as the text as a whole.
bool piecesStayInWords(const Vocabulary& vocabulary)
{
    if (vocabulary.idOf(kSpaceMark) < 0)
        return false;
    return std::ranges::none_of(vocabulary.ids, [](const auto& entry) {
        std::string_view piece = entry.first;
        while (piece.starts_with(kSpaceMark))
            piece.remove_prefix(kSpaceMark.size());
        return piece.find(kSpaceMark) != std::string_view::npos;
    });
}

BpeParts splittingWords(BpeParts parts)
{
    if (parts.preTokenizer.steps.empty() && piecesStayInWords(parts.vocabulary))
        parts.preTokenizer.steps.push_back(
            {.kind = SplitStep::Kind::words, .pattern = std::string(kSpaceMark)});
    return parts;
}

uint64_t rangeKey(uint32_t begin, uint32_t end) { return (static_cast<uint64_t>(begin) << 32) | end; }

}  // namespace

std::array<int32_t, 256> SentencePieceParts::noBytes()
{
    std::array<int32_t, 256> ids{};
    ids.fill(-1);
    return ids;
}

int byteOfPiece(std::string_view piece)
{
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    if (piece.size() != 6 || !piece.starts_with("<0x") || piece[5] != '>')
        return -1;
    const size_t high = kDigits.find(piece[3]), low = kDigits.find(piece[4]);
    if (high == std::string_view::npos || low == std::string_view::npos)
        return -1;
    return static_cast<int>(16 * high + low);
}

std::vector<NormalizerStep> sentencePieceNormalizer(bool removeExtraSpaces, bool addSpacePrefix)
{
    std::vector<NormalizerStep> steps{{.kind = NormalizerStep::Kind::wellFormed}};
    if (removeExtraSpaces)
        steps.push_back({.kind = NormalizerStep::Kind::collapseSpaces});
    if (addSpacePrefix)
        steps.push_back({.kind = NormalizerStep::Kind::prepend, .to = std::string(kSpaceMark)});
    steps.push_back({.kind = NormalizerStep::Kind::replace, .from = " ", .to = std::string(kSpaceMark)});
    return steps;
}

SentencePieceBpe::SentencePieceBpe(SentencePieceParts parts)
    : BpeTokenizer(splittingWords(std::move(parts.bpe))),
      m_merges(std::move(parts.merges)),
      m_scores(std::move(parts.scores)),
      m_unused(std::move(parts.unused)),
      m_byteIds(parts.byteIds),
      m_stripFirstSpace(parts.stripFirstSpace),
      m_stripAllFirstSpaces(parts.stripAllFirstSpaces),
      m_unknownText(std::move(parts.unknownText))
{
    for (size_t byte = 0; byte < m_byteIds.size(); ++byte)
        if (m_byteIds[byte] >= 0)
            m_bytes.emplace(m_byteIds[byte], static_cast<int>(byte));
    for (const auto& entry : this->parts().vocabulary.ids)
        m_longestPiece = std::max(m_longestPiece, entry.first.size());
}

std::optional<BpeMerge> SentencePieceBpe::mergeByScore(
    std::string_view piece, const BpeSymbol& left, const BpeSymbol& right, Splits& splits) const
{
    const size_t length = right.end - left.begin;
    if (length > m_longestPiece)
        return {};
    const int32_t id = parts().vocabulary.idOf(piece.substr(left.begin, length));
    if (id < 0)
        return {};
    if (m_unused[static_cast<size_t>(id)])
        splits[rangeKey(left.begin, right.end)] = left.end;
    return BpeMerge{-static_cast<double>(m_scores[static_cast<size_t>(id)]), id};
}

void SentencePieceBpe::merge(std::string_view piece, std::vector<PieceToken>& tokens) const
{
    std::vector<BpeSymbol> symbols;
    for (uint32_t at = 0; at < piece.size();) {
        const uint32_t end = at + utf8At(piece, at).length;
        symbols.push_back({.id = parts().vocabulary.idOf(piece.substr(at, end - at)), .begin = at, .end = end});
        at = end;
    }
    Splits splits;
    if (m_merges)
        mergeSymbols(symbols, [this](const BpeSymbol& left, const BpeSymbol& right) {
            return m_merges->find(left.id, right.id);
        });
    else
        mergeSymbols(symbols, [&](const BpeSymbol& left, const BpeSymbol& right) {
            return mergeByScore(piece, left, right, splits);
        });
    for (const BpeSymbol& symbol : symbols) {
        if (symbol.end == 0)
            continue;
        if (symbol.id >= 0 && !m_unused.empty() && m_unused[static_cast<size_t>(symbol.id)])
            emitUnused(piece, symbol, splits, tokens);
        else
            emit(piece, symbol, tokens);
    }
}

void SentencePieceBpe::emit(
    std::string_view piece, const BpeSymbol& symbol, std::vector<PieceToken>& tokens) const
{
    if (symbol.id >= 0) {
        tokens.push_back({symbol.id, symbol.begin, symbol.end});
        return;
    }
    const std::string_view bytes = piece.substr(symbol.begin, symbol.end - symbol.begin);
    const auto byteId = [this](char byte) { return m_byteIds[static_cast<unsigned char>(byte)]; };
    if (std::ranges::all_of(bytes, [&](char byte) { return byteId(byte) >= 0; })) {
        for (const char byte : bytes)
            tokens.push_back({byteId(byte), symbol.begin, symbol.end});
        return;
    }
    const int32_t unknown = parts().unknown;
    if (unknown < 0)
        return;
    if (parts().fuseUnknown && !tokens.empty() && tokens.back().id == unknown)
        tokens.back().end = symbol.end;
    else
        tokens.push_back({unknown, symbol.begin, symbol.end});
}

void SentencePieceBpe::emitUnused(
    std::string_view piece, const BpeSymbol& symbol, const Splits& splits, std::vector<PieceToken>& tokens) const
{
    std::vector<BpeSymbol> open{symbol};  // the last is the next in reading order
    while (!open.empty()) {
        const BpeSymbol part = open.back();
        open.pop_back();
        const auto split = splits.find(rangeKey(part.begin, part.end));
        if (part.id < 0 || !m_unused[static_cast<size_t>(part.id)] || split == splits.end()) {
            emit(piece, part, tokens);
            continue;
        }
        for (const auto& [begin, end] : {std::pair{split->second, part.end}, std::pair{part.begin, split->second}})
            open.push_back(
                {.id = parts().vocabulary.idOf(piece.substr(begin, end - begin)), .begin = begin, .end = end});
    }
}

int SentencePieceBpe::byteOf(int32_t id) const
{
    const auto found = m_bytes.find(id);
    return found == m_bytes.end() ? -1 : found->second;
}

std::string SentencePieceBpe::decode(const std::vector<int32_t>& ids, bool skipSpecial) const
{
    std::string text, bytes;
    bool strip = m_stripFirstSpace;
    const auto flush = [&text, &bytes] {
        // Each byte that is not part of a character becomes one U+FFFD, as in SentencePiece.
        for (size_t at = 0; at < bytes.size();) {
            const auto character = utf8At(bytes, at);
            appendUtf8(text, character.code);
            at += character.valid ? character.length : 1;
        }
        bytes.clear();
    };
    for (const int32_t id : ids) {
        if (skipSpecial && isSpecial(id))
            continue;
        if (const int byte = byteOf(id); byte >= 0) {
            bytes += static_cast<char>(static_cast<unsigned char>(byte));
            continue;
        }
        flush();
        std::string part = id == parts().unknown && !m_unknownText.empty() ? m_unknownText : piece(id);
        const bool firstSpace = strip && text.empty() && pieceOf(id).starts_with(kSpaceMark);
        strip = strip && text.empty() && (!firstSpace || m_stripAllFirstSpaces);
        text += firstSpace ? part.substr(1) : part;
    }
    flush();
    return wellFormedUtf8(text);
}

std::string SentencePieceBpe::piece(int32_t id) const
{
    if (const int byte = byteOf(id); byte >= 0)
        return std::string(1, static_cast<char>(static_cast<unsigned char>(byte)));
    if (const AddedToken* token = parts().added.withId(id))
        return token->content;
    return withSpaces(pieceOf(id));
}

}  // namespace rankwright
