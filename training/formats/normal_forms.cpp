// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/normal_forms.h"

#include "training/api/error.h"
#include "training/formats/unicode.h"

#include <unicode/normalizer2.h>

#include <algorithm>

namespace rankwright {
namespace {

[[noreturn]] void throwIcu(const char* what)
{
    throw Error(ErrorParts{.code = Code::internal,
        .place = "Unicode normalisation",
        .found = what,
        .advice = "Check that the ICU library is installed completely."});
}

bool composes(NormalForm form) { return form == NormalForm::nfc || form == NormalForm::nfkc; }

const icu::Normalizer2& instanceOf(NormalForm form)
{
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* found = nullptr;
    if (form == NormalForm::nfc)
        found = icu::Normalizer2::getNFCInstance(status);
    else if (form == NormalForm::nfd)
        found = icu::Normalizer2::getNFDInstance(status);
    else if (form == NormalForm::nfkc)
        found = icu::Normalizer2::getNFKCInstance(status);
    else
        found = icu::Normalizer2::getNFKDInstance(status);
    if (found == nullptr || U_FAILURE(status))
        throwIcu(u_errorName(status));
    return *found;
}

struct Mark
{
    TextChange change;
    uint8_t order = 0;  // canonical combining class
};

// Hugging Face's normal forms are those of Unicode 9: what came later neither decomposes nor moves.
constexpr int kVersion = 9;

uint8_t combiningClass(const icu::Normalizer2& form, char32_t code)
{
    const uint8_t order
        = code < 0x300 || code > 0x10FFFF ? uint8_t{0} : form.getCombiningClass(static_cast<UChar32>(code));
    return order > 0 && !inUnicode(code, kVersion) ? uint8_t{0} : order;
}

// Full decomposition with runs of marks in canonical order.
std::vector<Mark> decompose(const icu::Normalizer2& form, std::string_view text)
{
    std::vector<Mark> all;
    all.reserve(text.size());
    size_t sorted = 0;
    const auto sortRun = [&] {
        std::stable_sort(all.begin() + static_cast<ptrdiff_t>(sorted), all.end(),
            [](const Mark& a, const Mark& b) { return a.order < b.order; });
        sorted = all.size();
    };
    const auto add = [&](char32_t code, int32_t change) {
        const uint8_t order = combiningClass(form, code);
        if (order == 0)
            sortRun();
        all.push_back({{code, change}, order});
    };
    icu::UnicodeString parts;
    for (size_t at = 0; at < text.size();) {
        const auto [code, length] = codeOrByteAt(text, at);
        at += length;
        if (code < 0x80 || code > 0x10FFFF || !form.getDecomposition(static_cast<UChar32>(code), parts)
            || !inUnicode(code, kVersion)) {
            add(code, 0);
            continue;
        }
        for (int32_t i = 0; i < parts.length(); i = parts.moveIndex32(i, 1))
            add(static_cast<char32_t>(parts.char32At(i)), i == 0 ? 0 : 1);
    }
    sortRun();
    return all;
}

// UAX 15's composition: a starter takes up the marks that nothing keeps from it. What a composed character takes up
// counts as removed after it.
std::vector<TextChange> compose(const icu::Normalizer2& form, const std::vector<Mark>& marks)
{
    std::vector<TextChange> out;
    out.reserve(marks.size());
    constexpr size_t kNone = ~size_t{0};
    size_t starter = kNone;  // in `out`
    int last = -1;           // class of the mark before, of those that stay after the starter
    for (const Mark& mark : marks) {
        const bool reaches = starter != kNone && (last < 0 || last < mark.order);
        const bool valid = mark.change.code <= 0x10FFFF && starter != kNone && out[starter].code <= 0x10FFFF;
        const UChar32 joined = reaches && valid ? form.composePair(static_cast<UChar32>(out[starter].code),
                                   static_cast<UChar32>(mark.change.code))
                                                : -1;
        if (joined >= 0 && inUnicode(static_cast<char32_t>(joined), kVersion)) {
            out[starter] = {static_cast<char32_t>(joined), out[starter].change + mark.change.change - 1};
            continue;
        }
        out.push_back(mark.change);
        if (mark.order == 0) {
            starter = out.size() - 1;
            last = -1;
        } else if (starter != kNone) {
            last = mark.order;
        }
    }
    return out;
}

}  // namespace

bool isNormalized(NormalForm form, std::string_view text)
{
    UErrorCode status = U_ZERO_ERROR;
    const icu::StringPiece piece(text.data(), static_cast<int32_t>(text.size()));
    return instanceOf(form).isNormalizedUTF8(piece, status) && U_SUCCESS(status);
}

std::vector<TextChange> normalFormChanges(NormalForm form, std::string_view text)
{
    const auto& instance = instanceOf(form);
    const auto marks = decompose(instance, text);
    if (composes(form))
        return compose(instance, marks);
    std::vector<TextChange> changes;
    changes.reserve(marks.size());
    for (const Mark& mark : marks)
        changes.push_back(mark.change);
    return changes;
}

}  // namespace rankwright
