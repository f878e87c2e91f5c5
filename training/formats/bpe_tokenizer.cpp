// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/bpe_tokenizer.h"

#include "training/api/error.h"

#include <limits>

namespace rankwright {
namespace {

constexpr size_t kCachedPieces = 65'536;
constexpr size_t kCachedPieceBytes = 64;

void append(Encoding& encoding, int32_t id, std::pair<size_t, size_t> range)
{
    encoding.ids.push_back(id);
    encoding.offsets.push_back(range);
}

}  // namespace

int32_t Vocabulary::idOf(std::string_view piece) const
{
    const auto found = ids.find(piece);
    return found == ids.end() ? -1 : found->second;
}

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

BpeTokenizer::BpeTokenizer(BpeParts parts)
    : m_parts(std::move(parts))
{
    m_bos = m_parts.bos;
    m_eos = m_parts.eos;
}

int32_t BpeTokenizer::idOf(std::string_view content) const
{
    const int32_t added = m_parts.added.idOf(content);
    return added >= 0 ? added : m_parts.vocabulary.idOf(content);
}

bool BpeTokenizer::isSpecial(int32_t id) const
{
    const AddedToken* token = m_parts.added.withId(id);
    return token != nullptr && token->special;
}

int64_t BpeTokenizer::specialOccurrences(std::string_view text) const
{
    return m_parts.added.specialOccurrences(text);
}

std::string_view BpeTokenizer::pieceOf(int32_t id) const
{
    return id < 0 || id >= size() ? std::string_view() : m_parts.vocabulary.pieces[static_cast<size_t>(id)];
}

Encoding BpeTokenizer::encode(std::string_view text, bool addSpecial, SpecialText special) const
{
    if (text.size() > std::numeric_limits<int32_t>::max())
        throw Error(ErrorParts{.code = Code::limit,
            .place = "the text to tokenise",
            .found = std::to_string(text.size()) + " bytes in one piece",
            .allowed = "at most 2 GiB",
            .advice = "Split the file."});
    std::unique_lock lock(m_cacheMutex, std::try_to_lock);
    PieceCache own;
    PieceCache& cache = lock ? m_cache : own;
    Encoding encoding;
    encoding.ids.reserve(text.size() / 4);
    encoding.offsets.reserve(text.size() / 4);
    if (addSpecial)
        for (const int32_t id : m_parts.before)
            append(encoding, id, {0, 0});
    for (const TextPart& part : m_parts.added.split(text, false, special)) {
        if (part.id >= 0) {
            append(encoding, part.id, {part.begin, part.end});
            continue;
        }
        AlignedText aligned(text.substr(part.begin, part.end - part.begin), part.begin);
        applyNormalizer(m_parts.normalizer, aligned);
        if (!m_parts.added.hasNormalised()) {
            encodeText(aligned, cache, encoding);
            continue;
        }
        for (const TextPart& inner : m_parts.added.split(aligned.text(), true, special)) {
            if (inner.id >= 0)
                append(encoding, inner.id, aligned.source(inner.begin, inner.end));
            else
                encodeText(aligned.slice(inner.begin, inner.end), cache, encoding);
        }
    }
    if (addSpecial)
        for (const int32_t id : m_parts.after)
            append(encoding, id, {text.size(), text.size()});
    return encoding;
}

void BpeTokenizer::encodeText(const AlignedText& text, PieceCache& cache, Encoding& encoding) const
{
    if (m_parts.preTokenizer.rewrite.empty()) {
        for (const TextRange range : m_parts.preTokenizer.split(text.text()))
            encodePiece(text, range, cache, encoding);
        return;
    }
    AlignedText rewritten = text;
    applyNormalizer(m_parts.preTokenizer.rewrite, rewritten);
    for (const TextRange range : m_parts.preTokenizer.split(rewritten.text()))
        encodePiece(rewritten, range, cache, encoding);
}

void BpeTokenizer::encodePiece(
    const AlignedText& text, TextRange range, PieceCache& cache, Encoding& encoding) const
{
    const std::string_view piece = text.text().substr(range.begin, range.end - range.begin);
    const auto emit = [&](const std::vector<PieceToken>& tokens) {
        for (const PieceToken& token : tokens)
            append(encoding, token.id, text.source(range.begin + token.begin, range.begin + token.end));
    };
    if (const auto found = cache.find(piece); found != cache.end())
        return emit(found->second);
    std::vector<PieceToken> tokens;
    if (const int32_t whole = m_parts.ignoreMerges ? m_parts.vocabulary.idOf(piece) : -1; whole >= 0)
        tokens.push_back({whole, 0, static_cast<uint32_t>(piece.size())});
    else
        merge(piece, tokens);
    emit(tokens);
    if (piece.size() > kCachedPieceBytes)
        return;
    if (cache.size() >= kCachedPieces)
        cache.clear();
    cache.emplace(piece, std::move(tokens));
}

}  // namespace rankwright
