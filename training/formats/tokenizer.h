// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Text to token ids and back. Kinds: byte-level BPE (tokenizer.json, vocab.json with merges.txt, GGUF "gpt2"),
// SentencePiece BPE and Unigram (tokenizer.json, tokenizer.model, GGUF "llama" and "t5"), WordPiece (tokenizer.json,
// vocab.txt, GGUF "bert").
#pragma once

#include "training/formats/gguf.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rankwright {

struct Encoding
{
    std::vector<int32_t> ids;
    std::vector<std::pair<size_t, size_t>> offsets;  // byte range in its text of each id; empty where not kept
    std::vector<int32_t> types;  // token_type_ids; empty: all 0
    std::optional<size_t> second;  // of a pair: where the second text's tokens begin
};

enum class SpecialText {
    encodeAsText,     // "<|im_end|>" in a user's text is text: the default for data
    recognise,        // special tokens' contents become their ids: for rendered chat templates
};

class Tokenizer
{
public:
    virtual ~Tokenizer() = default;
    // `addSpecial` adds what the model's post-processor adds (BOS and so on). Throws Error{data} for a piece that a
    // foreign pattern cannot split in time.
    [[nodiscard]] virtual Encoding encode(std::string_view text, bool addSpecial,
        SpecialText special = SpecialText::encodeAsText) const = 0;
    // Two texts as a model that compares sentences reads them.
    [[nodiscard]] virtual Encoding encodePair(std::string_view text, std::string_view pair, bool addSpecial,
        SpecialText special = SpecialText::encodeAsText) const = 0;
    // The offsets as the file's post-processor reports them: where it says trim_offsets, without the white space that
    // byte-level BPE has at the ends of tokens.
    [[nodiscard]] virtual std::vector<std::pair<size_t, size_t>> shownOffsets(
        const Encoding& encoding, std::string_view text, std::string_view pair = {}) const = 0;
    // Bytes that are not UTF-8 become U+FFFD. Special tokens are left out where `skipSpecial`.
    [[nodiscard]] virtual std::string decode(const std::vector<int32_t>& ids, bool skipSpecial = false) const = 0;
    // The bytes one id stands for inside a text (for showing tokens and for streaming).
    [[nodiscard]] virtual std::string piece(int32_t id) const = 0;
    [[nodiscard]] virtual int64_t size() const = 0;
    [[nodiscard]] virtual int32_t idOf(std::string_view content) const = 0;  // -1 where there is none
    [[nodiscard]] virtual bool isSpecial(int32_t id) const = 0;
    // "byte-level BPE" | "SentencePiece BPE" | "Unigram" | "WordPiece"
    [[nodiscard]] virtual std::string_view kind() const = 0;
    [[nodiscard]] int32_t bos() const { return m_bos; }        // -1 where there is none
    [[nodiscard]] int32_t eos() const { return m_eos; }
    // How many special tokens' contents occur in `text` (shown as a warning in data previews).
    [[nodiscard]] virtual int64_t specialOccurrences(std::string_view text) const = 0;

protected:
    int32_t m_bos = -1, m_eos = -1;
};

// Opens tokenizer.json, else a SentencePiece model (tokenizer.model, spm.model, spiece.model,
// sentencepiece.bpe.model), else vocab.txt or vocab.json with merges.txt, of a folder (tokenizer_config.json and
// config.json say bos, eos and add_bos_token); or a file of these kinds. Throws Error{missing} where there is none.
std::unique_ptr<Tokenizer> openTokenizer(const std::filesystem::path& folderOrFile);
std::unique_ptr<Tokenizer> tokenizerFromGguf(const GgufFile& file);
// Whether `path` is a folder with a tokenizer's files in it.
bool hasTokenizerFiles(const std::filesystem::path& folder);
// A model folder or .gguf file, whichever `path` is.
std::unique_ptr<Tokenizer> openModelTokenizer(const std::filesystem::path& path);

}  // namespace rankwright
