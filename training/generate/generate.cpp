// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/generate/generate.h"

#include "training/api/error.h"
#include "training/formats/chat_template.h"
#include "training/train/random.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace rankwright {

namespace {

int64_t pick(const at::Tensor& logits, double temperature, const Random& random, int64_t position)
{
    if (temperature <= 0)
        return logits.argmax().item<int64_t>();
    const auto shares = at::softmax(logits.to(at::kDouble) / temperature, -1).cumsum(0);
    const double draw = random.uniform(uint64_t(position)) * shares[-1].item<double>();
    return std::min(at::searchsorted(shares, draw, false, true).item<int64_t>(), shares.numel() - 1);
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

std::vector<int32_t> promptIds(const ModelText& text, const GenerateJob& job)
{
    const auto& tokenizer = text.tokenizer();
    if (!job.chat || text.templateSource().empty())
        return tokenizer.encode(job.prompt, true).ids;
    const auto token = [&](int32_t id) { return id >= 0 ? tokenizer.piece(id) : std::string(); };
    const ChatTemplate chat(text.templateSource(), token(tokenizer.bos()), token(tokenizer.eos()));
    return tokenizer.encode(chat.render({{"user", job.prompt}}, true), false, SpecialText::recognise).ids;
}

}  // namespace

GenerateResult generateText(const Decoder& model, const ModelText& text, const GenerateJob& job, JobContext& context)
{
    const at::NoGradGuard guard;
    const auto& tokenizer = text.tokenizer();
    auto ids = promptIds(text, job);
    if (ids.empty())
        ids.push_back(std::max(tokenizer.bos(), 0));
    if (const auto largest = *std::max_element(ids.begin(), ids.end()); largest >= model.config().vocabSize) {
        throw Error({.code = Code::mismatch,
            .place = "--prompt",
            .found = "token id " + std::to_string(largest),
            .allowed = "ids below the model's " + std::to_string(model.config().vocabSize),
            .advice = "Tokenizer and model do not belong together."});
    }
    const auto room = model.config().contextLength - int64_t(ids.size());
    if (room <= 0) {
        throw Error({.code = Code::usage,
            .place = "--prompt",
            .found = std::to_string(ids.size()) + " tokens",
            .allowed = "fewer than the model's context of " + std::to_string(model.config().contextLength),
            .advice = "Shorten the prompt."});
    }
    const auto& config = model.config();
    const auto ends = [&](int64_t id) {
        return id == tokenizer.eos() || std::find(config.eosIds.begin(), config.eosIds.end(), id) != config.eosIds.end();
    };
    const Random random(job.seed, "generate");
    KeyValueCache cache;
    GenerateResult result{.stop = "length"};
    std::string pending;
    std::vector<int32_t> next = ids;
    while (result.tokens < std::min(job.maxTokens, room)) {
        if (context.stopped()) {
            result.stop = "cancelled";
            break;
        }
        const auto hidden = model.forward(makeBatch(next, cache.length()), {}, &cache);
        // Some models have more rows in the head than their tokenizer has tokens.
        const auto known = std::min(tokenizer.size(), config.vocabSize);
        const auto logits = model.logits(hidden.narrow(0, hidden.size(0) - 1, 1)).squeeze(0).narrow(0, 0, known);
        const auto id = pick(logits, job.temperature, random, cache.length());
        if (ends(id)) {
            result.stop = "end";
            break;
        }
        ++result.tokens;
        next = {int32_t(id)};
        pending += tokenizer.piece(int32_t(id));
        const auto whole = pending.size() - incompleteBytes(pending);
        if (whole > 0) {
            context.events().on(TextEvent{pending.substr(0, whole)});
            result.text += pending.substr(0, whole);
            pending.erase(0, whole);
        }
    }
    if (!pending.empty()) {   // an unfinished character
        context.events().on(TextEvent{"\xef\xbf\xbd"});
        result.text += "\xef\xbf\xbd";
    }
    return result;
}

}  // namespace rankwright
