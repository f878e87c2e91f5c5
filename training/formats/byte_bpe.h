// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Byte-level BPE (GPT-2, Llama 3, Qwen, SmolLM, RoBERTa): merges over the bytes of each piece.
#pragma once

#include "training/formats/bpe_tokenizer.h"

#include <optional>

namespace rankwright {

// Files spell a piece with one character for each byte: the 188 printable ones of Latin-1 stand for themselves, the
// other bytes in order for U+0100 and up (a space is U+0120). Nothing where a character is not of this alphabet.
std::optional<std::string> bytesFromAlphabet(std::string_view spelled);

class ByteBpeTokenizer final : public BpeTokenizer
{
public:
    // `parts.vocabulary` holds bytes, not the files' spelling.
    ByteBpeTokenizer(BpeParts parts, MergeTable merges);
    [[nodiscard]] std::string decode(const std::vector<int32_t>& ids, bool skipSpecial) const override;
    [[nodiscard]] std::string piece(int32_t id) const override;
    // `content` as the files spell it.
    [[nodiscard]] int32_t idOf(std::string_view content) const override;
    [[nodiscard]] std::string_view kind() const override { return "byte-level BPE"; }

protected:
    void merge(std::string_view piece, std::vector<PieceToken>& tokens) const override;

private:
    MergeTable m_merges;
    std::array<int32_t, 256> m_byteIds{};
};

}  // namespace rankwright
