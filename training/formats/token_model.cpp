// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/token_model.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace rankwright {

uint32_t PieceIds::hashOf(std::string_view piece)
{
    // Eight bytes at a time, and the last ones once more where they do not fill eight.
    constexpr uint64_t kFactor = 0x9E3779B97F4A7C15ull;
    uint64_t mixed = piece.size() * kFactor;
    const auto take = [&mixed](const char* from, size_t bytes) {
        uint64_t word = 0;
        std::memcpy(&word, from, bytes);
        mixed = (std::rotl(mixed, 29) ^ word) * kFactor;
    };
    size_t at = 0;
    for (; at + 8 <= piece.size(); at += 8)
        take(piece.data() + at, 8);
    if (at < piece.size() && piece.size() >= 8) {
        take(piece.data() + piece.size() - 8, 8);
    } else if (at < piece.size() && piece.size() >= 4) {
        take(piece.data(), 4);
        take(piece.data() + piece.size() - 4, 4);
    } else {
        for (; at < piece.size(); ++at)
            take(piece.data() + at, 1);
    }
    return static_cast<uint32_t>(mixed >> 32);
}

void PieceIds::reserve(size_t pieces)
{
    const size_t slots = std::bit_ceil(2 * pieces + 2);
    if (slots <= m_slots.size())
        return;
    const auto entries = std::exchange(m_entries, {});
    m_entries.reserve(pieces);
    m_slots.assign(slots, {});
    m_mask = slots - 1;
    for (const Entry& entry : entries)
        add(entry.piece, entry.id);
}

void PieceIds::add(std::string_view piece, int32_t id)
{
    if (2 * (m_entries.size() + 1) > m_slots.size())
        reserve(2 * m_entries.size() + 16);
    const uint32_t hash = hashOf(piece);
    size_t at = hash & m_mask;
    for (; m_slots[at].entry != 0; at = (at + 1) & m_mask)
        if (m_slots[at].hash == hash && m_entries[m_slots[at].entry - 1].piece == piece)
            return;
    m_entries.push_back({piece, id});
    m_slots[at] = {.hash = hash, .entry = static_cast<uint32_t>(m_entries.size())};
}

void PieceIds::removeIf(const std::function<bool(int32_t id)>& removed)
{
    auto entries = std::exchange(m_entries, {});
    m_slots.clear();
    std::erase_if(entries, [&removed](const Entry& entry) { return removed(entry.id); });
    reserve(entries.size());
    for (const Entry& entry : entries)
        add(entry.piece, entry.id);
}

bool ByteTokens::have(std::string_view bytes) const
{
    return std::ranges::all_of(bytes, [this](char byte) { return ids[static_cast<unsigned char>(byte)] >= 0; });
}

void ByteTokens::append(std::string_view bytes, uint32_t begin, std::vector<PieceToken>& tokens) const
{
    const auto end = static_cast<uint32_t>(begin + bytes.size());
    for (const char byte : bytes)
        tokens.push_back({ids[static_cast<unsigned char>(byte)], begin, end});
}

int byteOfPiece(std::string_view piece)
{
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    if (piece.size() != 6 || !piece.starts_with("<0x") || piece[5] != '>')
        return -1;
    const size_t high = kDigits.find(piece[3]), low = kDigits.find(piece[4]);
    if (high == std::string_view::npos || low == std::string_view::npos)
        return -1;
    return static_cast<int>(16 * high + low);
}

}  // namespace rankwright
