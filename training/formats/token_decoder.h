// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// From tokens back to text.
#pragma once

#include "training/formats/regex_splitter.h"
#include "training/formats/token_model.h"

#include <memory>
#include <vector>

namespace rankwright {

struct NamedToken
{
    int32_t id = -1;
    std::string_view content;  // as the files spell it
    bool added = false;
};

class TokenDecoder
{
public:
    virtual ~TokenDecoder() = default;
    // Well-formed UTF-8.
    [[nodiscard]] virtual std::string decode(const std::vector<NamedToken>& tokens) const = 0;
    // What one token inside a text stands for; bytes, not always UTF-8.
    [[nodiscard]] virtual std::string piece(const NamedToken& token) const = 0;
};

// A step of Hugging Face's decoders.
struct DecoderStep
{
    enum class Kind {
        byteLevel,     // the bytes that letters of the byte alphabet stand for
        byteFallback,  // "<0x0A>" is a byte
        metaspace,     // `from` is a space, and nothing in the first token where `flag`
        replace,       // each `from` or match of `regex` by `to`
        strip,         // up to `start` times `from` at a token's start, `stop` times at its end
        fuse,          // one token of all
        wordPiece,     // `from` marks a token that continues a word; `flag`: spaces before punctuation vanish
        suffix,        // `from` ends a word
    };
    Kind kind = Kind::fuse;
    std::string from = {}, to = {};
    bool flag = false;
    int64_t start = 0, stop = 0;
    std::shared_ptr<const RegexSplitter> regex = {};
};

// Steps in order; with none, tokens are joined by spaces.
std::unique_ptr<TokenDecoder> chainDecoder(std::vector<DecoderStep> steps);

// SentencePiece's own rules (tokenizer.model, GGUF).
struct SentencePieceDecoding
{
    ByteTokens bytes;
    bool stripFirstSpace = true;           // takes away the space that encoding put first
    bool stripAllFirstSpaces = false;      // and all others before the first text
    int32_t unknown = -1;
    std::string unknownText;               // what the unknown token is decoded to; empty: its content
};
std::unique_ptr<TokenDecoder> sentencePieceDecoder(SentencePieceDecoding settings);

}  // namespace rankwright
