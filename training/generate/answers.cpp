// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/generate/answers.h"

#include "training/api/error.h"
#include "training/formats/dataset_columns.h"
#include "training/generate/greedy_answers.h"
#include "training/generate/prompt.h"

#include <algorithm>
#include <optional>

namespace rankwright {

namespace {

// The conversation up to the answer that is asked for, and that answer.
std::pair<std::vector<ChatMessage>, std::string> splitAtAnswer(const Example& example, bool templated)
{
    if (example.messages.empty())
        return {{{"user", templated ? withoutAlpacaHeader(example.prompt) : example.prompt}}, example.response};
    auto turns = example.messages;
    while (!turns.empty() && turns.back().role != "assistant")
        turns.pop_back();
    if (turns.empty())
        return {{}, ""};
    auto answer = turns.back().content;
    turns.pop_back();
    return {std::move(turns), std::move(answer)};
}

// What the model sees of each question: a prompt that leaves `maxTokens` no room in the context loses its beginning.
std::vector<std::vector<int32_t>> promptsOf(const std::vector<Question>& questions, int64_t contextLength, int64_t maxTokens)
{
    const auto most = std::max<int64_t>(1, contextLength - maxTokens);
    std::vector<std::vector<int32_t>> prompts;
    for (const auto& question : questions) {
        auto& ids = prompts.emplace_back(question.ids);
        if (int64_t(ids.size()) > most)
            ids.erase(ids.begin(), ids.end() - most);
    }
    return prompts;
}

}  // namespace

std::vector<const MetricCard*> answerCards(const std::vector<std::string>& ids)
{
    std::vector<const MetricCard*> cards;
    for (const auto& id : ids) {
        if (const auto* card = findMetricCard(id); card != nullptr && card->kind == MetricCard::Kind::answers)
            cards.push_back(card);
    }
    return cards;
}

std::vector<Question> questionsOf(const PreparedData& data, const ModelText& text, const RunConfig& config)
{
    const auto options = text.sampleOptions(config);
    std::optional<Prompt> withTemplate;   // a template that no row needs may be one that cannot be read
    const Prompt plain(text.tokenizer(), {});
    std::vector<Question> questions;
    for (const auto& sample : data.samples) {
        // The windows of a plain text are no examples.
        static const Example kNothing;
        const bool known = size_t(sample.row) < data.dataset.examples.size() && data.dataset.format != "text";
        const auto& example = known ? data.dataset.examples[size_t(sample.row)] : kNothing;
        const bool asked = options.chatTemplate == "auto" ? !example.messages.empty() : options.chatTemplate != "none";
        const bool templated = asked && !options.templateSource.empty();
        if (templated && !withTemplate)
            withTemplate.emplace(text.tokenizer(), options.templateSource);
        auto [turns, reference] = splitAtAnswer(example, templated);
        if (reference.empty() || turns.empty() || turns.back().content.empty()) {
            throw Error({.code = Code::data,
                .file = data.dataset.file,
                .place = "row " + std::to_string(sample.row + 1),
                .found = "no question with an answer",
                .allowed = "a prompt and a response, or messages of which one is the assistant's",
                .advice = "Choose other rows or columns, or leave out the metrics of generated answers."});
        }
        // As in training: rows without a template have no special tokens before them.
        questions.push_back({.row = sample.row,
            .prompt = turns.back().content,
            .reference = std::move(reference),
            .ids = templated ? withTemplate->ids(turns) : plain.ids(turns, false)});
    }
    return questions;
}

AnswerScores judgeAnswers(const Model& model, const ModelText& text, const std::vector<Question>& questions,
    const std::vector<const MetricCard*>& cards, int64_t maxTokens, JobContext& context,
    const std::function<void(const JudgedAnswer&)>& each)
{
    const auto& tokenizer = text.tokenizer();
    AnswerScores scores{.shares = {}, .answers = int64_t(questions.size())};
    for (const auto* card : cards)
        scores.shares[card->id] = 0;
    const auto judge = [&](size_t number, const GreedyAnswer& written) {
        const auto& question = questions[number];
        JudgedAnswer answer{.question = question,
            .generated = tokenizer.decode(written.ids, true),
            .tokens = int64_t(written.ids.size()),
            .cut = written.cut,
            .right = {}};
        scores.cut += answer.cut;
        for (const auto* card : cards) {
            const bool right = card->isRight(answer.generated, question.reference);
            answer.right[card->id] = right;
            scores.shares[card->id] += right;
        }
        if (each)
            each(answer);
    };
    context.progress("Answering", 0, int64_t(questions.size()));
    int64_t shown = 0;
    greedyAnswers(model, tokenizer, promptsOf(questions, model.config().contextLength, maxTokens), maxTokens, judge, [&](int64_t ended) {
        context.checkStop("Answering");
        if (ended > shown)
            context.progress("Answering", shown = ended, int64_t(questions.size()));
    });
    for (auto& [id, share] : scores.shares)
        share /= double(std::max<size_t>(1, questions.size()));
    return scores;
}

}  // namespace rankwright
