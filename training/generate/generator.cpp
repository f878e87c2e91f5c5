// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/generate/generator.h"

#include "training/api/error.h"
#include "training/train/random.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace rankwright {

namespace {

// Tokens that end a turn in families whose files name only the end of a text (llama.cpp knows the same ones).
constexpr std::array<std::string_view, 6> kTurnEnds{
    "<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|endoftext|>", "<|end_of_text|>"};

// e^((logit - largest) / temperature): shares, but for their sum.
std::vector<double> weightsOf(const float* logits, size_t count, double temperature)
{
    const float most = *std::max_element(logits, logits + count);
    std::vector<double> weights(count);
    std::transform(logits, logits + count, weights.begin(), [&](float logit) { return std::exp((double(logit) - most) / temperature); });
    return weights;
}

// Leaves the most probable tokens that hold `topP` together; the first always stays. Tokens below (1 - topP) / count hold less than
// 1 - topP all together, so that they never have to be sorted: of 49,152 some hundreds remain.
void keepMostProbable(std::vector<double>& weights, double topP)
{
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0), least = (1 - topP) / double(weights.size()) * sum;
    std::vector<size_t> order;
    for (size_t i = 0; i < weights.size(); ++i) {
        if (weights[i] >= least)
            order.push_back(i);
    }
    std::ranges::sort(order, [&](size_t a, size_t b) { return weights[a] > weights[b] || (weights[a] == weights[b] && a < b); });
    std::vector<double> kept(weights.size());
    double before = 0;   // held by more probable ones
    for (const auto i : order) {
        if (before >= topP * sum)
            break;
        kept[i] = weights[i];
        before += weights[i];
    }
    weights = std::move(kept);
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

std::vector<int64_t> endTokens(const Model& model, const Tokenizer& tokenizer)
{
    auto ends = model.config().eosIds;
    ends.push_back(tokenizer.eos());
    for (const auto end : kTurnEnds) {
        if (const auto id = tokenizer.idOf(end); id >= 0 && tokenizer.isSpecial(id))
            ends.push_back(id);
    }
    return ends;
}

int64_t pickToken(const at::Tensor& logits, int64_t known, const Sampling& sampling, int64_t number)
{
    const auto row = logits.squeeze(0).narrow(0, 0, known);
    if (sampling.temperature <= 0)
        return row.argmax().item<int64_t>();
    const auto values = row.to(at::kCPU, at::kFloat).contiguous();
    auto weights = weightsOf(values.const_data_ptr<float>(), size_t(known), sampling.temperature);
    if (sampling.topP < 1)
        keepMostProbable(weights, sampling.topP);
    const Random random(sampling.seed, "generate");
    const double draw = random.uniform(uint64_t(number)) * std::accumulate(weights.begin(), weights.end(), 0.0);
    double sum = 0;
    int64_t last = 0;   // of those that can be drawn: rounding may leave the sum a little below the draw
    for (int64_t i = 0; i < known; ++i) {
        if (weights[size_t(i)] == 0)
            continue;
        sum += weights[size_t(i)];
        last = i;
        if (sum > draw)
            break;
    }
    return last;
}

void checkPrompt(const std::vector<int32_t>& ids, const ModelConfig& config)
{
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
}

Generator::Generator(const Model& model, const Tokenizer& tokenizer, Sampling sampling)
    : m_model(model), m_sampling(sampling), m_ends(endTokens(model, tokenizer)),
      // Some models have more rows in the head than their tokenizer has tokens.
      m_known(std::min(tokenizer.size(), model.config().vocabSize))
{
}

bool Generator::ends(int64_t id) const { return std::ranges::find(m_ends, id) != m_ends.end(); }

void Generator::prime(std::vector<int32_t> ids)
{
    checkPrompt(ids, m_model.config());
    // The last one is computed in any case: its hidden state says what comes next.
    const auto same = std::ranges::mismatch(ids, m_seen).in1 - ids.begin();
    const auto kept = std::min(same, std::ptrdiff_t(ids.size()) - 1);
    m_cache.keep(kept);
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
    const auto id = pickToken(m_model.logits(hidden.narrow(0, hidden.size(0) - 1, 1)), m_known, m_sampling, m_drawn++);
    m_waiting = {int32_t(id)};
    if (m_sampling.pastEnd || !ends(id))
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
