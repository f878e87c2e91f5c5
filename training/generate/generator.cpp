// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/generate/generator.h"

#include "training/api/error.h"
#include "training/train/random.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>

namespace rankwright {

namespace {

// Tokens that end a turn in families whose files name only the end of a text (llama.cpp knows the same ones).
constexpr std::array<std::string_view, 6> kTurnEnds{
    "<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|endoftext|>", "<|end_of_text|>"};

// The share below which tokens are left out: the smallest of the most probable ones that hold `topP` together.
at::Tensor mostProbable(const at::Tensor& shares, double topP)
{
    if (topP >= 1)
        return shares;
    const auto [sorted, order] = shares.sort(0, true);
    const auto before = sorted.cumsum(0) - sorted;   // held by more probable ones; the first always stays
    return at::zeros_like(shares).scatter(0, order, at::where(before < topP, sorted, at::zeros_like(sorted)));
}

int64_t pick(const at::Tensor& logits, const Sampling& sampling, int64_t number)
{
    if (sampling.temperature <= 0)
        return logits.argmax().item<int64_t>();
    const auto shares = mostProbable(at::softmax(logits.to(at::kDouble) / sampling.temperature, -1), sampling.topP);
    const auto sums = shares.cumsum(0);
    const Random random(sampling.seed, "generate");
    const double draw = random.uniform(uint64_t(number)) * sums[-1].item<double>();
    return std::min(at::searchsorted(sums, draw, false, true).item<int64_t>(), sums.numel() - 1);
}

// How many bytes at the end of `text` are the beginning of a character that is not complete yet.
size_t incompleteBytes(const std::string& text)
{
    for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
        const auto byte = uint8_t(text[text.size() - back]);
        if ((byte & 0xc0) == 0x80)
            continue;
        const size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
        return length > back ? back : 0;
    }
    return 0;
}

}  // namespace

Generator::Generator(const Model& model, const Tokenizer& tokenizer, Sampling sampling)
    : m_model(model), m_sampling(sampling), m_ends(model.config().eosIds),
      // Some models have more rows in the head than their tokenizer has tokens.
      m_known(std::min(tokenizer.size(), model.config().vocabSize))
{
    m_ends.push_back(tokenizer.eos());
    for (const auto end : kTurnEnds) {
        if (const auto id = tokenizer.idOf(end); id >= 0 && tokenizer.isSpecial(id))
            m_ends.push_back(id);
    }
}

bool Generator::ends(int64_t id) const { return std::ranges::find(m_ends, id) != m_ends.end(); }

void Generator::prime(std::vector<int32_t> ids)
{
    const auto& config = m_model.config();
    const auto largest = ids.empty() ? 0 : *std::ranges::max_element(ids);
    if (largest >= config.vocabSize) {
        throw Error({.code = Code::mismatch,
            .place = "prompt",
            .found = "token id " + std::to_string(largest),
            .allowed = "ids below the model's " + std::to_string(config.vocabSize),
            .advice = "Tokenizer and model do not belong together."});
    }
    if (ids.empty() || int64_t(ids.size()) >= config.contextLength) {
        throw Error({.code = Code::usage,
            .place = "prompt",
            .found = std::to_string(ids.size()) + " tokens",
            .allowed = "at least one, and fewer than the model's context of " + std::to_string(config.contextLength),
            .advice = ids.empty() ? "Write something." : "Shorten the prompt, or begin a new conversation."});
    }
    // The last one is computed in any case: its hidden state says what comes next.
    const auto same = std::ranges::mismatch(ids, m_seen).in1 - ids.begin();
    const auto kept = std::min(same, std::ptrdiff_t(ids.size()) - 1);
    for (auto* list : {&m_cache.keys, &m_cache.values}) {
        for (auto& tensor : *list)
            tensor = tensor.narrow(0, 0, kept);
    }
    m_seen.resize(size_t(kept));
    m_waiting.assign(ids.begin() + kept, ids.end());
    m_drawn = 0;
    m_stop = "length";
}

std::optional<int32_t> Generator::next()
{
    if (m_cache.length() + int64_t(m_waiting.size()) >= m_model.config().contextLength)
        return std::nullopt;
    const at::NoGradGuard guard;
    const auto hidden = m_model.forward(makeBatch(m_waiting, m_cache.length()), {}, &m_cache);
    m_seen.insert(m_seen.end(), m_waiting.begin(), m_waiting.end());
    const auto logits = m_model.logits(hidden.narrow(0, hidden.size(0) - 1, 1)).squeeze(0).narrow(0, 0, m_known);
    const auto id = pick(logits, m_sampling, m_drawn++);
    m_waiting = {int32_t(id)};
    if (!ends(id))
        return int32_t(id);
    m_stop = "end";
    return std::nullopt;
}

std::string CharacterStream::add(std::string_view piece)
{
    m_pending += piece;
    const auto whole = m_pending.size() - incompleteBytes(m_pending);
    auto text = m_pending.substr(0, whole);
    m_pending.erase(0, whole);
    return text;
}

std::string CharacterStream::finish()
{
    const bool left = !m_pending.empty();
    m_pending.clear();
    return left ? "\xef\xbf\xbd" : "";
}

}  // namespace rankwright
