// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What turns one piece of a text, as the pre-tokenizer cuts it, into tokens. A model's answer depends on the piece
// alone.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace rankwright {

inline constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581, SentencePiece's space

// A token of a piece, with its byte range in it.
struct PieceToken
{
    int32_t id = -1;
    uint32_t begin = 0, end = 0;
};

class TokenModel
{
public:
    virtual ~TokenModel() = default;
    // Appends the tokens of `piece`. Throws Error{data, limit} for a piece that cannot be tokenised.
    virtual void tokenize(std::string_view piece, std::vector<PieceToken>& tokens) const = 0;
    [[nodiscard]] virtual std::string_view kind() const = 0;  // for people
};

// Ids by piece, by open addressing: SentencePiece's BPE asks several times for each character of a text, and
// std::unordered_map took two thirds of its time. Views the pieces.
class PieceIds
{
public:
    struct Entry
    {
        std::string_view piece;
        int32_t id = -1;
    };
    void reserve(size_t pieces);
    // Of equal pieces the first stays.
    void add(std::string_view piece, int32_t id);
    [[nodiscard]] int32_t find(std::string_view piece) const  // -1 where there is none
    {
        if (m_slots.empty())
            return -1;
        const uint32_t hash = hashOf(piece);
        for (size_t at = hash & m_mask;; at = (at + 1) & m_mask) {
            const Slot& slot = m_slots[at];
            if (slot.entry == 0)
                return -1;
            if (slot.hash == hash && m_entries[slot.entry - 1].piece == piece)
                return m_entries[slot.entry - 1].id;
        }
    }
    // In the order in which they were added.
    [[nodiscard]] const std::vector<Entry>& entries() const { return m_entries; }
    // Takes out the pieces of these ids.
    void removeIf(const std::function<bool(int32_t id)>& removed);

private:
    struct Slot
    {
        uint32_t hash = 0, entry = 0;  // 1 + its index; 0: free
    };
    static uint32_t hashOf(std::string_view piece);
    std::vector<Slot> m_slots;         // a power of two, at most half of them taken
    std::vector<Entry> m_entries;
    size_t m_mask = 0;
};

// Pieces by id and ids by piece.
struct Vocabulary
{
    Vocabulary() = default;
    Vocabulary(Vocabulary&&) = default;  // moved, never copied: `ids` views `pieces`
    Vocabulary& operator=(Vocabulary&&) = default;
    std::vector<std::string> pieces;  // empty where an id has none
    PieceIds ids;                     // without the pieces that text never becomes
    [[nodiscard]] int32_t idOf(std::string_view piece) const { return ids.find(piece); }
    [[nodiscard]] std::string_view pieceOf(int32_t id) const
    {
        const bool inside = id >= 0 && static_cast<size_t>(id) < pieces.size();
        return inside ? std::string_view(pieces[static_cast<size_t>(id)]) : std::string_view();
    }
};

// The tokens that stand for single bytes ("<0x0A>"); -1 where there is none.
struct ByteTokens
{
    ByteTokens() { ids.fill(-1); }
    std::array<int32_t, 256> ids{};
    [[nodiscard]] bool have(std::string_view bytes) const;
    void append(std::string_view bytes, uint32_t begin, std::vector<PieceToken>& tokens) const;
};
// The value of a byte piece; -1 where the text is none.
int byteOfPiece(std::string_view piece);

}  // namespace rankwright
