// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/mapped_text.h"

#include "training/api/error.h"
#include "training/formats/piece_trie.h"
#include "training/formats/token_model.h"
#include "training/formats/unicode.h"
#include "training/formats/unicode_versions.h"

#include <unicode/brkiter.h>
#include <unicode/uchar.h>
#include <unicode/utext.h>

#include <algorithm>

namespace rankwright {
namespace {

constexpr size_t kGraphemeBytes = 6;  // longer graphemes go character by character

// Whether a mark that ICU does not know goes with the character before it (rules GB4 and GB9).
bool joinsBefore(std::string_view text, size_t at)
{
    if (at >= text.size() || kindOfLater(utf8At(text, at).code) != LaterKind::mark)
        return false;
    const auto before = static_cast<UChar32>(utf8At(text, characterStart(text, at - 1)).code);
    const int32_t kind = u_getIntPropertyValue(before, UCHAR_GRAPHEME_CLUSTER_BREAK);
    return kind != U_GCB_CONTROL && kind != U_GCB_CR && kind != U_GCB_LF;
}

}  // namespace

void addGraphemeEnds(std::string_view text, size_t begin, size_t end, std::vector<size_t>& ends)
{
    UErrorCode status = U_ZERO_ERROR;
    thread_local std::unique_ptr<icu::BreakIterator> iterator;
    if (!iterator)
        iterator.reset(icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(), status));
    const icu::LocalUTextPointer view(
        utext_openUTF8(nullptr, text.data() + begin, static_cast<int64_t>(end - begin), &status));
    if (iterator && U_SUCCESS(status))
        iterator->setText(view.getAlias(), status);
    if (!iterator || U_FAILURE(status))
        throw Error(ErrorParts{.code = Code::internal,
            .place = "graphemes of a text",
            .found = u_errorName(status),
            .advice = "Check that the ICU library is installed completely."});
    for (int32_t at = iterator->next(); at != icu::BreakIterator::DONE; at = iterator->next())
        if (!joinsBefore(text, begin + static_cast<size_t>(at)))
            ends.push_back(begin + static_cast<size_t>(at));
}

// Where graphemes end. Between two ASCII characters one always does, but for CR LF: ICU is asked only about what is not
// ASCII, with the character before and the one behind.
std::vector<size_t> graphemeEnds(std::string_view text)
{
    const auto endsBetween = [text](size_t at) {  // both characters at `at` are ASCII
        const bool ascii = ((static_cast<unsigned char>(text[at - 1]) | static_cast<unsigned char>(text[at])) & 0x80) == 0;
        return ascii && (text[at - 1] != '\r' || text[at] != '\n');
    };
    std::vector<size_t> ends;
    ends.reserve(text.size());
    for (size_t begin = 0; begin < text.size();) {
        size_t end = begin + 1;
        while (end < text.size() && !endsBetween(end))
            ++end;
        if (isAscii(text.substr(begin, end - begin)))  // one character, or CR LF
            ends.push_back(end);
        else
            addGraphemeEnds(text, begin, end, ends);
        begin = end;
    }
    return ends;
}

namespace {

size_t charactersIn(std::string_view text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.size(); at += utf8At(text, at).length)
        ++count;
    return count;
}

// `replacement` in the place of `count` characters: as many of its characters as there were take their places, more
// are new, and characters that have nobody in their place vanish after the last one.
void addReplacement(std::string_view replacement, size_t count, std::vector<TextChange>& changes)
{
    size_t added = 0;
    for (size_t at = 0; at < replacement.size(); ++added) {
        const auto character = utf8At(replacement, at);
        changes.push_back({character.code, added < count ? 0 : 1});
        at += character.length;
    }
    if (added < count && !changes.empty())
        changes.back().change -= static_cast<int32_t>(count - added);
}

// The usual case: a text in ASCII that the map leaves alone or where it makes a space of a line break. False, with nothing
// done, for any other.
bool mapAscii(const CharacterMap& map, AlignedText& aligned)
{
    const std::string_view text = aligned.text();
    if (!isAscii(text) || text.find("\r\n") != std::string_view::npos)
        return false;
    std::string after;
    for (size_t at = 0; at < text.size(); ++at) {
        if (!map.begins(static_cast<unsigned char>(text[at])))
            continue;
        const auto match = map.shortest(text.substr(at, 1));
        if (!match)
            continue;
        if (match->replacement.size() != 1)
            return false;
        if (after.empty())
            after = text;
        after[at] = match->replacement[0];
    }
    if (!after.empty())
        aligned.changeInPlace(std::move(after));
    return true;
}

}  // namespace

