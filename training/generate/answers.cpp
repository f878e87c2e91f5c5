// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/generate/answers.h"

#include "training/api/error.h"
#include "training/formats/dataset_columns.h"
#include "training/generate/generator.h"
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

std::string answerTo(Generator& generator, const Tokenizer& tokenizer, int64_t maxTokens)
{
    std::vector<int32_t> ids;
    while (int64_t(ids.size()) < maxTokens) {
        const auto id = generator.next();
        if (!id)
            break;
        ids.push_back(*id);
    }
    return tokenizer.decode(ids, true);
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

std::map<std::string, double> judgeAnswers(const Model& model, const ModelText& text, const std::vector<Question>& questions,
    const std::vector<const MetricCard*>& cards, int64_t maxTokens, JobContext& context,
    const std::function<void(const JudgedAnswer&)>& each)
{
    const auto& tokenizer = text.tokenizer();
    const auto most = std::max<int64_t>(1, model.config().contextLength - maxTokens);
    Generator generator(model, tokenizer);
    std::map<std::string, double> shares;
    for (const auto* card : cards)
        shares[card->id] = 0;
    for (const auto& question : questions) {
        context.progress("Answering", int64_t(&question - questions.data()), int64_t(questions.size()));
        auto ids = question.ids;
        if (int64_t(ids.size()) > most)
            ids.erase(ids.begin(), ids.end() - most);
        generator.prime(std::move(ids));
        JudgedAnswer answer{.question = question, .generated = answerTo(generator, tokenizer, maxTokens), .right = {}};
        for (const auto* card : cards) {
            const bool right = card->isRight(answer.generated, question.reference);
            answer.right[card->id] = right;
            shares[card->id] += right;
        }
        if (each)
            each(answer);
    }
    for (auto& [id, share] : shares)
        share /= double(std::max<size_t>(1, questions.size()));
    return shares;
}

}  // namespace rankwright
