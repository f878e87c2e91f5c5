// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Tokens that are matched in the text itself, before anything is split or merged: special tokens (<|im_end|>) and
// others that a model's makers added. Leftmost-longest, in time that does not grow with their number.
#pragma once

#include "training/formats/tokenizer.h"

#include <array>
#include <unordered_map>

namespace rankwright {

struct AddedToken
{
    int32_t id = -1;
    std::string content;
    std::string match;       // what is looked for, where it is not the content (a normalised text); empty: the content
    bool special = false;
    bool normalised = false; // is looked for after the normaliser
    bool singleWord = false; // not beside a letter or digit
    bool stripLeft = false, stripRight = false;  // takes the white space beside it
};

// A part of a text: an added token, or text between (id -1).
struct TextPart
{
    size_t begin = 0, end = 0;
    int32_t id = -1;
};

class AddedTokens
{
public:
    AddedTokens() = default;
    AddedTokens(AddedTokens&&) = default;  // moved, never copied: m_byContent views m_tokens
    AddedTokens& operator=(AddedTokens&&) = default;
    // Throws Error{format} where a content is empty or longer than 512 bytes; `file` is for the message.
    AddedTokens(std::vector<AddedToken> tokens, const std::filesystem::path& file);
    [[nodiscard]] const std::vector<AddedToken>& all() const { return m_tokens; }
    [[nodiscard]] const AddedToken* withId(int32_t id) const;
    [[nodiscard]] int32_t idOf(std::string_view content) const;
    // The parts of `text` in order. Looks for the tokens of one pass: those with `normalised` as given. Special tokens
    // are found only where `special` is recognise.
    [[nodiscard]] std::vector<TextPart> split(std::string_view text, bool normalised, SpecialText special) const;
    [[nodiscard]] int64_t specialOccurrences(std::string_view text) const;
    [[nodiscard]] bool hasNormalised() const { return !m_sets[1].order.empty(); }

private:
    // Tokens in the order of what they match, and by first byte the range of that order.
    struct MatchSet
    {
        std::vector<uint32_t> order;
        std::array<std::pair<uint32_t, uint32_t>, 256> byFirstByte{};
        // Which bytes begin a match of special tokens, of others, of any: [specials + 2 * others].
        std::array<std::array<bool, 256>, 4> begins{};
        std::array<size_t, 4> beginning{};     // how many bytes do
        std::array<char, 4> oneBeginning{};    // where it is one: that
    };
    // The first byte from `at` on that may begin a match.
    static size_t nextStart(std::string_view text, size_t at, const MatchSet& set, size_t kinds);
    [[nodiscard]] std::string_view matchOf(uint32_t token) const;
    [[nodiscard]] const AddedToken* longestAt(std::string_view text, size_t at, const MatchSet& set, bool specials,
        bool others) const;
    std::vector<AddedToken> m_tokens;
    std::array<MatchSet, 2> m_sets;  // [normalised]
    std::unordered_map<int32_t, uint32_t> m_byId;
    std::unordered_map<std::string_view, uint32_t> m_byContent;
};

}  // namespace rankwright
