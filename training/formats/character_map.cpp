// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/character_map.h"

#include "training/api/error.h"
#include "training/formats/limits.h"
#include "training/formats/unicode.h"

#include <algorithm>
#include <array>

namespace rankwright {
namespace {

uint32_t unitAt(std::string_view bytes, size_t at)
{
    uint32_t unit = 0;
    for (size_t i = 0; i < 4; ++i)
        unit |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    return unit;
}

// The fields of a unit of Darts-clone.
bool hasLeaf(uint32_t unit) { return ((unit >> 8) & 1) != 0; }
uint32_t valueOf(uint32_t unit) { return unit & 0x7FFFFFFF; }
uint32_t labelOf(uint32_t unit) { return unit & 0x800000FF; }
uint32_t offsetOf(uint32_t unit) { return (unit >> 10) << ((unit & 0x200) >> 6); }

}  // namespace

CharacterMap::CharacterMap(std::string_view bytes, const std::string& place, const std::filesystem::path& file)
{
    const auto fail = [&](std::string found, std::string allowed) {
        throw Error(ErrorParts{.code = Code::format,
            .file = file,
            .place = place,
            .found = std::move(found),
            .allowed = std::move(allowed),
            .advice = "The tokenizer is damaged or badly converted: get its files again."});
    };
    if (bytes.size() < 4)
        fail(std::to_string(bytes.size()) + " bytes", "a character map of at least 4 bytes");
    const uint32_t size = unitAt(bytes, 0);
    if (size == 0 || size % 4 != 0 || size > bytes.size() - 4)
        fail("a trie of " + std::to_string(size) + " bytes in a map of " + std::to_string(bytes.size()),
            "whole 32-bit units inside the map");
    for (size_t at = 4; at < 4 + size_t{size}; at += 4)
        m_units.push_back(unitAt(bytes, at));
    m_replacements = bytes.substr(4 + size_t{size});
    if (firstIllFormedUtf8(m_replacements) != std::string_view::npos)
        fail("replacements that are not UTF-8", "UTF-8");
    for (size_t byte = 1; byte < m_begins.size(); ++byte) {
        const size_t node = offsetOf(m_units[0]) ^ byte;
        m_begins[byte] = node < m_units.size() && labelOf(m_units[node]) == byte;
    }
}

std::optional<CharacterMap::Match> CharacterMap::find(std::string_view text, bool first) const
{
    std::optional<Match> found;
    size_t node = offsetOf(m_units[0]);
    for (size_t length = 0; length < std::min(text.size(), limits::kMapKey) && text[length] != '\0';) {
        const auto byte = static_cast<unsigned char>(text[length]);
        node ^= byte;
        // A damaged trie points outside: nothing is found there.
        if (node >= m_units.size() || labelOf(m_units[node]) != byte)
            break;
        const uint32_t unit = m_units[node];
        ++length;
        node ^= offsetOf(unit);
        if (!hasLeaf(unit))
            continue;
        if (node >= m_units.size() || valueOf(m_units[node]) > m_replacements.size())
            break;
        const size_t begin = valueOf(m_units[node]);
        const size_t end = std::min(m_replacements.find('\0', begin), m_replacements.size());
        found = Match{length, std::string_view(m_replacements).substr(begin, end - begin)};
        if (first)
            break;
    }
    return found;
}

std::optional<std::string> bytesFromBase64(std::string_view text)
{
    static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const auto kValues = [] {
        std::array<int8_t, 256> values{};
        values.fill(-1);
        for (size_t i = 0; i < kDigits.size(); ++i)
            values[static_cast<unsigned char>(kDigits[i])] = static_cast<int8_t>(i);
        return values;
    }();
    while (text.ends_with('='))
        text.remove_suffix(1);
    std::string bytes;
    bytes.reserve(text.size() * 3 / 4);
    uint32_t bits = 0;
    int held = 0;
    for (const char c : text) {
        const int value = kValues[static_cast<unsigned char>(c)];
        if (value < 0)
            return {};
        bits = (bits << 6) | static_cast<uint32_t>(value);
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes += static_cast<char>(static_cast<unsigned char>((bits >> held) & 0xFF));
        }
    }
    return bytes;
}

}  // namespace rankwright
