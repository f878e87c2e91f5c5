// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Byte-level BPE (GPT-2, Llama 3, Qwen, SmolLM, RoBERTa): merges over the bytes of each piece.
#pragma once

#include "training/formats/bpe_merge.h"
#include "training/formats/token_model.h"

#include <filesystem>
#include <span>

namespace rankwright {

struct BpeSettings
{
    int32_t unknown = -1;       // for a character or byte that the vocabulary lacks; -1: such vanish
    bool fuseUnknown = false;   // neighbouring unknown characters are one token
    bool ignoreMerges = false;  // a piece that is in the vocabulary as a whole is not merged
};

// Adds the merge of rank `rank`. Throws Error{format} naming it where one of the three pieces is not in the vocabulary.
void addMerge(MergeTable& table, const Vocabulary& vocabulary, std::string_view left, std::string_view right,
    uint32_t rank, const std::filesystem::path& file);

class ByteBpe final : public TokenModel
{
public:
    // The vocabulary holds bytes, not the files' spelling.
    ByteBpe(Vocabulary vocabulary, MergeTable merges, BpeSettings settings);
    void tokenize(std::string_view piece, std::vector<PieceToken>& tokens) const override;
    [[nodiscard]] std::string_view kind() const override { return "byte-level BPE"; }

private:
    // Writes the symbols of the piece's bytes, at most one each; returns how many.
    size_t addSymbols(std::string_view piece, BpeSymbol* to) const;
    void emit(std::span<const BpeSymbol> symbols, std::vector<PieceToken>& tokens) const;
    Vocabulary m_vocabulary;
    MergeTable m_merges;
    BpeSettings m_settings;
    std::array<int32_t, 256> m_byteIds{};
};

}  // namespace rankwright
