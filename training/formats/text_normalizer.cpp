// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/text_normalizer.h"

#include "training/api/error.h"
#include "training/formats/byte_alphabet.h"
#include "training/formats/limits.h"
#include "training/formats/mapped_text.h"
#include "training/formats/normal_forms.h"
#include "training/formats/unicode.h"

#include <algorithm>
#include <optional>

namespace rankwright {
namespace {

using Kind = NormalizerStep::Kind;

constexpr std::string_view kDottedI = "\xC4\xB0";  // U+0130, whose lower case alone has two characters

uint32_t utf8Length(char32_t code)
{
    return code < 0x80 || code >= kRawByte ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

using Positions = std::vector<std::pair<uint32_t, uint32_t>>;

Positions positionsUpTo(const AlignedText& aligned, size_t end, size_t expected)
{
    Positions positions;
    positions.reserve(expected);
    for (size_t i = 0; i < end; ++i)
        positions.push_back(aligned.positionOf(i));
    return positions;
}

// Each character by what `map` makes of it: itself, another one, or nothing (it vanishes). Where nothing changes, the
// text stays as it is; where only characters of the same length come in, the positions do.
template<class Map>
void mapCharacters(AlignedText& aligned, const Map& map)
{
    const std::string_view before = aligned.text();
    std::string after;
    Positions positions;
    bool changed = false, moved = false;
    for (size_t at = 0; at < before.size();) {
        const auto [code, length] = codeOrByteAt(before, at);
        const std::optional<char32_t> to = map(code);
        if (!changed && to != code) {
            changed = true;
            after = before;
        }
        if (changed && !moved && (!to || utf8Length(*to) != length)) {
            moved = true;
            after.resize(at);
            positions = positionsUpTo(aligned, at, before.size());
        }
        if (moved && to) {
            appendUtf8(after, *to);
            positions.resize(after.size(), aligned.positionOf(at));
        } else if (changed && !moved && to != code) {
            overwriteUtf8(after, at, *to);
        }
        at += length;
    }
    if (moved)
        aligned.change(std::move(after), std::move(positions));
    else if (changed)
        aligned.changeInPlace(std::move(after));
}

template<class Drops>
void dropCharacters(AlignedText& aligned, const Drops& drops)
{
    if (isAscii(aligned.text()))  // no mark is
        return;
    mapCharacters(aligned, [&drops](char32_t code) { return drops(code) ? std::nullopt : std::optional(code); });
}

void applyNormalForm(NormalForm form, AlignedText& aligned)
{
    if (!isAscii(aligned.text()) && !isNormalized(form, aligned.text()))
        aligned.transform(normalFormChanges(form, aligned.text()));
}

void makeLowercase(AlignedText& aligned)
{
    const std::string_view text = aligned.text();
    if (text.find(kDottedI) == std::string_view::npos)
        return mapCharacters(aligned, [](char32_t code) { return std::optional(lowercase(code).first); });
    std::vector<TextChange> changes;
    bool changed = false;
    for (size_t at = 0; at < text.size();) {
        const auto [code, length] = codeOrByteAt(text, at);
        const auto [lower, second] = lowercase(code);
        changes.push_back({lower, 0});
        if (second != 0)
            changes.push_back({second, 1});
        changed = changed || lower != code;
        at += length;
    }
    if (changed)
        aligned.transform(changes);
}

std::vector<TextRange> matchesOf(const NormalizerStep& step, std::string_view text)
{
    if (step.regex) {
        const TextRange all{0, text.size()};
        return step.regex->matches(text, std::span(&all, 1));
    }
    std::vector<TextRange> found;
    for (size_t hit = step.from.empty() ? std::string_view::npos : text.find(step.from); hit != std::string_view::npos;
         hit = text.find(step.from, hit + step.from.size()))
        found.push_back({hit, hit + step.from.size()});
    return found;
}

// What comes in for a match stands for the match's last character.
void replaceAll(const NormalizerStep& step, AlignedText& aligned)
{
    const std::string_view before = aligned.text();
    const std::vector<TextRange> matches = matchesOf(step, before);
    if (matches.empty())
        return;
    size_t kept = before.size();
    for (const TextRange match : matches)
        kept -= match.end - match.begin;
    aligned.requireRoom(kept + matches.size() * step.to.size());
    std::string after;
    Positions positions;
    after.reserve(kept + matches.size() * step.to.size());
    positions.reserve(kept + matches.size() * step.to.size());
    size_t done = 0;
    const auto copyUpTo = [&](size_t end) {
        after.append(before.substr(done, end - done));
        for (; done < end; ++done)
            positions.push_back(aligned.positionOf(done));
    };
    for (const TextRange match : matches) {
        copyUpTo(match.begin);
        after += step.to;
        positions.resize(after.size(), aligned.positionOf(match.end - 1));
        done = match.end;
    }
    copyUpTo(before.size());
    aligned.change(std::move(after), std::move(positions));
}

void prepend(const NormalizerStep& step, AlignedText& aligned)
{
    const std::string_view before = aligned.text();
    if (before.empty() || step.to.empty() || (step.onlyAtStart && aligned.origin() != 0)
        || (step.unlessThere && before.starts_with(step.to)))
        return;
    aligned.requireRoom(before.size() + step.to.size());
    Positions positions;
    positions.reserve(before.size() + step.to.size());
    positions.assign(step.to.size(), aligned.positionOf(0));
    for (size_t i = 0; i < before.size(); ++i)
        positions.push_back(aligned.positionOf(i));
    aligned.change(step.to + std::string(before), std::move(positions));
}

void strip(bool left, AlignedText& aligned)
{
    const std::string_view text = aligned.text();
    size_t begin = 0, end = text.size();
    while (left && begin < end && isWhitespace(utf8At(text, begin).code))
        begin += utf8At(text, begin).length;
    while (!left && end > begin && isWhitespace(utf8At(text, characterStart(text, end - 1)).code))
        end = characterStart(text, end - 1);
    if (begin == 0 && end == text.size())
        return;
    std::vector<std::pair<uint32_t, uint32_t>> positions;
    for (size_t i = begin; i < end; ++i)
        positions.push_back(aligned.positionOf(i));
    aligned.change(std::string(text.substr(begin, end - begin)), std::move(positions));
}

void makeWellFormed(AlignedText& aligned)
{
    const std::string_view before = aligned.text();
    if (firstIllFormedUtf8(before) == std::string_view::npos)
        return;
    std::string after;
    std::vector<std::pair<uint32_t, uint32_t>> positions;
    for (size_t at = 0; at < before.size();) {
        const auto character = utf8At(before, at);
        appendUtf8(after, character.code);
        const std::pair range{aligned.positionOf(at).first, aligned.positionOf(at + character.length - 1).second};
        positions.resize(after.size(), range);
        at += character.length;
    }
    aligned.change(std::move(after), std::move(positions));
}

void spaceIdeographs(AlignedText& aligned)
{
    const std::string_view text = aligned.text();
    if (isAscii(text))
        return;
    std::vector<TextChange> changes;
    bool changed = false;
    for (size_t at = 0; at < text.size();) {
        const auto [code, length] = codeOrByteAt(text, at);
        if (isBertIdeograph(code)) {
            changes.insert(changes.end(), {{' ', 0}, {code, 1}, {' ', 1}});
            changed = true;
        } else {
            changes.push_back({code, 0});
        }
        at += length;
    }
    if (changed)
        aligned.transform(changes);
}

std::optional<char32_t> cleaned(char32_t code)
{
    if (code == 0 || code == 0xFFFD || isBertControl(code))
        return {};
    return isWhitespace(code) ? U' ' : code;
}

// The rules of SentencePiece's nmt_nfkc for characters that are not text.
std::optional<char32_t> cleanedForTranslation(char32_t code)
{
    const auto in = [code](char32_t first, char32_t last) { return code >= first && code <= last; };
    if (in(1, 8) || code == 0xB || in(0xE, 0x1F) || code == 0x7F || code == 0x8F || code == 0x9F)
        return {};
    const bool space = code == 9 || code == 0xA || code == 0xC || code == 0xD || code == 0x1680
        || in(0x200B, 0x200F) || code == 0x2028 || code == 0x2029 || code == 0x2581 || code == 0xFEFF
        || code == 0xFFFD;
    return space ? U' ' : code;
}

void spellBytes(AlignedText& aligned)
{
    const std::string_view before = aligned.text();
    std::string after;
    Positions positions;
    for (size_t i = 0; i < before.size(); ++i) {
        appendUtf8(after, spelledByte(static_cast<unsigned char>(before[i])));
        positions.resize(after.size(), aligned.positionOf(i));
    }
    aligned.change(std::move(after), std::move(positions));
}

void applyStep(const NormalizerStep& step, AlignedText& text)
{
    switch (step.kind) {
    case Kind::nfc:
        return applyNormalForm(NormalForm::nfc, text);
    case Kind::nfd:
        return applyNormalForm(NormalForm::nfd, text);
    case Kind::nfkc:
        return applyNormalForm(NormalForm::nfkc, text);
    case Kind::nfkd:
        return applyNormalForm(NormalForm::nfkd, text);
    case Kind::lowercase:
        return makeLowercase(text);
    case Kind::stripAccents:
        return dropCharacters(text, isAccent);
    case Kind::stripMarks:
        applyNormalForm(NormalForm::nfd, text);
        return dropCharacters(text, isBertMark);
    case Kind::replace:
        return replaceAll(step, text);
    case Kind::prepend:
        return prepend(step, text);
    case Kind::stripLeft:
    case Kind::stripRight:
        return strip(step.kind == Kind::stripLeft, text);
    case Kind::wellFormed:
        return makeWellFormed(text);
    case Kind::cleanText:
        return mapCharacters(text, cleaned);
    case Kind::spaceChinese:
        return spaceIdeographs(text);
    case Kind::nmt:
        return mapCharacters(text, cleanedForTranslation);
    case Kind::characterMap:
        return applyCharacterMap(*step.map, text);
    case Kind::sentencePiece:
        return applySentencePiece(step, text);
    case Kind::byteLevel:
        return spellBytes(text);
    }
}

}  // namespace

std::pair<uint32_t, uint32_t> AlignedText::longPositionOf(size_t byte) const
{
    const size_t start = characterStart(m_view, byte);
    return {static_cast<uint32_t>(m_origin + start),
        static_cast<uint32_t>(m_origin + std::min<size_t>(start + utf8At(m_view, start).length, m_view.size()))};
}

AlignedText AlignedText::slice(size_t begin, size_t end) const
{
    if (m_positions.empty() && !m_view.empty()) {
        AlignedText part(m_view.substr(begin, end - begin), m_origin + begin);
        part.m_changed = m_changed;
        if (m_changed)
            part.m_text = m_text.substr(begin, end - begin);
        return part;
    }
    AlignedText part({}, source(begin, end).first);
    part.m_changed = true;
    const auto [first, last] = source(begin, end);
    part.m_sourceBytes = last - first;
    part.m_text = m_text.substr(begin, end - begin);
    part.m_positions.assign(m_positions.begin() + static_cast<ptrdiff_t>(begin),
        m_positions.begin() + static_cast<ptrdiff_t>(end));
    return part;
}

void AlignedText::requireRoom(size_t bytes) const
{
    if (bytes > limits::kGrowthBytes + limits::kGrowth * m_sourceBytes)
        throw Error(ErrorParts{.code = Code::limit,
            .place = "the tokenizer's normalizer",
            .found = "steps that make the text more than 64 times as long",
            .allowed = "at most 64 times",
            .advice = "Get the tokenizer's original file."});
}

void AlignedText::change(std::string text, std::vector<std::pair<uint32_t, uint32_t>> positions)
{
    requireRoom(text.size());
    m_text = std::move(text);
    m_positions = std::move(positions);
    m_changed = true;
    m_view = {};
}

void AlignedText::changeInPlace(std::string text)
{
    m_text = std::move(text);
    m_changed = true;
}

void AlignedText::transform(std::span<const TextChange> changes, size_t removed)
{
    const std::string_view before = text();
    size_t offset = 0;
    const auto skip = [&] {
        if (offset < before.size())
            offset += codeOrByteAt(before, offset).second;
    };
    for (; removed > 0; --removed)
        skip();
    std::string after;
    std::vector<std::pair<uint32_t, uint32_t>> positions;
    after.reserve(before.size());
    positions.reserve(before.size());
    requireRoom(changes.size());
    const auto start = static_cast<uint32_t>(m_origin);
    const std::pair<uint32_t, uint32_t> last = before.empty() ? std::pair{start, start} : positionOf(before.size() - 1);
    for (const TextChange& change : changes) {
        appendUtf8(after, change.code);
        if (change.change > 0) {  // shares the place of what comes before it
            positions.resize(after.size(), offset == 0 ? std::pair{start, start} : positionOf(offset - 1));
            continue;
        }
        positions.resize(after.size(), offset < before.size() ? positionOf(offset) : last);
        for (int32_t taken = 0; taken <= -change.change; ++taken)
            skip();
    }
    this->change(std::move(after), std::move(positions));
}

void applyNormalizer(const std::vector<NormalizerStep>& steps, AlignedText& text)
{
    for (const NormalizerStep& step : steps)
        applyStep(step, text);
}

}  // namespace rankwright
