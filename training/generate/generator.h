// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// One answer, token by token: what `generate`, chats and the metrics of answers share.
#pragma once

#include "training/formats/tokenizer.h"
#include "training/nn/model.h"

#include <optional>
#include <string>
#include <vector>

namespace rankwright {

struct Sampling
{
    double temperature = 0;   // 0: always the likeliest token
    double topP = 1;          // of the sampled, the most probable tokens that hold this share (Holtzman and others 2019)
    int64_t seed = 0;         // what is drawn follows from it and the token's number in the answer alone
    bool pastEnd = false;     // a token that ends is one like all others: for measurements
};

// The tokens that end an answer: the model's, the tokenizer's and those that end a turn.
std::vector<int64_t> endTokens(const Model& model, const Tokenizer& tokenizer);
// Throws Error{usage} for ids that leave no room in the model's context, Error{mismatch} for those that it does not have.
void checkPrompt(const std::vector<int32_t>& ids, const ModelConfig& config);
// One of `known` tokens by their logits (1, at least so many): the likeliest, or the one that is drawn as the `number`-th of an answer.
int64_t pickToken(const at::Tensor& logits, int64_t known, const Sampling& sampling, int64_t number);

class Generator
{
public:
    // Both must outlive it. The model may change its adapters between two calls as long as it is the same at each call.
    Generator(const Model& model, const Tokenizer& tokenizer, Sampling sampling = {});
    // Begins an answer after these ids. What earlier calls have computed of them is kept. Throws Error{usage} where they leave no room
    // in the model's context, Error{mismatch} for ids that the model does not have.
    void prime(std::vector<int32_t> ids);
    // The next token of the answer; nothing where it ends.
    std::optional<int32_t> next();
    // Why next() gave nothing: "end" (a token that ends texts or turns) or "length" (the context is full).
    [[nodiscard]] const std::string& stop() const { return m_stop; }
    void setSampling(const Sampling& sampling) { m_sampling = sampling; }

private:
    [[nodiscard]] bool ends(int64_t id) const;
    const Model& m_model;
    Sampling m_sampling;
    std::vector<int64_t> m_ends;
    int64_t m_known;                     // ids that the tokenizer has words for
    KeyValueCache m_cache;
    std::vector<int32_t> m_seen;         // the ids in the cache
    std::vector<int32_t> m_waiting;      // to be computed before the next token can be chosen
    int64_t m_drawn = 0;
    std::string m_stop = "length";
};

// Pieces of text to whole characters: what a token leaves unfinished waits for the next one.
class CharacterStream
{
public:
    std::string add(std::string_view piece);
    // U+FFFD for a character that was never finished.
    std::string finish();

private:
    std::string m_pending;
};

}  // namespace rankwright
