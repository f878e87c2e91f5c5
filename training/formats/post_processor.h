// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What goes around the tokens of a text, or of two: special tokens in their places and token types.
#pragma once

#include "training/formats/tokenizer.h"

namespace rankwright {

struct TemplateItem
{
    enum class Kind { first, second, token };
    Kind kind = Kind::token;
    int32_t id = -1;    // of a token
    int32_t type = 0;
    bool operator==(const TemplateItem&) const = default;
};

struct PostProcessor
{
    using Item = TemplateItem;
    std::vector<Item> single{{.kind = Item::Kind::first}};
    std::vector<Item> pair{{.kind = Item::Kind::first}, {.kind = Item::Kind::second, .type = 1}};
    bool trimsOffsets = false, keepsPrefixSpace = false;

    // `before` A `after`, and of a pair the same again around B with `type`.
    static PostProcessor around(
        const std::vector<int32_t>& before, const std::vector<int32_t>& after, int32_t type = 1);
    // BERT's [CLS] A [SEP] B [SEP], where what ends B has B's type.
    static PostProcessor bert(int32_t cls, int32_t sep);
    // RoBERTa's <s> A </s> </s> B </s>, all of type 0.
    static PostProcessor roberta(int32_t cls, int32_t sep);
    [[nodiscard]] bool addsTokens() const;
    // `second` is null for a single text. `sizes` are those of the texts in bytes, for the offsets of added tokens.
    [[nodiscard]] Encoding assemble(
        Encoding first, const Encoding* second, bool addSpecial, std::pair<size_t, size_t> sizes) const;
};

}  // namespace rankwright
