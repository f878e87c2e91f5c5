// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/unigram.h"

#include "training/api/error.h"
#include "training/formats/unicode.h"

#include <algorithm>
#include <array>

namespace rankwright {
namespace {

constexpr double kUnknownPenalty = 10;
constexpr size_t kWord = 128;                // bytes; the search for less goes on the stack
constexpr size_t kLongestPiece = 64 << 20;  // bytes; the search takes 16 bytes for each

}  // namespace

Unigram::Unigram(UnigramParts parts)
    : m_parts(std::move(parts))
{
    std::vector<std::pair<std::string_view, int32_t>> known;
    for (size_t id = 0; id < m_parts.pieces.size(); ++id)
        if (m_parts.takesPart[id] && !m_parts.pieces[id].empty())
            known.emplace_back(m_parts.pieces[id], static_cast<int32_t>(id));
    m_trie = PieceTrie(std::move(known));
}

double Unigram::sum(double score, double more) const
{
    // The sum of two floats, rounded twice, is the float that adding floats gives.
    return m_parts.singlePrecision ? static_cast<double>(static_cast<float>(score + more)) : score + more;
}

void Unigram::bestPaths(std::string_view piece, std::span<Best> best) const
{
    std::ranges::fill(best, Best());
    const double unknownScore = sum(m_parts.lowest, -kUnknownPenalty);
    for (size_t at = 0; at < piece.size();) {
        const size_t character = codeOrByteAt(piece, at).second;
        const double soFar = best[at].score;
        bool single = false;
        const auto offer = [&](size_t length, int32_t id, double score) {
            Best& target = best[at + length];
            const double total = sum(soFar, score);
            if (target.begin < 0 || total > target.score)
                target = {total, static_cast<int32_t>(at), id};
        };
        m_trie.prefixes(piece.substr(at), [&](size_t length, int32_t id) {
            const auto index = static_cast<size_t>(id);
            const bool user = !m_parts.userDefined.empty() && m_parts.userDefined[index];
            const double score = user ? sum(static_cast<double>(length) * m_parts.highest, 0) - 0.1
                                      : m_parts.scores[index];
            offer(length, id, score);
            single = single || length == character;
        });
        if (!single)
            offer(character, m_parts.unknown, unknownScore);
        at += character;
    }
}

void Unigram::emitUnknown(std::string_view piece, const PieceToken& token, std::vector<PieceToken>& tokens) const
{
    const std::string_view text = piece.substr(token.begin, token.end - token.begin);
    if (m_parts.byteFallback && m_parts.bytes.have(text)) {
        m_parts.bytes.append(text, token.begin, tokens);
        return;
    }
    if (token.id < 0)
        throw Error(ErrorParts{.code = Code::data,
            .place = "the text to tokenise",
            .found = "\"" + std::string(text.substr(0, 40)) + "\", which the vocabulary lacks",
            .allowed = "characters of the vocabulary, since this tokenizer has no unknown token",
            .advice = "Leave this row out, or choose another model."});
    tokens.push_back(token);
}

void Unigram::tokenize(std::string_view piece, std::vector<PieceToken>& tokens) const
{
    if (piece.size() > kLongestPiece)
        throw Error(ErrorParts{.code = Code::limit,
            .place = "the text to tokenise",
            .found = std::to_string(piece.size()) + " bytes in one piece",
            .allowed = "at most " + std::to_string(kLongestPiece) + " for a Unigram tokenizer",
            .advice = "Split the file."});
    if (piece.size() < kWord) {  // nothing is allocated for a word
        std::array<Best, kWord> best;
        return followBest(piece, std::span(best).first(piece.size() + 1), tokens);
    }
    std::vector<Best> best(piece.size() + 1);
    followBest(piece, best, tokens);
}

void Unigram::followBest(std::string_view piece, std::span<Best> best, std::vector<PieceToken>& tokens) const
{
    bestPaths(piece, best);
    const auto first = static_cast<ptrdiff_t>(tokens.size());
    bool unknown = false;
    for (size_t end = piece.size(); end > 0;) {  // backwards, neighbouring unknown characters as one
        const Best& last = best[end];
        const auto begin = static_cast<uint32_t>(last.begin);
        const bool lacks = last.id == m_parts.unknown;
        if (lacks && static_cast<ptrdiff_t>(tokens.size()) > first && tokens.back().id == m_parts.unknown)
            tokens.back().begin = begin;
        else
            tokens.push_back({last.id, begin, static_cast<uint32_t>(end)});
        unknown = unknown || lacks;
        end = begin;
    }
    std::reverse(tokens.begin() + first, tokens.end());
    if (!unknown)
        return;
    const std::vector<PieceToken> path(tokens.begin() + first, tokens.end());
    tokens.resize(static_cast<size_t>(first));
    for (const PieceToken& token : path)
        if (token.id == m_parts.unknown)
            emitUnknown(piece, token, tokens);
        else
            tokens.push_back(token);
}

}  // namespace rankwright