void applyCharacterMap(const CharacterMap& map, AlignedText& aligned)
{
    if (mapAscii(map, aligned))
        return;
    const std::string_view text = aligned.text();
    std::vector<TextChange> changes;
    changes.reserve(text.size());
    bool changed = false;
    size_t begin = 0;
    for (const size_t end : graphemeEnds(text)) {
        aligned.requireRoom(changes.size());
        const std::string_view grapheme = text.substr(begin, end - begin);
        begin = end;
        const auto whole = grapheme.size() < kGraphemeBytes ? map.shortest(grapheme) : std::nullopt;
        if (whole) {
            addReplacement(whole->replacement, charactersIn(grapheme), changes);
            changed = true;
            continue;
        }
        for (size_t at = 0; at < grapheme.size();) {
            const auto [code, length] = codeOrByteAt(grapheme, at);
            if (const auto part = map.shortest(grapheme.substr(at, length))) {
                addReplacement(part->replacement, 1, changes);
                changed = true;
            } else {
                changes.push_back({code, 0});
            }
            at += length;
        }
    }
    if (changed)
        aligned.transform(changes);
}

namespace {

// SentencePiece's loop: what the next characters become, with one space for several and none at the ends.
class SpacedText
{
public:
    SpacedText(const NormalizerStep& step, const AlignedText& aligned)
        : m_step(step), m_aligned(aligned), m_before(aligned.text())
    {
    }
    void run()
    {
        if (m_step.removeExtraSpaces)
            skipFirstSpaces();
        if (m_at == m_before.size())
            return;
        m_after.reserve(m_before.size() + m_before.size() / 2);  // a space becomes three bytes
        m_positions.reserve(m_before.size() + m_before.size() / 2);
        if (m_step.addPrefix)
            addMark(m_aligned.positionOf(m_at));
        bool afterSpace = m_step.removeExtraSpaces;
        while (m_at < m_before.size()) {
            if (addPlainRun()) {
                afterSpace = false;
                continue;
            }
            auto [length, becomes] = next();
            while (afterSpace && becomes.starts_with(' '))
                becomes.remove_prefix(1);
            const std::pair range{
                m_aligned.positionOf(m_at).first, m_aligned.positionOf(m_at + length - 1).second};
            m_aligned.requireRoom(m_after.size() + becomes.size());
            for (const char c : becomes)
                add(c, range);
            if (!becomes.empty())
                afterSpace = m_step.removeExtraSpaces && becomes.ends_with(' ');
            m_at += length;
        }
        while (m_step.removeExtraSpaces && m_after.ends_with(kSpaceMark))
            m_after.resize(m_after.size() - kSpaceMark.size());
        m_positions.resize(m_after.size());
    }
    void store(AlignedText& aligned) { aligned.change(std::move(m_after), std::move(m_positions)); }

private:
    // The length of what is looked at next, and what it becomes.
    [[nodiscard]] std::pair<size_t, std::string_view> next() const
    {
        const std::string_view rest = m_before.substr(m_at);
        if (const size_t kept = m_step.kept ? m_step.kept->longest(rest).first : 0; kept > 0)
            return {kept, rest.substr(0, kept)};
        if (const auto match = m_step.map ? m_step.map->longest(rest) : std::nullopt)
            return {match->length, match->replacement};
        const size_t length = codeOrByteAt(m_before, m_at).second;
        return {length, rest.substr(0, length)};
    }
    // Whether what begins with this byte stays as it is: ASCII that neither the map nor a kept piece begins with. Most of a
    // text: three times as fast as asking both for each character.
    [[nodiscard]] bool isPlain(char c) const
    {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x80 && c != ' ' && !(m_step.map && m_step.map->begins(byte))
            && !(m_step.kept && m_step.kept->begins(byte));
    }
    bool addPlainRun()
    {
        const size_t begin = m_at;
        while (m_at < m_before.size() && isPlain(m_before[m_at])) {
            m_positions.push_back(m_aligned.positionOf(m_at));
            ++m_at;
        }
        m_after.append(m_before.substr(begin, m_at - begin));
        m_aligned.requireRoom(m_after.size());
        return m_at > begin;
    }
    void skipFirstSpaces()
    {
        while (m_at < m_before.size()) {
            const auto [length, becomes] = next();
            if (becomes != " ")
                return;
            m_at += length;
        }
    }
    void addMark(std::pair<uint32_t, uint32_t> range)
    {
        m_after += kSpaceMark;
        m_positions.resize(m_after.size(), range);
    }
    void add(char c, std::pair<uint32_t, uint32_t> range)
    {
        if (c == ' ')
            return addMark(range);
        m_after += c;
        m_positions.push_back(range);
    }

    const NormalizerStep& m_step;
    const AlignedText& m_aligned;
    std::string_view m_before;
    size_t m_at = 0;
    std::string m_after;
    std::vector<std::pair<uint32_t, uint32_t>> m_positions;
};

}  // namespace

void applySentencePiece(const NormalizerStep& step, AlignedText& aligned)
{
    SpacedText text(step, aligned);
    text.run();
    text.store(aligned);
}

}  // namespace rankwright
