// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The tokens of pieces seen before: most words of a text have come up already. Fixed in size, without an allocation for a
// piece: a slot is one cache line, and each piece has two places to be in, of which the one used last comes first. Why and
// what it gains: docs/adr/0016.
#pragma once

#include "training/formats/token_model.h"

#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>

namespace rankwright {

static_assert(std::endian::native == std::endian::little, "a piece's bytes are read as words");

class PieceCache
{
public:
    static constexpr size_t kPieceBytes = 32, kTokens = 4;  // longer pieces, and those of more tokens, are not kept
    static constexpr size_t kSlots = size_t{1} << 15;       // of 64 bytes: 2 MiB
    // A piece as it was cut by the pre-tokenizers up to `stage`.
    struct Key
    {
        std::array<uint64_t, 4> words{};  // the piece's bytes, zeros behind them
        uint8_t length = 0, stage = 0;    // length 0: no key
    };
    struct alignas(64) Slot
    {
        std::array<uint64_t, 4> words{};
        uint8_t length = 0, stage = 0, count = 0;
        std::array<uint8_t, kTokens> begins{}, ends{};
        std::array<int32_t, kTokens> ids{};
        [[nodiscard]] PieceToken token(size_t i) const { return {ids[i], begins[i], ends[i]}; }
    };

    PieceCache() : m_slots(std::make_unique<Slot[]>(kSlots)) {}
    // The key of a piece; one of length 0 for a piece that is not kept.
    static Key keyOf(std::string_view piece, size_t stage)
    {
        const size_t size = piece.size();
        Key key;
        if (size == 0 || size > kPieceBytes || stage > 255)
            return key;
        key.length = static_cast<uint8_t>(size);
        key.stage = static_cast<uint8_t>(stage);
        const char* bytes = piece.data();
        const auto eightAt = [bytes](size_t at) {
            uint64_t eight = 0;
            std::memcpy(&eight, bytes + at, sizeof eight);
            return eight;
        };
        if (size < 8) {
            key.words[0] = fewBytes(piece);
            return key;
        }
        // Whole words, and the last eight bytes without those that a word has already.
        size_t word = 0;
        for (; 8 * word + 8 <= size; ++word)
            key.words[word] = eightAt(8 * word);
        if (8 * word < size)
            key.words[word] = eightAt(size - 8) >> (8 * (8 * word + 8 - size));
        return key;
    }
    // Where the tokens are; nothing where the piece is not known. The next call of either function may move them.
    [[nodiscard]] const Slot* find(const Key& key)
    {
        const size_t place = placeOf(key);
        if (has(m_slots[place], key))
            return &m_slots[place];
        if (!has(m_slots[place ^ 1], key))
            return nullptr;
        std::swap(m_slots[place], m_slots[place ^ 1]);
        return &m_slots[place];
    }
    void keep(const Key& key, std::span<const PieceToken> tokens);

private:
    static uint64_t fewBytes(std::string_view piece)  // 1 to 7
    {
        if (piece.size() >= 4) {
            uint32_t low = 0, high = 0;
            std::memcpy(&low, piece.data(), sizeof low);
            std::memcpy(&high, piece.data() + piece.size() - 4, sizeof high);
            return low | uint64_t{high} << (8 * (piece.size() - 4));
        }
        const auto byte = [piece](size_t at) { return uint64_t{static_cast<unsigned char>(piece[at])} << (8 * at); };
        return byte(0) | byte(piece.size() / 2) | byte(piece.size() - 1);
    }
    static bool has(const Slot& slot, const Key& key)
    {
        uint64_t differs = uint64_t(slot.length != key.length) | uint64_t(slot.stage != key.stage);
        for (size_t i = 0; i < key.words.size(); ++i)  // no call of memcmp, which takes longer than the rest of find()
            differs |= slot.words[i] ^ key.words[i];
        return differs == 0;
    }
    static size_t placeOf(const Key& key)
    {
        uint64_t mixed = key.words[0] * 0x9E3779B97F4A7C15ull + (uint64_t{key.length} << 8 | key.stage);
        for (size_t i = 1; i < key.words.size(); ++i)
            mixed = (std::rotl(mixed, 29) ^ key.words[i]) * 0x9E3779B97F4A7C15ull;
        return static_cast<size_t>(mixed >> 40) & (kSlots - 1);
    }
    std::unique_ptr<Slot[]> m_slots;
};
static_assert(sizeof(PieceCache::Slot) == 64);

// A cache for each thread that tokenises at the moment; they outlive the threads.
class PieceCaches
{
public:
    class Lease
    {
    public:
        explicit Lease(PieceCaches& from) : m_from(from), m_cache(from.take()) {}
        ~Lease() { m_from.giveBack(std::move(m_cache)); }
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        PieceCache& operator*() { return *m_cache; }

    private:
        PieceCaches& m_from;
        std::unique_ptr<PieceCache> m_cache;
    };

private:
    std::unique_ptr<PieceCache> take();
    void giveBack(std::unique_ptr<PieceCache> cache);
    std::mutex m_mutex;
    std::vector<std::unique_ptr<PieceCache>> m_free;
};

}  // namespace rankwright
