// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/token_model.h"

#include <algorithm>

namespace rankwright {

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
