// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/post_processor.h"

#include <algorithm>

namespace rankwright {
namespace {

using Item = TemplateItem;

void addTokens(const std::vector<int32_t>& ids, int32_t type, std::vector<Item>& to)
{
    for (const int32_t id : ids)
        to.push_back({.kind = Item::Kind::token, .id = id, .type = type});
}

}  // namespace

PostProcessor PostProcessor::around(
    const std::vector<int32_t>& before, const std::vector<int32_t>& after, int32_t type)
{
    PostProcessor made;
    made.single.clear();
    addTokens(before, 0, made.single);
    made.single.push_back({.kind = Item::Kind::first});
    addTokens(after, 0, made.single);
    made.pair = made.single;
    addTokens(before, type, made.pair);
    made.pair.push_back({.kind = Item::Kind::second, .type = type});
    addTokens(after, type, made.pair);
    return made;
}

PostProcessor PostProcessor::bert(int32_t cls, int32_t sep)
{
    PostProcessor made = around({cls}, {sep});
    made.pair = made.single;
    made.pair.push_back({.kind = Item::Kind::second, .type = 1});
    addTokens({sep}, 1, made.pair);
    return made;
}

PostProcessor PostProcessor::roberta(int32_t cls, int32_t sep)
{
    PostProcessor made = around({cls}, {sep});
    made.pair = made.single;
    addTokens({sep}, 0, made.pair);
    made.pair.push_back({.kind = Item::Kind::second});
    addTokens({sep}, 0, made.pair);
    return made;
}

bool PostProcessor::addsTokens() const
{
    return std::ranges::any_of(single, [](const Item& item) { return item.kind == Item::Kind::token; });
}

Encoding PostProcessor::assemble(
    Encoding first, const Encoding* second, bool addSpecial, std::pair<size_t, size_t> sizes) const
{
    const std::vector<Item>& items = second != nullptr ? pair : single;
    const bool typed = std::ranges::any_of(items, [](const Item& item) { return item.type != 0; });
    if (second == nullptr && !typed && (!addSpecial || !addsTokens()))
        return first;
    Encoding out;
    out.ids.reserve(first.ids.size() + items.size());
    out.offsets.reserve(first.ids.size() + items.size());
    size_t at = 0;  // where in the text before or behind us an added token stands
    for (const Item& item : items) {
        const Encoding* part = item.kind == Item::Kind::first ? &first : second;
        if (item.kind != Item::Kind::token) {
            if (item.kind == Item::Kind::second)
                out.second = out.ids.size();
            out.ids.insert(out.ids.end(), part->ids.begin(), part->ids.end());
            out.offsets.insert(out.offsets.end(), part->offsets.begin(), part->offsets.end());
            at = item.kind == Item::Kind::first ? sizes.first : sizes.second;
        } else if (addSpecial) {
            out.ids.push_back(item.id);
            out.offsets.emplace_back(at, at);
        }
        if (typed)
            out.types.resize(out.ids.size(), item.type);
    }
    return out;
}

}  // namespace rankwright
