// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// SentencePiece's BPE (Llama 2, Mistral): merges over characters with U+2581 for spaces, and bytes for characters that
// the vocabulary lacks. Merges go by the score of the joined piece (tokenizer.model, GGUF) or by rank (tokenizer.json).
#pragma once

#include "training/formats/bpe_tokenizer.h"
#include "training/formats/sentencepiece_model.h"

#include <optional>

namespace rankwright {

inline constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581

struct SentencePieceParts
{
    BpeParts bpe;
    std::optional<MergeTable> merges;      // by rank; without it `scores` decide
    std::vector<float> scores;             // by id
    std::vector<bool> unused;              // by id: pieces that merging passes through and never ends with
    std::array<int32_t, 256> byteIds = noBytes();
    bool stripFirstSpace = true;           // decoding takes away the space that encoding put first
    bool stripAllFirstSpaces = false;      // and all others before the first text
    std::string unknownText;               // what an unknown token is decoded to; empty: its content
    static std::array<int32_t, 256> noBytes();
};

// The value of a byte piece such as "<0x0A>"; -1 where the text is none.
int byteOfPiece(std::string_view piece);
// What SentencePiece does to a text without a character map: extra spaces removed and a space put before it (where
// asked), U+2581 for spaces.
std::vector<NormalizerStep> sentencePieceNormalizer(bool removeExtraSpaces, bool addSpacePrefix);

class SentencePieceBpe final : public BpeTokenizer
{
public:
    explicit SentencePieceBpe(SentencePieceParts parts);
    [[nodiscard]] std::string decode(const std::vector<int32_t>& ids, bool skipSpecial) const override;
    [[nodiscard]] std::string piece(int32_t id) const override;
    [[nodiscard]] std::string_view kind() const override { return "SentencePiece BPE"; }

protected:
    void merge(std::string_view piece, std::vector<PieceToken>& tokens) const override;

private:
    using Splits = std::unordered_map<uint64_t, uint32_t>;  // where an unused piece, by its range, was joined
    [[nodiscard]] std::optional<BpeMerge> mergeByScore(
        std::string_view piece, const BpeSymbol& left, const BpeSymbol& right, Splits& splits) const;
    void emit(std::string_view piece, const BpeSymbol& symbol, std::vector<PieceToken>& tokens) const;
    void emitUnused(std::string_view piece, const BpeSymbol& symbol, const Splits& splits,
        std::vector<PieceToken>& tokens) const;
    [[nodiscard]] int byteOf(int32_t id) const;

    std::optional<MergeTable> m_merges;
    std::vector<float> m_scores;
    std::vector<bool> m_unused;
    std::array<int32_t, 256> m_byteIds;
    std::unordered_map<int32_t, int> m_bytes;  // the way back
    size_t m_longestPiece = 0;
    bool m_stripFirstSpace, m_stripAllFirstSpaces;
    std::string m_unknownText;
};

// The tokenizer of a SentencePiece model (tokenizer.model, or the same facts from GGUF). `parts` brings the file, bos,
// eos and what is added around a text; `extra` are tokens from the files beside tokenizer.model. Throws
// Error{format} for a malformed byte piece or an id given twice, Error{unsupported} for Unigram models and character
// maps.
std::unique_ptr<Tokenizer> sentencePieceTokenizer(
    const SentencePieceModel& model, BpeParts parts, std::vector<AddedToken> extra);

}  // namespace rankwright
