// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/text_tokenizer.h"

#include "training/api/error.h"
#include "training/formats/byte_alphabet.h"
#include "training/formats/unicode.h"

#include <algorithm>
#include <limits>

namespace rankwright {
namespace {

constexpr size_t kCachedPieces = 65'536;
constexpr size_t kCachedPieceBytes = 64;

using Offset = std::pair<size_t, size_t>;

void append(Encoding& encoding, int32_t id, Offset range)
{
    encoding.ids.push_back(id);
    encoding.offsets.push_back(range);
}

void needFittingText(std::string_view text)
{
    if (text.size() > std::numeric_limits<int32_t>::max())
        throw Error(ErrorParts{.code = Code::limit,
            .place = "the text to tokenise",
            .found = std::to_string(text.size()) + " bytes in one piece",
            .allowed = "at most 2 GiB",
            .advice = "Split the file."});
}

bool isSpaceLetter(char32_t code) { return code == spelledByte(' ') || isWhitespace(code); }

// How many spaces byte-level BPE has at the start and at the end of a token, as its files spell it.
std::pair<size_t, size_t> spacesAround(std::string_view content)
{
    size_t first = 0, last = 0;
    for (size_t at = 0; at < content.size() && isSpaceLetter(utf8At(content, at).code); ++first)
        at += utf8At(content, at).length;
    for (size_t end = content.size(); end > 0; ++last) {
        const size_t start = characterStart(content, end - 1);
        if (!isSpaceLetter(utf8At(content, start).code))
            break;
        end = start;
    }
    return {first, last};
}

Offset trimmed(Offset range, std::string_view text, std::pair<size_t, size_t> spaces)
{
    auto [begin, end] = range;
    for (size_t i = 0; i < spaces.first && begin < end; ++i)
        begin = std::min<size_t>(begin + utf8At(text, begin).length, end);
    for (size_t i = 0; i < spaces.second && end > begin; ++i)
        end = std::max(characterStart(text, end - 1), begin);
    return {begin, end};
}

}  // namespace

Vocabulary namesOf(std::vector<std::string> contents)
{
    Vocabulary names;
    names.pieces = std::move(contents);
    names.ids.reserve(names.pieces.size());
    for (size_t id = 0; id < names.pieces.size(); ++id)
        if (!names.pieces[id].empty())
            names.ids.emplace(names.pieces[id], static_cast<int32_t>(id));
    return names;
}

TextTokenizer::TextTokenizer(TokenizerParts parts)
    : m_parts(std::move(parts))
{
    m_bos = m_parts.bos;
    m_eos = m_parts.eos;
}

int32_t TextTokenizer::idOf(std::string_view content) const
{
    const int32_t added = m_parts.added.idOf(content);
    return added >= 0 ? added : m_parts.names.idOf(content);
}

bool TextTokenizer::isSpecial(int32_t id) const
{
    const AddedToken* token = m_parts.added.withId(id);
    return token != nullptr && token->special;
}

int64_t TextTokenizer::specialOccurrences(std::string_view text) const
{
    return m_parts.added.specialOccurrences(text);
}

NamedToken TextTokenizer::named(int32_t id) const
{
    if (const AddedToken* token = m_parts.added.withId(id))
        return {id, token->content, true};
    return {id, m_parts.names.pieceOf(id), false};
}

std::string TextTokenizer::piece(int32_t id) const
{
    const NamedToken token = named(id);
    return token.content.empty() ? std::string() : m_parts.decoder->piece(token);
}

std::string TextTokenizer::decode(const std::vector<int32_t>& ids, bool skipSpecial) const
{
    std::vector<NamedToken> tokens;
    tokens.reserve(ids.size());
    for (const int32_t id : ids) {
        const NamedToken token = named(id);
        if (!token.content.empty() && !(skipSpecial && isSpecial(id)))
            tokens.push_back(token);
    }
    return m_parts.decoder->decode(tokens);
}

Encoding TextTokenizer::encode(std::string_view text, bool addSpecial, SpecialText special) const
{
    return m_parts.post.assemble(tokens(text, special), nullptr, addSpecial, {text.size(), 0});
}

Encoding TextTokenizer::encodePair(
    std::string_view text, std::string_view pair, bool addSpecial, SpecialText special) const
{
    const Encoding second = tokens(pair, special);
    return m_parts.post.assemble(tokens(text, special), &second, addSpecial, {text.size(), pair.size()});
}

std::vector<Offset> TextTokenizer::shownOffsets(
    const Encoding& encoding, std::string_view text, std::string_view pair) const
{
    std::vector<Offset> offsets = encoding.offsets;
    if (!m_parts.post.trimsOffsets)
        return offsets;
    for (size_t i = 0; i < offsets.size(); ++i) {
        const bool second = encoding.second && i >= *encoding.second;
        const std::string_view source = second ? pair : text;
        const auto [begin, end] = offsets[i];
        // An added token may have taken white space beside it.
        const NamedToken token = named(encoding.ids[i]);
        auto spaces = spacesAround(token.added ? source.substr(begin, end - begin) : token.content);
        // The space that the pre-tokenizer put before the text has no place in it.
        if (m_parts.post.keepsPrefixSpace && spaces.first > 0 && (i == 0 || begin == 0))
            --spaces.first;
        offsets[i] = trimmed(offsets[i], source, spaces);
    }
    return offsets;
}

Encoding TextTokenizer::tokens(std::string_view text, SpecialText special) const
{
    needFittingText(text);
    std::unique_lock lock(m_cacheMutex, std::try_to_lock);
    PieceCache own;
    PieceCache& cache = lock ? m_cache : own;
    Encoding encoding;
    encoding.ids.reserve(text.size() / 4);
    encoding.offsets.reserve(text.size() / 4);
    for (const TextPart& part : m_parts.added.split(text, false, special)) {
        if (part.id >= 0) {
            append(encoding, part.id, {part.begin, part.end});
            continue;
        }
        AlignedText aligned(text.substr(part.begin, part.end - part.begin), part.begin);
        applyNormalizer(m_parts.normalizer, aligned);
        if (!m_parts.added.hasNormalised()) {
            encodeText(aligned, 0, cache, encoding);
            continue;
        }
        for (const TextPart& inner : m_parts.added.split(aligned.text(), true, special)) {
            if (inner.id >= 0)
                append(encoding, inner.id, aligned.source(inner.begin, inner.end));
            else
                encodeText(aligned.slice(inner.begin, inner.end), 0, cache, encoding);
        }
    }
    return encoding;
}

void TextTokenizer::encodeText(
    const AlignedText& text, size_t stage, PieceCache& cache, Encoding& encoding) const
{
    if (stage == m_parts.preTokenizers.size()) {
        if (!text.text().empty())
            encodePiece(text, {0, text.text().size()}, cache, encoding);
        return;
    }
    const PreTokenizer& preTokenizer = m_parts.preTokenizers[stage];
    const bool last = stage + 1 == m_parts.preTokenizers.size();
    const auto encodeRanges = [&](const AlignedText& from) {
        for (const TextRange range : preTokenizer.split(from.text()))
            if (last)
                encodePiece(from, range, cache, encoding);
            else
                encodeText(from.slice(range.begin, range.end), stage + 1, cache, encoding);
    };
    if (preTokenizer.rewrite.empty())
        return encodeRanges(text);
    AlignedText rewritten = text;
    applyNormalizer(preTokenizer.rewrite, rewritten);
    encodeRanges(rewritten);
}

void TextTokenizer::encodePiece(
    const AlignedText& text, TextRange range, PieceCache& cache, Encoding& encoding) const
{
    const std::string_view piece = text.text().substr(range.begin, range.end - range.begin);
    const auto emit = [&](const std::vector<PieceToken>& found) {
        for (const PieceToken& token : found)
            append(encoding, token.id, text.source(range.begin + token.begin, range.begin + token.end));
    };
    if (const auto found = cache.find(piece); found != cache.end())
        return emit(found->second);
    std::vector<PieceToken> found;
    m_parts.model->tokenize(piece, found);
    emit(found);
    if (piece.size() > kCachedPieceBytes)
        return;
    if (cache.size() >= kCachedPieces)
        cache.clear();
    cache.emplace(piece, std::move(found));
}

}  // namespace rankwright
