// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What happens to a text before it is split: Unicode normal forms, case, accents, replaced and prepended characters.
// Every byte of the changed text remembers which bytes of the source it stands for, by the rules of Hugging Face's
// tokenizers, so that offsets agree with theirs.
#pragma once

#include "training/formats/regex_splitter.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rankwright {

class CharacterMap;
class PieceTrie;

// One character of a changed text: `change` is 0 where it takes the place of the next character, -n where n more
// characters after that one vanish, positive where it is new and takes the place of none.
struct TextChange
{
    char32_t code = 0;
    int32_t change = 0;
};

class AlignedText
{
public:
    // A text as it is; `origin` is added to all positions of the source. The view must outlive this.
    AlignedText(std::string_view source, size_t origin)
        : m_view(source), m_origin(origin), m_sourceBytes(source.size())
    {
    }
    [[nodiscard]] std::string_view text() const { return m_changed ? std::string_view(m_text) : m_view; }
    // The bytes of the source that the bytes [begin, end) of the text come from, whole characters.
    [[nodiscard]] std::pair<size_t, size_t> source(size_t begin, size_t end) const
    {
        if (begin >= end)
            return {m_origin, m_origin};
        return {positionOf(begin).first, positionOf(end - 1).second};
    }
    // Where in the source this text, or the part that it was cut from, begins.
    [[nodiscard]] size_t origin() const { return m_origin; }
    // A part of the text, at character boundaries; a part of an unchanged text is a view, too.
    [[nodiscard]] AlignedText slice(size_t begin, size_t end) const;
    // Replaces the text by `changes`, in order, after leaving out its first `removed` characters.
    void transform(std::span<const TextChange> changes, size_t removed = 0);
    // Replaces the text; `positions` has the source of each byte.
    void change(std::string text, std::vector<std::pair<uint32_t, uint32_t>> positions);
    // Replaces the text by one whose characters are as long as those that they stand for.
    void changeInPlace(std::string text);
    // Throws Error{limit} for more bytes than 64 times those of the source and 4096: steps that each make a text longer
    // would multiply. change() and transform() ask, too; ask before and while a text is built.
    void requireRoom(size_t bytes) const;
    // The source of one byte.
    [[nodiscard]] std::pair<uint32_t, uint32_t> positionOf(size_t byte) const
    {
        if (!m_positions.empty())
            return m_positions[byte];
        if (static_cast<unsigned char>(m_view[byte]) >= 0x80)
            return longPositionOf(byte);
        return {static_cast<uint32_t>(m_origin + byte), static_cast<uint32_t>(m_origin + byte + 1)};
    }

private:
    [[nodiscard]] std::pair<uint32_t, uint32_t> longPositionOf(size_t byte) const;
    std::string_view m_view;   // the source, as long as no position changed
    size_t m_origin = 0;
    size_t m_sourceBytes = 0;
    bool m_changed = false;
    std::string m_text;
    std::vector<std::pair<uint32_t, uint32_t>> m_positions;  // by byte of m_text; empty as long as they are the source's
};

struct NormalizerStep
{
    enum class Kind {
        nfc, nfd, nfkc, nfkd,
        lowercase,
        stripAccents,    // marks of all kinds
        stripMarks,      // nonspacing marks, after decomposing (BERT)
        replace,         // each `from`, or match of `regex`, by `to`
        prepend,         // `to` before a text that is not empty
        stripLeft, stripRight,
        wellFormed,      // ill-formed UTF-8 by U+FFFD
        cleanText,       // BERT: no control characters, a space for any white space
        spaceChinese,    // BERT: spaces around each ideograph
        nmt,             // as SentencePiece's nmt_*: control characters go, odd spaces become plain ones
        characterMap,    // `map`, as Hugging Face's tokenizers apply it
        sentencePiece,   // `map` and the handling of spaces, as SentencePiece does both at once
        byteLevel,       // each byte by its letter in byte-level BPE's alphabet
    };
    Kind kind = Kind::nfc;
    std::string from = {}, to = {};
    bool onlyAtStart = false;    // prepend: only where the text begins at the source's first byte
    bool unlessThere = false;    // prepend: not where the text begins with `to` already
    std::shared_ptr<const RegexSplitter> regex = {};
    std::shared_ptr<const CharacterMap> map = {};
    // sentencePiece:
    std::shared_ptr<const PieceTrie> kept = {};  // pieces that no map changes
    bool removeExtraSpaces = false, addPrefix = false;
};

// Throws Error{limit} where the steps make the text more than 64 times as long.
void applyNormalizer(const std::vector<NormalizerStep>& steps, AlignedText& text);

}  // namespace rankwright
