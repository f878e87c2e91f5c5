// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/generate/generate.h"

#include "training/api/error.h"
#include "training/generate/generator.h"
#include "training/generate/prompt.h"
#include "training/generate/run_template.h"
#include "training/train/trained_model.h"

#include <algorithm>
#include <chrono>

namespace rankwright {

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point begin)
{
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

std::vector<int32_t> promptIds(const ModelText& text, const GenerateJob& job)
{
    const auto& tokenizer = text.tokenizer();
    if (job.chat && !job.folder.empty())
        return Prompt(tokenizer, templateOfRun(job.folder, configOfRun(job.folder), text)).ids({{"user", job.prompt}}, false);
    if (job.chat && !text.templateSource().empty())
        return Prompt(tokenizer, text.templateSource()).ids({{"user", job.prompt}});
    auto ids = tokenizer.encode(job.prompt, true).ids;
    if (ids.empty())
        ids.push_back(std::max(tokenizer.bos(), 0));
    return ids;
}

}  // namespace

GenerateResult generateText(const Model& model, const ModelText& text, const GenerateJob& job, JobContext& context)
{
    if (model.task() != Task::lm) {
        throw Error({.code = Code::mismatch, .place = "--adapter", .found = "a head for labels, which writes no text",
            .allowed = "an adapter that was trained on text", .advice = "Use `eval`, which says what it predicts."});
    }
    const auto& tokenizer = text.tokenizer();
    Generator generator(model, tokenizer, {.temperature = job.temperature, .seed = job.seed, .pastEnd = job.pastEnd});
    auto ids = promptIds(text, job);
    GenerateResult result{.text = {}, .tokens = 0, .stop = "length", .promptTokens = int64_t(ids.size())};
    const auto begin = Clock::now();
    generator.prime(std::move(ids));
    CharacterStream characters;
    const auto say = [&](const std::string& part) {
        if (part.empty())
            return;
        context.events().on(TextEvent{part});
        result.text += part;
    };
    while (result.tokens < job.maxTokens) {
        if (context.stopped()) {
            result.stop = "cancelled";
            break;
        }
        const auto id = generator.next();
        if (result.tokens == 0)
            result.promptSeconds = secondsSince(begin);
        if (!id) {
            result.stop = generator.stop();
            break;
        }
        ++result.tokens;
        say(characters.add(tokenizer.piece(*id)));
    }
    result.seconds = secondsSince(begin) - result.promptSeconds;
    if (result.tokens > 1)
        result.tokensPerSecond = double(result.tokens - 1) / result.seconds;
    say(characters.finish());
    return result;
}

}  // namespace rankwright
