// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What happens to a text before it is split: Unicode normal forms, replaced and prepended characters. Every byte of the
// changed text remembers where in the source it comes from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rankwright {

class AlignedText
{
public:
    // A text as it is; `origin` is added to all positions of the source. The view must outlive this.
    AlignedText(std::string_view source, size_t origin)
        : m_view(source), m_origin(origin)
    {
    }
    [[nodiscard]] std::string_view text() const { return m_changed ? std::string_view(m_text) : m_view; }
    // The bytes of the source that the bytes [begin, end) of the text come from, whole characters.
    [[nodiscard]] std::pair<size_t, size_t> source(size_t begin, size_t end) const;
    [[nodiscard]] size_t origin() const { return m_changed ? m_begins.front() : m_origin; }
    // A part of the text, at character boundaries; a part of an unchanged text is a view, too.
    [[nodiscard]] AlignedText slice(size_t begin, size_t end) const;
    // Replaces the text. `begins` has an entry for each byte and one for the end: the position in the text as it was
    // that the byte comes from; not descending, equal for the bytes of one character.
    void change(std::string text, std::vector<uint32_t> begins);

private:
    std::string_view m_view;
    size_t m_origin = 0;
    bool m_changed = false;
    std::string m_text;
    std::vector<size_t> m_begins;  // for a changed text: positions in the source
};

struct NormalizerStep
{
    enum class Kind {
        nfc, nfd, nfkc, nfkd,
        replace,      // each `from` by `to`
        prepend,      // `to` before a text that is not empty
        stripLeft, stripRight,
        collapseSpaces,  // none at the start and the end, one between words
        wellFormed,   // ill-formed UTF-8 by U+FFFD
    };
    Kind kind = Kind::nfc;
    std::string from = {}, to = {};
    bool onlyAtStart = false;    // prepend: only where the text begins at the source's first byte
    bool unlessThere = false;    // prepend: not where the text begins with `to` already
};

// Throws Error{limit} where a replacement makes the text more than 64 times as long.
void applyNormalizer(const std::vector<NormalizerStep>& steps, AlignedText& text);

}  // namespace rankwright
