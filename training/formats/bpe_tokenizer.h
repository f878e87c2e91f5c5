// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the kinds of BPE tokenizers share: added tokens, normaliser, splitting into pieces, a cache of pieces seen, and
// the way back from token positions to the text.
#pragma once

#include "training/formats/added_tokens.h"
#include "training/formats/bpe_merge.h"
#include "training/formats/pre_tokenizer.h"

#include <mutex>

namespace rankwright {

// Pieces by id and ids by piece, each as the merging sees it: bytes for byte-level BPE, text with U+2581 otherwise.
struct Vocabulary
{
    Vocabulary() = default;
    Vocabulary(Vocabulary&&) = default;  // moved, never copied: `ids` views `pieces`
    Vocabulary& operator=(Vocabulary&&) = default;
    std::vector<std::string> pieces;                       // empty where an id has none
    std::unordered_map<std::string_view, int32_t> ids;     // without the pieces that text never becomes by merging
    [[nodiscard]] int32_t idOf(std::string_view piece) const;
};

// Adds the merge of rank `rank`. Throws Error{format} naming it where one of the three pieces is not in the vocabulary.
void addMerge(MergeTable& table, const Vocabulary& vocabulary, std::string_view left, std::string_view right,
    uint32_t rank, const std::filesystem::path& file);

struct BpeParts
{
    std::filesystem::path file;
    Vocabulary vocabulary;
    AddedTokens added;
    std::vector<NormalizerStep> normalizer;
    PreTokenizer preTokenizer;
    std::vector<int32_t> before, after;   // what `addSpecial` adds
    int32_t bos = -1, eos = -1;
    int32_t unknown = -1;                 // for a character that the vocabulary lacks; -1: such characters vanish
    bool fuseUnknown = false;             // neighbouring unknown characters are one token
    bool ignoreMerges = false;            // a piece that is in the vocabulary as a whole is not merged
};

// A token of a piece, with its byte range in it.
struct PieceToken
{
    int32_t id = -1;
    uint32_t begin = 0, end = 0;
};

class BpeTokenizer : public Tokenizer
{
public:
    explicit BpeTokenizer(BpeParts parts);
    [[nodiscard]] Encoding encode(std::string_view text, bool addSpecial, SpecialText special) const override;
    [[nodiscard]] int64_t size() const override { return static_cast<int64_t>(m_parts.vocabulary.pieces.size()); }
    [[nodiscard]] int32_t idOf(std::string_view content) const override;
    [[nodiscard]] bool isSpecial(int32_t id) const override;
    [[nodiscard]] int64_t specialOccurrences(std::string_view text) const override;

protected:
    // The tokens of one piece, without special handling; appends to `tokens`.
    virtual void merge(std::string_view piece, std::vector<PieceToken>& tokens) const = 0;
    [[nodiscard]] const BpeParts& parts() const { return m_parts; }
    // The piece of an id, empty for one outside the vocabulary.
    [[nodiscard]] std::string_view pieceOf(int32_t id) const;

private:
    struct PieceHash
    {
        using is_transparent = void;
        size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
    };
    using PieceCache = std::unordered_map<std::string, std::vector<PieceToken>, PieceHash, std::equal_to<>>;
    void encodeText(const AlignedText& text, PieceCache& cache, Encoding& encoding) const;
    void encodePiece(const AlignedText& text, TextRange range, PieceCache& cache, Encoding& encoding) const;

    BpeParts m_parts;
    mutable std::mutex m_cacheMutex;
    mutable PieceCache m_cache;  // guarded by m_cacheMutex; a call that finds it taken uses one of its own
};

}  // namespace rankwright
