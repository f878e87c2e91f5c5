// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// SentencePiece's precompiled_charsmap: which character sequences a normaliser replaces by what. The bytes are the size
// of a double-array trie (32 bits, little endian), the trie (Darts-clone: 32-bit units), and the replacements, each
// ended by a zero byte; the trie's values are positions among them.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rankwright {

class CharacterMap
{
public:
    // Throws Error{format} where the sizes do not fit; `place` and `file` are for the message.
    CharacterMap(std::string_view bytes, const std::string& place, const std::filesystem::path& file);
    struct Match
    {
        size_t length = 0;  // bytes of the text
        std::string_view replacement;
    };
    // Of the keys that `text` begins with.
    [[nodiscard]] std::optional<Match> shortest(std::string_view text) const { return find(text, true); }
    [[nodiscard]] std::optional<Match> longest(std::string_view text) const { return find(text, false); }
    // Whether a key begins with this byte.
    [[nodiscard]] bool begins(unsigned char byte) const { return m_begins[byte]; }

private:
    [[nodiscard]] std::optional<Match> find(std::string_view text, bool first) const;
    std::vector<uint32_t> m_units;
    std::array<bool, 256> m_begins{};
    std::string m_replacements;
};

// The bytes of a base64 text; nothing where it is none.
std::optional<std::string> bytesFromBase64(std::string_view text);

}  // namespace rankwright
