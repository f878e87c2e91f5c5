// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/labelled_text.h"

#include "training/api/error.h"

#include <algorithm>

namespace rankwright {

namespace {

using Ids = std::vector<int32_t>;

// Drops `count` tokens from `at` on.
void erase(Encoding& encoding, size_t at, size_t count)
{
    const auto drop = [&](auto& values) {
        if (values.size() >= at + count)
            values.erase(values.begin() + std::ptrdiff_t(at), values.begin() + std::ptrdiff_t(at + count));
    };
    drop(encoding.ids);
    drop(encoding.offsets);
    drop(encoding.types);
}

// Where the tokens of a text are among all, from `from` on.
size_t placeOf(const Ids& text, const Ids& all, size_t from)
{
    const auto found = std::search(all.begin() + std::ptrdiff_t(from), all.end(), text.begin(), text.end());
    if (found == all.end() && !text.empty()) {
        throw Error(ErrorParts {.code = Code::internal, .file = {}, .place = "tokenizer",
            .found = "a text whose tokens change between special tokens", .allowed = {}, .advice = "Please report this"});
    }
    return size_t(found - all.begin());
}

}  // namespace

std::pair<size_t, size_t> longestFirst(size_t first, size_t second, size_t room)
{
    const bool swapped = first > second;
    size_t shorter = std::min(first, second), longer = std::max(first, second);
    if (shorter + longer <= room)
        return {first, second};
    longer = shorter > room ? shorter : std::max(shorter, room - shorter);
    if (shorter + longer > room) {
        shorter = room / 2;
        longer = room - shorter;
    }
    return swapped ? std::pair(longer, shorter) : std::pair(shorter, longer);
}

LabelledText encodeTexts(const Tokenizer& tokenizer, const std::string& text, const std::string& second, int64_t maxLength)
{
    LabelledText out {.encoding = second.empty() ? tokenizer.encode(text, true) : tokenizer.encodePair(text, second, true)};
    auto& encoding = out.encoding;
    out.fullLength = int64_t(encoding.ids.size());
    if (out.fullLength <= maxLength)
        return out;
    const auto first = tokenizer.encode(text, false).ids;
    const auto other = second.empty() ? Ids() : tokenizer.encodePair(text, second, false).ids;
    const Ids last(other.begin() + std::ptrdiff_t(std::min(first.size(), other.size())), other.end());
    const size_t special = encoding.ids.size() - first.size() - last.size();
    if (int64_t(special) >= maxLength) {
        throw Error(ErrorParts {.code = Code::data, .file = {}, .place = "length",
            .found = std::to_string(special) + " special tokens around the text", .allowed = "fewer than --max-length, "
                + std::to_string(maxLength), .advice = "Raise --max-length"});
    }
    const auto [keepFirst, keepLast] = longestFirst(first.size(), last.size(), size_t(maxLength) - special);
    const auto at = placeOf(first, encoding.ids, 0), lastAt = placeOf(last, encoding.ids, at + first.size());
    erase(encoding, lastAt + keepLast, last.size() - keepLast);
    erase(encoding, at + keepFirst, first.size() - keepFirst);
    return out;
}

}  // namespace rankwright
