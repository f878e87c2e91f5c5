// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/text_normalizer.h"

#include "training/api/error.h"
#include "training/formats/unicode.h"

#include <unicode/bytestream.h>
#include <unicode/edits.h>
#include <unicode/normalizer2.h>

#include <algorithm>

namespace rankwright {
namespace {

using Kind = NormalizerStep::Kind;

// A text under construction with the position that each of its bytes comes from.
struct Builder
{
    std::string text;
    std::vector<uint32_t> begins;

    void add(std::string_view bytes, size_t from)
    {
        text.append(bytes);
        begins.insert(begins.end(), bytes.size(), static_cast<uint32_t>(from));
    }
    // Bytes [begin, end) of `source` as they are, character by character.
    void copy(std::string_view source, size_t begin, size_t end)
    {
        while (begin < end) {
            const size_t length = std::min<size_t>(utf8At(source, begin).length, end - begin);
            add(source.substr(begin, length), begin);
            begin += length;
        }
    }
    void finish(AlignedText& aligned, size_t sourceSize)
    {
        begins.push_back(static_cast<uint32_t>(sourceSize));
        aligned.change(std::move(text), std::move(begins));
    }
};

[[noreturn]] void throwIcu(const char* what)
{
    throw Error(ErrorParts{.code = Code::internal,
        .place = "Unicode normalisation",
        .found = what,
        .advice = "Check that the ICU library is installed completely."});
}

const icu::Normalizer2& normalForm(Kind kind)
{
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* form = nullptr;
    if (kind == Kind::nfc)
        form = icu::Normalizer2::getNFCInstance(status);
    else if (kind == Kind::nfd)
        form = icu::Normalizer2::getNFDInstance(status);
    else if (kind == Kind::nfkc)
        form = icu::Normalizer2::getNFKCInstance(status);
    else
        form = icu::Normalizer2::getNFKDInstance(status);
    if (form == nullptr || U_FAILURE(status))
        throwIcu(u_errorName(status));
    return *form;
}

void applyNormalForm(Kind kind, AlignedText& aligned)
{
    const icu::Normalizer2& form = normalForm(kind);
    const std::string_view before = aligned.text();
    const icu::StringPiece piece(before.data(), static_cast<int32_t>(before.size()));
    UErrorCode status = U_ZERO_ERROR;
    if (form.isNormalizedUTF8(piece, status) && U_SUCCESS(status))
        return;
    status = U_ZERO_ERROR;
    std::string after;
    icu::StringByteSink<std::string> sink(&after);
    icu::Edits edits;
    form.normalizeUTF8(0, piece, sink, &edits, status);
    if (U_FAILURE(status))
        throwIcu(u_errorName(status));
    Builder builder;
    auto edit = edits.getFineIterator();
    while (edit.next(status)) {
        const auto from = static_cast<size_t>(edit.sourceIndex());
        if (edit.hasChange())
            builder.add(std::string_view(after).substr(static_cast<size_t>(edit.destinationIndex()),
                            static_cast<size_t>(edit.newLength())), from);
        else
            builder.copy(before, from, from + static_cast<size_t>(edit.oldLength()));
    }
    if (U_FAILURE(status) || builder.text != after)
        throwIcu("the list of edits does not fit the normalised text");
    builder.finish(aligned, before.size());
}

void replaceAll(const NormalizerStep& step, AlignedText& aligned)
{
    const std::string_view before = aligned.text();
    size_t hit = step.from.empty() ? std::string_view::npos : before.find(step.from);
    if (hit == std::string_view::npos)
        return;
    Builder builder;
    size_t done = 0;
    for (; hit != std::string_view::npos; hit = before.find(step.from, done)) {
        builder.copy(before, done, hit);
        builder.add(step.to, hit);
        done = hit + step.from.size();
        if (builder.text.size() > 4096 + 64 * before.size())
            throw Error(ErrorParts{.code = Code::limit,
                .place = "the tokenizer's normalizer",
                .found = "a replacement that makes the text more than 64 times as long",
                .advice = "Get the tokenizer's original file."});
    }
    builder.copy(before, done, before.size());
    builder.finish(aligned, before.size());
}

void prepend(const NormalizerStep& step, AlignedText& aligned)
{
    const std::string_view before = aligned.text();
    if (before.empty() || (step.onlyAtStart && aligned.origin() != 0)
        || (step.unlessThere && before.starts_with(step.to)))
        return;
    Builder builder;
    builder.add(step.to, 0);
    builder.copy(before, 0, before.size());
    builder.finish(aligned, before.size());
}

void strip(bool left, AlignedText& aligned)
{
    const std::string_view text = aligned.text();
    size_t begin = 0, end = text.size();
    while (left && begin < end && isWhitespace(utf8At(text, begin).code))
        begin += utf8At(text, begin).length;
    while (!left && end > begin && isWhitespace(utf8At(text, characterStart(text, end - 1)).code))
        end = characterStart(text, end - 1);
    if (begin > 0 || end < text.size())
        aligned = aligned.slice(begin, end);
}

// As SentencePiece does it: U+0020 only, and at the end U+2581 as well, which is what spaces become.
void collapseSpaces(AlignedText& aligned)
{
    const std::string_view before = aligned.text();
    constexpr std::string_view kMark = "\xE2\x96\x81";
    size_t end = before.size();
    while (end > 0 && (before[end - 1] == ' ' || before.substr(0, end).ends_with(kMark)))
        end -= before[end - 1] == ' ' ? 1 : kMark.size();
    Builder builder;
    for (size_t at = 0; at < end;) {
        const size_t length = utf8At(before, at).length;
        if (before[at] != ' ' || (!builder.text.empty() && builder.text.back() != ' '))
            builder.add(before.substr(at, length), at);
        at += length;
    }
    builder.finish(aligned, before.size());
}

void makeWellFormed(AlignedText& aligned)
{
    const std::string_view before = aligned.text();
    size_t at = firstIllFormedUtf8(before);
    if (at == std::string_view::npos)
        return;
    Builder builder;
    builder.copy(before, 0, at);
    while (at < before.size()) {
        const auto character = utf8At(before, at);
        builder.add(character.valid ? before.substr(at, character.length) : "\xEF\xBF\xBD", at);
        at += character.length;
    }
    builder.finish(aligned, before.size());
}

}  // namespace

std::pair<size_t, size_t> AlignedText::source(size_t begin, size_t end) const
{
    if (m_changed) {
        size_t last = end;
        while (end > begin && last + 1 < m_begins.size() && m_begins[last] == m_begins[end - 1])
            ++last;
        return {m_begins[begin], m_begins[last]};
    }
    const size_t first = characterStart(m_view, begin);
    size_t last = end;
    if (end > begin && end < m_view.size()) {
        const size_t start = characterStart(m_view, end);
        last = start < end ? start + utf8At(m_view, start).length : end;
    }
    return {m_origin + first, m_origin + last};
}

AlignedText AlignedText::slice(size_t begin, size_t end) const
{
    if (!m_changed)
        return {m_view.substr(begin, end - begin), m_origin + begin};
    AlignedText part({}, 0);
    part.m_changed = true;
    part.m_text = m_text.substr(begin, end - begin);
    part.m_begins.assign(m_begins.begin() + static_cast<ptrdiff_t>(begin),
        m_begins.begin() + static_cast<ptrdiff_t>(end) + 1);
    return part;
}

void AlignedText::change(std::string text, std::vector<uint32_t> begins)
{
    std::vector<size_t> positions(begins.size());
    std::ranges::transform(begins, positions.begin(),
        [this](uint32_t before) { return m_changed ? m_begins[before] : m_origin + before; });
    m_text = std::move(text);
    m_begins = std::move(positions);
    m_changed = true;
    m_view = {};
}

void applyNormalizer(const std::vector<NormalizerStep>& steps, AlignedText& text)
{
    for (const NormalizerStep& step : steps) {
        switch (step.kind) {
        case Kind::replace:
            replaceAll(step, text);
            break;
        case Kind::prepend:
            prepend(step, text);
            break;
        case Kind::stripLeft:
        case Kind::stripRight:
            strip(step.kind == Kind::stripLeft, text);
            break;
        case Kind::collapseSpaces:
            collapseSpaces(text);
            break;
        case Kind::wellFormed:
            makeWellFormed(text);
            break;
        default:
            applyNormalForm(step.kind, text);
        }
    }
}

}  // namespace rankwright
