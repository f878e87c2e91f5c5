// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/added_tokens.h"

#include "training/api/error.h"
#include "training/formats/unicode.h"

#include <algorithm>
#include <utility>

namespace rankwright {
namespace {

constexpr size_t kSpecials = 1, kOthers = 2;  // kinds of tokens to look for
constexpr size_t kLongestContent = 512;  // bytes; bounds the work at each position of a text

unsigned char firstByte(std::string_view text) { return static_cast<unsigned char>(text.front()); }

// Whether a word character ends at `end` or begins at `begin`.
bool wordEndsAt(std::string_view text, size_t end)
{
    return end > 0 && isWordCharacter(utf8At(text, characterStart(text, end - 1)).code);
}

bool wordBeginsAt(std::string_view text, size_t begin)
{
    return begin < text.size() && isWordCharacter(utf8At(text, begin).code);
}

size_t skipWhitespaceLeft(std::string_view text, size_t from, size_t stop)
{
    while (from > stop) {
        const size_t start = characterStart(text, from - 1);
        if (!isWhitespace(utf8At(text, start).code))
            break;
        from = start;
    }
    return std::max(from, stop);
}

size_t skipWhitespaceRight(std::string_view text, size_t from)
{
    while (from < text.size() && isWhitespace(utf8At(text, from).code))
        from += utf8At(text, from).length;
    return from;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens, const std::filesystem::path& file)
    : m_tokens(std::move(tokens))
{
    for (uint32_t i = 0; i < m_tokens.size(); ++i) {
        const AddedToken& token = m_tokens[i];
        const std::string_view match = matchOf(i);
        if (token.content.empty() || match.size() > kLongestContent)
            throw Error(ErrorParts{.code = Code::format,
                .file = file,
                .place = "added token with id " + std::to_string(token.id),
                .found = "its content has " + std::to_string(match.size()) + " bytes",
                .allowed = "1 to " + std::to_string(kLongestContent) + " bytes",
                .advice = "Remove this added token or get the tokenizer's original file."});
        m_byId.emplace(token.id, i);
        if (!m_byContent.emplace(token.content, i).second)
            throw Error(ErrorParts{.code = Code::format,
                .file = file,
                .place = "added token with id " + std::to_string(token.id),
                .found = "the content \"" + token.content + "\" is given twice",
                .allowed = "each content once",
                .advice = "Get the tokenizer's original file."});
        m_sets[token.normalised ? 1 : 0].order.push_back(i);
    }
    for (MatchSet& set : m_sets) {
        std::ranges::stable_sort(set.order, {}, [this](uint32_t token) { return matchOf(token); });
        for (uint32_t i = 0; i < set.order.size(); ++i) {
            auto& range = set.byFirstByte[firstByte(matchOf(set.order[i]))];
            range = {range.second == 0 ? i : range.first, i + 1};
            const AddedToken& token = m_tokens[set.order[i]];
            for (size_t kinds = 1; kinds < 4; ++kinds) {
                const bool wanted = (kinds & (token.special ? kSpecials : kOthers)) != 0;
                const unsigned char first = firstByte(matchOf(set.order[i]));
                if (!wanted || std::exchange(set.begins[kinds][first], true))
                    continue;
                ++set.beginning[kinds];
                set.oneBeginning[kinds] = static_cast<char>(first);
            }
        }
    }
}

// Most texts hold no added token: the bytes between are skipped, by memchr where all matches begin alike ("<").
size_t AddedTokens::nextStart(std::string_view text, size_t at, const MatchSet& set, size_t kinds)
{
    if (set.beginning[kinds] == 0)
        return text.size();
    if (set.beginning[kinds] == 1)
        return std::min(text.find(set.oneBeginning[kinds], at), text.size());
    const auto& begins = set.begins[kinds];
    while (at < text.size() && !begins[static_cast<unsigned char>(text[at])])
        ++at;
    return at;
}

std::string_view AddedTokens::matchOf(uint32_t token) const
{
    return m_tokens[token].match.empty() ? m_tokens[token].content : m_tokens[token].match;
}

const AddedToken* AddedTokens::withId(int32_t id) const
{
    const auto found = m_byId.find(id);
    return found == m_byId.end() ? nullptr : &m_tokens[found->second];
}

int32_t AddedTokens::idOf(std::string_view content) const
{
    const auto found = m_byContent.find(content);
    return found == m_byContent.end() ? -1 : m_tokens[found->second].id;
}

const AddedToken* AddedTokens::longestAt(
    std::string_view text, size_t at, const MatchSet& set, bool specials, bool others) const
{
    auto [begin, end] = set.byFirstByte[static_cast<unsigned char>(text[at])];
    const AddedToken* longest = nullptr;
    // Narrows the range of tokens that agree with the text byte by byte; tokens that end at this length come first.
    for (size_t length = 1; begin < end; ++length) {
        const AddedToken* ended = nullptr;  // of several that match alike, the file's first
        for (; begin < end && matchOf(set.order[begin]).size() == length; ++begin) {
            const AddedToken& token = m_tokens[set.order[begin]];
            if (ended == nullptr && (token.special ? specials : others))
                ended = &token;
        }
        longest = ended != nullptr ? ended : longest;
        if (at + length >= text.size())
            break;
        const auto byteOf = [&](uint32_t candidate) { return static_cast<unsigned char>(matchOf(candidate)[length]); };
        const auto tokens = std::ranges::equal_range(set.order.begin() + begin, set.order.begin() + end,
            static_cast<unsigned char>(text[at + length]), {}, byteOf);
        end = begin + static_cast<uint32_t>(tokens.end() - (set.order.begin() + begin));
        begin = end - static_cast<uint32_t>(tokens.size());
    }
    return longest;
}

std::vector<TextPart> AddedTokens::split(std::string_view text, bool normalised, SpecialText special) const
{
    std::vector<TextPart> parts;
    const MatchSet& set = m_sets[normalised ? 1 : 0];
    const bool specials = special == SpecialText::recognise;
    const size_t kinds = kOthers | (specials ? kSpecials : 0);
    size_t done = 0;
    for (size_t at = 0; (at = nextStart(text, at, set, kinds)) < text.size();) {
        const auto* token = longestAt(text, at, set, specials, true);
        if (token == nullptr) {
            ++at;
            continue;
        }
        size_t begin = at, end = at + (token->match.empty() ? token->content : token->match).size();
        at = end;
        if (token->singleWord && (wordEndsAt(text, begin) || wordBeginsAt(text, end)))
            continue;
        if (token->stripLeft)
            begin = skipWhitespaceLeft(text, begin, done);
        if (token->stripRight)
            end = skipWhitespaceRight(text, end);
        if (begin > done)
            parts.push_back({done, begin, -1});
        parts.push_back({begin, end, token->id});
        done = at = end;
    }
    if (done < text.size())
        parts.push_back({done, text.size(), -1});
    return parts;
}

int64_t AddedTokens::specialOccurrences(std::string_view text) const
{
    int64_t count = 0;
    for (const MatchSet& set : m_sets)
        for (size_t at = 0; (at = nextStart(text, at, set, kSpecials)) < text.size();) {
            const auto* token = longestAt(text, at, set, true, false);
            count += token == nullptr ? 0 : 1;
            at += token == nullptr ? 1 : (token->match.empty() ? token->content : token->match).size();
        }
    return count;
}

}  // namespace rankwright
