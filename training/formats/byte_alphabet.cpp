// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/byte_alphabet.h"

#include "training/formats/unicode.h"

#include <array>

namespace rankwright {
namespace {

constexpr size_t kAlphabetEnd = 0x144;  // 0x100 + the 68 bytes that do not stand for themselves

struct Alphabet
{
    std::array<char32_t, 256> spelled{};
    std::array<int16_t, kAlphabetEnd> bytes{};  // -1 where a code is not of the alphabet
    Alphabet()
    {
        bytes.fill(-1);
        char32_t next = 0x100;
        for (size_t byte = 0; byte < 256; ++byte) {
            const bool itself = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
            spelled[byte] = itself ? static_cast<char32_t>(byte) : next++;
            bytes[spelled[byte]] = static_cast<int16_t>(byte);
        }
    }
};

const Alphabet& alphabet()
{
    static const Alphabet kAlphabet;
    return kAlphabet;
}

}  // namespace

char32_t spelledByte(unsigned char byte) { return alphabet().spelled[byte]; }

std::optional<std::string> bytesFromAlphabet(std::string_view spelled)
{
    const auto& codes = alphabet().bytes;
    std::string bytes;
    for (size_t at = 0; at < spelled.size();) {
        const auto character = utf8At(spelled, at);
        if (!character.valid || character.code >= kAlphabetEnd || codes[character.code] < 0)
            return {};
        bytes += static_cast<char>(static_cast<unsigned char>(codes[character.code]));
        at += character.length;
    }
    return bytes;
}

}  // namespace rankwright
