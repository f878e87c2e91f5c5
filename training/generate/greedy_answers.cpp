// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/generate/greedy_answers.h"

#include "training/ops/row_product.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>

namespace rankwright {

namespace {

constexpr int64_t kCacheBytes = int64_t(512) << 20;   // of all answers that are being written together

// As many rows as the products of few rows take, and as the caches leave room for.
size_t rowsAtOnce(const Model& model, const std::vector<std::vector<int32_t>>& prompts, int64_t maxTokens)
{
    const auto& config = model.config();
    int64_t longest = 0;
    for (const auto& prompt : prompts)
        longest = std::max(longest, int64_t(prompt.size()));
    // A buffer that has just doubled is half empty.
    const int64_t tokens = 2 * std::min(longest + maxTokens, config.contextLength);
    const int64_t bytes = tokens * config.layers * config.kvHeads * config.headDim * 2 * int64_t(c10::elementSize(model.type()));
    return size_t(std::clamp<int64_t>(kCacheBytes / std::max<int64_t>(1, bytes), 1, ops::kFewRows));
}

// An answer that is being written.
struct Row
{
    size_t prompt = 0;
    GreedyAnswer answer = {};
    KeyValueCache cache = {};
    int32_t last = 0;
};

class Writing
{
public:
    Writing(const Model& model, const Tokenizer& tokenizer, const std::vector<std::vector<int32_t>>& prompts, int64_t maxTokens)
        : m_model(model), m_prompts(prompts), m_maxTokens(maxTokens), m_ends(endTokens(model, tokenizer)),
          m_known(std::min(tokenizer.size(), model.config().vocabSize)), m_answers(prompts.size())
    {
        m_rows.reserve(rowsAtOnce(model, prompts, maxTokens));
    }
    [[nodiscard]] bool isOver() const { return m_rows.empty() && m_next == m_prompts.size(); }
    [[nodiscard]] int64_t ended() const { return m_ended; }

    // One token of each row. A prompt that comes in is computed first; its first token counts as this step's.
    void step()
    {
        const auto going = m_rows.size();
        if (going > 0)
            advance();
        while (m_rows.size() < m_rows.capacity() && m_next < m_prompts.size())
            begin(m_next++);
        std::erase_if(m_rows, [](const Row& row) { return row.answer.cut || row.last < 0; });
    }

    // Answers that have ended and whose turn it is.
    void tell(const std::function<void(size_t prompt, const GreedyAnswer&)>& each)
    {
        for (; m_told < m_answers.size() && m_answers[m_told]; ++m_told) {
            each(m_told, *m_answers[m_told]);
            m_answers[m_told] = GreedyAnswer();
        }
    }

private:
    void begin(size_t prompt)
    {
        auto& row = m_rows.emplace_back(Row{.prompt = prompt});
        auto* cache = &row.cache;
        const auto hidden = m_model.continued(makeBatch(m_prompts[prompt]), {&cache, 1});
        take(row, m_model.logits(hidden.narrow(0, hidden.size(0) - 1, 1)));
    }

    void advance()
    {
        std::vector<std::vector<int32_t>> ids;
        std::vector<int64_t> positions;
        std::vector<KeyValueCache*> caches;
        for (auto& row : m_rows) {
            ids.push_back({row.last});
            positions.push_back(row.cache.length());
            caches.push_back(&row.cache);
        }
        caches.front()->gains = m_gains;   // another row may be the first now, and none of them changes an adapter
        const auto logits = m_model.logits(m_model.continued(makeBatch(ids, positions), caches));
        m_gains = caches.front()->gains;
        for (size_t i = 0; i < m_rows.size(); ++i)
            take(m_rows[i], logits.narrow(0, int64_t(i), 1));
    }

    void take(Row& row, const at::Tensor& logits)
    {
        const auto id = pickToken(logits, m_known, {}, 0);
        auto& answer = row.answer;
        row.last = int32_t(id);
        if (std::ranges::find(m_ends, id) != m_ends.end()) {
            row.last = -1;
        } else {
            answer.ids.push_back(int32_t(id));
            answer.cut = int64_t(answer.ids.size()) >= m_maxTokens || row.cache.length() + 1 >= m_model.config().contextLength;
        }
        if (row.last < 0 || answer.cut) {
            m_answers[row.prompt] = answer;
            ++m_ended;
        }
    }

    const Model& m_model;
    const std::vector<std::vector<int32_t>>& m_prompts;
    int64_t m_maxTokens;
    std::vector<int64_t> m_ends;
    int64_t m_known;
    std::vector<Row> m_rows;                              // its capacity is how many at once
    std::vector<at::Tensor> m_gains;                      // KeyValueCache::gains, which are as dear as a hundred tokens (DoRA)
    std::vector<std::optional<GreedyAnswer>> m_answers;   // that have ended
    size_t m_next = 0, m_told = 0;
    int64_t m_ended = 0;
};

}  // namespace

void greedyAnswers(const Model& model, const Tokenizer& tokenizer, const std::vector<std::vector<int32_t>>& prompts, int64_t maxTokens,
    const std::function<void(size_t prompt, const GreedyAnswer&)>& each, const std::function<void(int64_t ended)>& written)
{
    const at::NoGradGuard guard;
    for (const auto& prompt : prompts)
        checkPrompt(prompt, model.config());
    Writing writing(model, tokenizer, prompts, maxTokens);
    while (!writing.isOver()) {
        writing.step();
        writing.tell(each);
        written(writing.ended());
    }
}

}  // namespace rankwright
