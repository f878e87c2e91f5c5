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
            names.ids.add(names.pieces[id], static_cast<int32_t>(id));
    return names;
}

TextTokenizer::TextTokenizer(TokenizerParts parts)
    : m_parts(std::move(parts))
{
    m_bos = m_parts.bos;
    m_eos = m_parts.eos;
    const auto looksForStart = [](const PreTokenizer& part) {
        return std::ranges::any_of(part.rewrite, &NormalizerStep::onlyAtStart);
    };
    for (auto part = m_parts.preTokenizers.begin(); part != m_parts.preTokenizers.end(); ++part)
        m_startMatters.push_back(std::any_of(part, m_parts.preTokenizers.end(), looksForStart));
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
    PieceCaches::Lease lease(m_caches);
    PieceCache& cache = *lease;
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
            encodePieces(text, {{0, text.text().size()}}, stage, cache, encoding);
        return;
    }
    const PreTokenizer& preTokenizer = m_parts.preTokenizers[stage];
    if (preTokenizer.rewrite.empty())
        return encodePieces(text, preTokenizer.split(text.text()), stage + 1, cache, encoding);
    AlignedText rewritten = text;
    applyNormalizer(preTokenizer.rewrite, rewritten);
    encodePieces(rewritten, preTokenizer.split(rewritten.text()), stage + 1, cache, encoding);
}

void TextTokenizer::encodePieces(const AlignedText& text, const std::vector<TextRange>& pieces, size_t stage,
    PieceCache& cache, Encoding& encoding) const
{
    std::vector<PieceToken> found;
    for (const TextRange range : pieces) {
        const std::string_view piece = text.text().substr(range.begin, range.end - range.begin);
        const auto emit = [&](const PieceToken& token) {
            // What a pre-tokenizer put before a piece stands for nothing of it.
            const auto place = token.begin < token.end ? text.source(range.begin + token.begin, range.begin + token.end)
                                                       : Offset(text.source(range.begin, range.end).first,
                                                             text.source(range.begin, range.end).first);
            append(encoding, token.id, place);
        };
        const bool last = stage == m_parts.preTokenizers.size();
        const bool first = !last && m_startMatters[stage] && text.source(range.begin, range.end).first == 0;
        const PieceCache::Key key = first ? PieceCache::Key() : PieceCache::keyOf(piece, stage);
        if (key.length == 0 && !last) {
            encodeText(text.slice(range.begin, range.end), stage, cache, encoding);
            continue;
        }
        if (const PieceCache::Slot* slot = key.length > 0 ? cache.find(key) : nullptr) {
            for (size_t i = 0; i < slot->count; ++i)
                emit(slot->token(i));
            continue;
        }
        found.clear();
        pieceTokens(piece, stage, cache, found);
        cache.keep(key, found);
        std::ranges::for_each(found, emit);
    }
}

void TextTokenizer::pieceTokens(
    std::string_view piece, size_t stage, PieceCache& cache, std::vector<PieceToken>& tokens) const
{
    if (stage == m_parts.preTokenizers.size())
        return m_parts.model->tokenize(piece, tokens);
    constexpr size_t kOrigin = 1;  // anywhere but at the start of a text
    Encoding inner;
    encodeText(AlignedText(piece, kOrigin), stage, cache, inner);
    for (size_t i = 0; i < inner.ids.size(); ++i) {
        const auto [begin, end] = inner.offsets[i];
        tokens.push_back({inner.ids[i], static_cast<uint32_t>(begin - kOrigin), static_cast<uint32_t>(end - kOrigin)});
    }
}

}  // namespace rankwright
