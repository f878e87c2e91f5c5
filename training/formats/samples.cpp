// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Tokens of examples and the choice of those that are trained. A token's place is its byte range in the example's text.
#include "training/formats/samples.h"

#include "training/api/config.h"
#include "training/api/error.h"
#include "training/formats/dataset_columns.h"
#include "training/formats/rendered_chat.h"

#include <algorithm>

namespace rankwright {

namespace {

constexpr int64_t kProgressEvery = 64;  // rows between two calls

bool isTextFile(const Dataset& dataset)
{
    auto extension = dataset.file.extension().string();
    for (char& c : extension)
        c = c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
    return dataset.format == "text" && extension == ".txt" && dataset.examples.size() == 1;
}

bool isPlain(const Dataset& dataset, const Example& example)
{
    return dataset.format == "text" || (dataset.format.empty() && example.messages.empty() && example.prompt.empty());
}

std::string tokenText(const Tokenizer& tokenizer, int32_t id)
{
    return id < 0 ? std::string() : tokenizer.decode({id});
}

Sample untrained(Encoding encoding)
{
    Sample sample;
    sample.ids = std::move(encoding.ids);
    sample.trained.assign(sample.ids.size(), false);
    return sample;
}

void trainAll(Sample& sample)
{
    std::fill(sample.trained.begin(), sample.trained.end(), true);
}

void appendEnd(Sample& sample, int32_t eos)
{
    if (eos < 0)
        return;
    sample.ids.push_back(eos);
    sample.trained.push_back(true);
}

// Trains what ends an assistant's message, from token `i` on and before the next message at byte `stop`: white space
// and the first special token, or the first token where the template has no special one. False where there is no token.
bool trainEnd(Sample& sample, const Encoding& encoding, const Tokenizer& tokenizer, std::string_view text, size_t i,
    size_t stop)
{
    std::vector<size_t> candidates;
    for (; i < encoding.ids.size() && encoding.offsets[i].second <= stop; ++i) {
        const auto [begin, end] = encoding.offsets[i];
        if (begin == end)
            continue;
        candidates.push_back(i);
        const bool special = tokenizer.isSpecial(encoding.ids[i]);
        if (!special && text.substr(begin, end - begin).find_first_not_of(" \t\r\n") == std::string_view::npos)
            continue;
        if (!special)
            candidates.resize(1);
        break;
    }
    for (const size_t ending : candidates)
        sample.trained[ending] = true;
    return !candidates.empty();
}

Sample chatSample(const RenderedChat& chat, const Tokenizer& tokenizer, bool answersOnly)
{
    const auto encoding = encodeChat(tokenizer, chat);
    auto sample = untrained(encoding);
    if (!answersOnly) {
        trainAll(sample);
        return sample;
    }
    size_t i = 0;  // tokens and contents both follow the text
    bool ended = true;
    for (size_t c = 0; c < chat.contents.size(); ++c) {
        const auto& content = chat.contents[c];
        if (!content.assistant)
            continue;
        // A token that a template's space and the answer's first word share belongs to the answer.
        while (i < encoding.ids.size() && encoding.offsets[i].second <= content.begin)
            ++i;
        for (; i < encoding.ids.size() && encoding.offsets[i].first < content.end; ++i)
            sample.trained[i] = true;
        const bool last = c + 1 == chat.contents.size();
        const size_t stop = last ? chat.text.size() : chat.contents[c + 1].begin;
        ended = trainEnd(sample, encoding, tokenizer, chat.text, i, stop) || !last;
    }
    if (!ended)
        appendEnd(sample, tokenizer.eos());
    return sample;
}

// Messages without a template: trained are the tokens that begin inside an answer. An end of text is appended where the
// last message is an answer.
Sample joinedSample(const RenderedChat& chat, const Tokenizer& tokenizer, bool answersOnly)
{
    const auto encoding = tokenizer.encode(chat.text, false);
    auto sample = untrained(encoding);
    if (!answersOnly) {
        trainAll(sample);
        return sample;
    }
    size_t i = 0;
    for (const auto& content : chat.contents) {
        while (i < encoding.ids.size() && encoding.offsets[i].first < content.begin)
            ++i;
        for (; i < encoding.ids.size() && encoding.offsets[i].first < content.end; ++i)
            sample.trained[i] = content.assistant;
    }
    // An empty answer trains nothing, not even to stop: it is a gap in the data rather than something to learn.
    if (!chat.contents.empty() && chat.contents.back().assistant && chat.contents.back().end == chat.text.size())
        appendEnd(sample, tokenizer.eos());
    return sample;
}

std::vector<ChatMessage> conversation(const Example& example)
{
    if (!example.messages.empty())
        return example.messages;
    return {{"user", withoutAlpacaHeader(example.prompt)}, {"assistant", example.response}};
}

void cut(Sample& sample, int64_t maxLength)
{
    sample.fullLength = int64_t(sample.ids.size());
    if (sample.fullLength <= maxLength)
        return;
    sample.ids.resize(size_t(maxLength));
    sample.trained.resize(size_t(maxLength));
}

std::vector<Sample> windows(const Sample& whole, int64_t maxLength)
{
    std::vector<Sample> out;
    const auto count = int64_t(whole.ids.size());
    // A single token left over has nothing to be predicted from.
    for (int64_t first = 0; first < count && (count - first > 1 || first == 0); first += maxLength) {
        const auto last = std::min(first + maxLength, count);
        Sample window;
        window.ids.assign(whole.ids.begin() + first, whole.ids.begin() + last);
        window.trained.assign(window.ids.size(), true);
        window.trained[0] = false;
        window.fullLength = last - first;
        window.row = int64_t(out.size());
        out.push_back(std::move(window));
    }
    return out;
}

void step(const std::function<bool(int64_t, int64_t)>& progress, int64_t done, int64_t total)
{
    if (!progress || (done % kProgressEvery != 0 && done != total) || progress(done, total))
        return;
    throw Error(ErrorParts {.code = Code::stopped, .file = {}, .place = "row " + std::to_string(done),
        .found = "tokenising was cancelled", .allowed = {}, .advice = "Nothing was changed"});
}

void refuseNoTargets(const Dataset& dataset, const std::vector<Sample>& samples)
{
    if (std::any_of(samples.begin(), samples.end(), [](const Sample& s) { return s.targets() > 0; }))
        return;
    const bool cutOff = std::any_of(samples.begin(), samples.end(),
        [](const Sample& s) { return s.fullLength > int64_t(s.ids.size()); });
    throw Error(ErrorParts {.code = Code::data, .file = dataset.file, .place = dataset.name,
        .found = "0 target tokens in " + std::to_string(samples.size()) + " rows",
        .allowed = "at least one token to train on",
        .advice = cutOff ? "The rows are cut before their answers: raise --max-length"
                         : "All answers are empty: check the columns, or train on all tokens with --loss all"});
}

}  // namespace

int64_t Sample::targets() const { return std::count(trained.begin(), trained.end(), true); }

Sampler::Sampler(const Tokenizer& tokenizer, SampleOptions options)
    : m_tokenizer(tokenizer)
    , m_options(std::move(options))
{
    const bool known = m_options.loss == "answer" || m_options.loss == "all";
    if (!known || m_options.maxLength < 1) {
        throw Error(ErrorParts {.code = Code::config, .file = {}, .place = known ? "maxLength" : "loss",
            .found = known ? std::to_string(m_options.maxLength) : m_options.loss,
            .allowed = known ? "1 or more" : "answer, all", .advice = "Correct the option"});
    }
    if (m_options.chatTemplate == "none" || m_options.templateSource.empty())
        return;
    try {
        checkTemplateSource(m_options.templateSource);
        m_template = std::make_unique<ChatTemplate>(m_options.templateSource, tokenText(tokenizer, tokenizer.bos()),
            tokenText(tokenizer, tokenizer.eos()));
    } catch (const Error&) {
        // The model's template may never be needed; where it is, sample() reports this.
        if (m_options.chatTemplate != "auto")
            throw;
    }
}

Sampler::~Sampler() = default;

Sample Sampler::sample(const Dataset& dataset, int64_t row) const
{
    const auto& example = dataset.examples.at(size_t(row));
    const bool answersOnly = m_options.loss == "answer";
    const bool automatic = m_options.chatTemplate == "auto";
    const bool templated = automatic ? !example.messages.empty() : m_options.chatTemplate != "none";
    const bool whole = isTextFile(dataset);
    Sample out;
    try {
        if (isPlain(dataset, example)) {
            out = untrained(m_tokenizer.encode(example.response, false));
            trainAll(out);
        } else if (!templated) {
            const std::vector<ChatMessage> pair {{"user", example.prompt}, {"assistant", example.response}};
            out = joinedSample(joinChat(example.messages.empty() ? pair : example.messages), m_tokenizer, answersOnly);
        } else {
            out = chatSample(renderChat(templateInUse(), conversation(example)), m_tokenizer, answersOnly);
        }
    } catch (const Error& error) {
        auto parts = error.parts();
        if (parts.code != Code::data || !parts.file.empty())
            throw;
        parts.file = dataset.file;
        const bool inFile = example.line > 0;
        const auto number = std::to_string(inFile ? example.line : row + 1);
        parts.place = (inFile ? "line " : "row ") + number + ", " + parts.place;
        throw Error(parts);
    }
    if (!out.trained.empty())
        out.trained[0] = false;  // nothing comes before it
    cut(out, whole ? int64_t(out.ids.size()) : m_options.maxLength);
    out.row = row;
    return out;
}

std::vector<Sample> Sampler::samples(const Dataset& dataset, const std::string& rows,
    const std::function<bool(int64_t, int64_t)>& progress) const
{
    std::vector<Sample> out;
    if (isTextFile(dataset)) {
        step(progress, 0, 1);
        auto all = windows(sample(dataset, 0), m_options.maxLength);
        const auto [first, last] = parseRows(rows, int64_t(all.size()), "--rows");
        out.assign(std::make_move_iterator(all.begin() + first), std::make_move_iterator(all.begin() + last));
        step(progress, 1, 1);
    } else {
        const auto [first, last] = parseRows(rows, int64_t(dataset.examples.size()), "--rows");
        out.reserve(size_t(last - first));
        for (int64_t row = first; row < last; ++row) {
            step(progress, row - first, last - first);
            out.push_back(sample(dataset, row));
        }
        step(progress, last - first, last - first);
    }
    refuseNoTargets(dataset, out);
    return out;
}

const ChatTemplate& Sampler::templateInUse() const
{
    if (m_template)
        return *m_template;
    if (m_options.templateSource.empty()) {
        throw Error(ErrorParts {.code = Code::config, .file = {}, .place = "template",
            .found = "the model has no chat template, and the rows are conversations", .allowed = "a template, or none",
            .advice = "Choose one with --template NAME, or join the messages as plain text with --template none"});
    }
    checkTemplateSource(m_options.templateSource);
    static_cast<void>(ChatTemplate(m_options.templateSource, {}, {}));  // throws what the constructor kept back
    throw Error(ErrorParts {.code = Code::internal, .file = {}, .place = "chat template",
        .found = "a template that was refused first and parsed then", .allowed = {}, .advice = "Please report this"});
}

}  // namespace rankwright
