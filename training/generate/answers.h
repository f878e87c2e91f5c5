// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Generated answers on the rows of a data set, and whether they are right: metrics of text (MetricCard::Kind::answers).
#pragma once

#include "training/api/metrics.h"
#include "training/train/session.h"

#include <functional>
#include <map>

namespace rankwright {

// A row as a question: what the model sees, and what its answer is compared with.
struct Question
{
    int64_t row = 0;
    std::string prompt;              // for people
    std::string reference;           // the row's response, or the last message of its assistant
    std::vector<int32_t> ids;
};
// The rows of `data.samples` with their prompts as they were trained (template, separators). Throws Error{data} for rows without an
// answer.
std::vector<Question> questionsOf(const PreparedData& data, const ModelText& text, const RunConfig& config);

struct JudgedAnswer
{
    const Question& question;
    std::string generated;
    int64_t tokens = 0;
    bool cut = false;                    // the limit of its length ended it, or the end of the model's context
    std::map<std::string, bool> right;   // by metric id
};
struct AnswerScores
{
    std::map<std::string, double> shares;   // of right answers, by metric id
    int64_t answers = 0, cut = 0;
};
// Greedy answers of at most `maxTokens` tokens; a prompt that leaves them no room in the model's context loses its beginning. The
// metric is the share of right ones. `each` is told every answer. Throws Error{stopped}.
AnswerScores judgeAnswers(const Model& model, const ModelText& text, const std::vector<Question>& questions,
    const std::vector<const MetricCard*>& cards, int64_t maxTokens, JobContext& context,
    const std::function<void(const JudgedAnswer&)>& each = {});

// Of a list of metrics those that judge text.
std::vector<const MetricCard*> answerCards(const std::vector<std::string>& ids);

}  // namespace rankwright
