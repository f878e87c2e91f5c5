// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/byte_bpe.h"

#include "training/formats/unicode.h"

namespace rankwright {
namespace {

constexpr size_t kAlphabetEnd = 0x144;  // 0x100 + the 68 bytes that do not stand for themselves

// The byte of each character of the alphabet, -1 where a code is not in it.
std::array<int16_t, kAlphabetEnd> alphabet()
{
    std::array<int16_t, kAlphabetEnd> bytes{};
    bytes.fill(-1);
    size_t next = 0x100;
    for (int16_t byte = 0; byte < 256; ++byte) {
        const bool itself = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
        bytes[itself ? static_cast<size_t>(byte) : next++] = byte;
    }
    return bytes;
}

}  // namespace

std::optional<std::string> bytesFromAlphabet(std::string_view spelled)
{
    static const auto kBytes = alphabet();
    std::string bytes;
    for (size_t at = 0; at < spelled.size();) {
        const auto character = utf8At(spelled, at);
        if (character.code >= kAlphabetEnd || kBytes[character.code] < 0)
            return {};
        bytes += static_cast<char>(static_cast<unsigned char>(kBytes[character.code]));
        at += character.length;
    }
    return bytes;
}

ByteBpeTokenizer::ByteBpeTokenizer(BpeParts parts, MergeTable merges)
    : BpeTokenizer(std::move(parts)), m_merges(std::move(merges))
{
    for (size_t byte = 0; byte < 256; ++byte) {
        const char text = static_cast<char>(static_cast<unsigned char>(byte));
        m_byteIds[byte] = this->parts().vocabulary.idOf(std::string_view(&text, 1));
    }
}

void ByteBpeTokenizer::merge(std::string_view piece, std::vector<PieceToken>& tokens) const
{
    std::vector<BpeSymbol> symbols;
    symbols.reserve(piece.size());
    for (uint32_t i = 0; i < piece.size(); ++i) {
        const int32_t id = m_byteIds[static_cast<unsigned char>(piece[i])];
        if (id >= 0 || parts().unknown >= 0)
            symbols.push_back({.id = id, .begin = i, .end = i + 1});
    }
    mergeSymbols(symbols, [this](const BpeSymbol& left, const BpeSymbol& right) {
        return m_merges.find(left.id, right.id);
    });
    const size_t first = tokens.size();
    for (const BpeSymbol& symbol : symbols) {
        if (symbol.end == 0)
            continue;
        const int32_t id = symbol.id >= 0 ? symbol.id : parts().unknown;
        const bool fuses = symbol.id < 0 && parts().fuseUnknown && tokens.size() > first && tokens.back().id == id;
        if (fuses)
            tokens.back().end = symbol.end;
        else
            tokens.push_back({id, symbol.begin, symbol.end});
    }
}

std::string ByteBpeTokenizer::decode(const std::vector<int32_t>& ids, bool skipSpecial) const
{
    std::string bytes;
    for (const int32_t id : ids)
        if (!skipSpecial || !isSpecial(id))
            bytes += piece(id);
    return wellFormedUtf8(bytes);
}

std::string ByteBpeTokenizer::piece(int32_t id) const
{
    if (const AddedToken* token = parts().added.withId(id))
        return token->content;
    return std::string(pieceOf(id));
}

int32_t ByteBpeTokenizer::idOf(std::string_view content) const
{
    if (const int32_t added = parts().added.idOf(content); added >= 0)
        return added;
    const auto bytes = bytesFromAlphabet(content);
    return bytes ? parts().vocabulary.idOf(*bytes) : -1;
}

}  // namespace rankwright
