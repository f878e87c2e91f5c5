// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The way every kind of tokenizer goes: added tokens, normaliser, pre-tokenizers, the model piece by piece (with a
// cache of pieces seen), the post-processor; and back through the decoder. Many threads may use one.
#pragma once

#include "training/formats/added_tokens.h"
#include "training/formats/piece_cache.h"
#include "training/formats/post_processor.h"
#include "training/formats/pre_tokenizer.h"
#include "training/formats/token_decoder.h"
#include "training/formats/token_model.h"

namespace rankwright {

struct TokenizerParts
{
    std::filesystem::path file;
    Vocabulary names;                     // every id's content as the files spell it
    AddedTokens added;
    std::vector<NormalizerStep> normalizer;
    std::vector<PreTokenizer> preTokenizers;  // each cuts the pieces of the one before
    std::unique_ptr<TokenModel> model;
    PostProcessor post;
    std::unique_ptr<TokenDecoder> decoder;
    int32_t bos = -1, eos = -1;
};

// Fills `names` from the contents by id.
Vocabulary namesOf(std::vector<std::string> contents);

class TextTokenizer final : public Tokenizer
{
public:
    explicit TextTokenizer(TokenizerParts parts);
    [[nodiscard]] Encoding encode(std::string_view text, bool addSpecial, SpecialText special) const override;
    [[nodiscard]] Encoding encodePair(
        std::string_view text, std::string_view pair, bool addSpecial, SpecialText special) const override;
    [[nodiscard]] std::vector<std::pair<size_t, size_t>> shownOffsets(
        const Encoding& encoding, std::string_view text, std::string_view pair) const override;
    [[nodiscard]] std::string decode(const std::vector<int32_t>& ids, bool skipSpecial) const override;
    [[nodiscard]] std::string piece(int32_t id) const override;
    [[nodiscard]] int64_t size() const override { return static_cast<int64_t>(m_parts.names.pieces.size()); }
    [[nodiscard]] int32_t idOf(std::string_view content) const override;
    [[nodiscard]] bool isSpecial(int32_t id) const override;
    [[nodiscard]] std::string_view kind() const override { return m_parts.model->kind(); }
    [[nodiscard]] int64_t specialOccurrences(std::string_view text) const override;

private:
    [[nodiscard]] Encoding tokens(std::string_view text, SpecialText special) const;
    // Appends the tokens of a text as the normaliser and the pre-tokenizers before `stage` left it.
    void encodeText(const AlignedText& text, size_t stage, PieceCache& cache, Encoding& encoding) const;
    // The same for the pieces that a pre-tokenizer, or nothing, cut it into.
    void encodePieces(const AlignedText& text, const std::vector<TextRange>& pieces, size_t stage, PieceCache& cache,
        Encoding& encoding) const;
    // The tokens of one piece, with their ranges in it.
    void pieceTokens(std::string_view piece, size_t stage, PieceCache& cache, std::vector<PieceToken>& tokens) const;
    [[nodiscard]] NamedToken named(int32_t id) const;

    TokenizerParts m_parts;
    std::vector<bool> m_startMatters;  // by stage: a pre-tokenizer from there on asks whether the text begins there
    mutable PieceCaches m_caches;
};

}  // namespace rankwright
