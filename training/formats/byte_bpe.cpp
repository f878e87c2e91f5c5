// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/byte_bpe.h"

#include "training/api/error.h"

namespace rankwright {

void addMerge(MergeTable& table, const Vocabulary& vocabulary, std::string_view left, std::string_view right,
    uint32_t rank, const std::filesystem::path& file)
{
    const std::string joined = std::string(left) + std::string(right);
    const int32_t ids[] = {vocabulary.idOf(left), vocabulary.idOf(right), vocabulary.idOf(joined)};
    const std::string_view names[] = {left, right, joined};
    for (size_t i = 0; i < 3; ++i)
        if (ids[i] < 0)
            throw Error(ErrorParts{.code = Code::format,
                .file = file,
                .place = "merge " + std::to_string(rank),
                .found = "\"" + std::string(names[i].substr(0, 200)) + "\", which is not in the vocabulary",
                .allowed = "merges whose two parts and whole are in the vocabulary",
                .advice = "The tokenizer's file is damaged or cut short: get it again."});
    table.insert(ids[0], ids[1], rank, ids[2]);
}

ByteBpe::ByteBpe(Vocabulary vocabulary, MergeTable merges, BpeSettings settings)
    : m_vocabulary(std::move(vocabulary)), m_merges(std::move(merges)), m_settings(settings)
{
    for (size_t byte = 0; byte < 256; ++byte) {
        const char text = static_cast<char>(static_cast<unsigned char>(byte));
        m_byteIds[byte] = m_vocabulary.idOf(std::string_view(&text, 1));
    }
}

void ByteBpe::tokenize(std::string_view piece, std::vector<PieceToken>& tokens) const
{
    if (const int32_t whole = m_settings.ignoreMerges ? m_vocabulary.idOf(piece) : -1; whole >= 0) {
        tokens.push_back({whole, 0, static_cast<uint32_t>(piece.size())});
        return;
    }
    const auto find = [this](const BpeSymbol& left, const BpeSymbol& right) { return m_merges.find(left.id, right.id); };
    if (piece.size() <= kFewSymbols) {
        std::array<BpeSymbol, kFewSymbols> symbols;
        return emit(mergeSymbols(std::span(symbols).first(addSymbols(piece, symbols.data())), find), tokens);
    }
    std::vector<BpeSymbol> symbols(piece.size());
    symbols.resize(addSymbols(piece, symbols.data()));
    emit(mergeSymbols(symbols, find), tokens);
}

size_t ByteBpe::addSymbols(std::string_view piece, BpeSymbol* to) const
{
    size_t count = 0;
    for (uint32_t i = 0; i < piece.size(); ++i) {
        const int32_t id = m_byteIds[static_cast<unsigned char>(piece[i])];
        if (id >= 0 || m_settings.unknown >= 0)
            to[count++] = {.id = id, .begin = i, .end = i + 1};
    }
    return count;
}

void ByteBpe::emit(std::span<const BpeSymbol> symbols, std::vector<PieceToken>& tokens) const
{
    const size_t first = tokens.size();
    for (const BpeSymbol& symbol : symbols) {
        if (symbol.end == 0)
            continue;
        const int32_t id = symbol.id >= 0 ? symbol.id : m_settings.unknown;
        const bool fuses = symbol.id < 0 && m_settings.fuseUnknown && tokens.size() > first && tokens.back().id == id;
        if (fuses)
            tokens.back().end = symbol.end;
        else
            tokens.push_back({id, symbol.begin, symbol.end});
    }
}

}  // namespace rankwright
