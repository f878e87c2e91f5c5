// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Tokens of examples and the choice of those that are trained. A token's place is its byte range in the example's text.
#include "training/formats/samples.h"

#include "training/api/config.h"
#include "training/api/error.h"
#include "training/formats/builtin_templates.h"
#include "training/formats/dataset_columns.h"
#include "training/formats/file_reader.h"
#include "training/formats/labelled_text.h"
#include "training/formats/rendered_chat.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <mutex>
#include <thread>

namespace rankwright {

namespace {

constexpr int64_t kProgressEvery = 64;  // rows between two calls

bool isTextFile(const Dataset& dataset)
{
    return dataset.format == "text" && lowerExtension(dataset.file) == ".txt";
}

bool isPlain(const Dataset& dataset, const Example& example)
{
    return dataset.format == "text" || (dataset.format.empty() && example.messages.empty() && example.prompt.empty());
}

// One or two texts that may have a label.
bool isLabelled(const Dataset& dataset) { return dataset.format == "labels" || dataset.format.starts_with("GLUE"); }

std::string tokenText(const Tokenizer& tokenizer, int32_t id)
{
    return id < 0 ? std::string() : tokenizer.decode({id});
}

Sample untrained(Encoding encoding)
{
    Sample sample;
    sample.ids = std::move(encoding.ids);
    sample.offsets = std::move(encoding.offsets);
    sample.types = std::move(encoding.types);
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
    if (!sample.offsets.empty())
        sample.offsets.emplace_back(sample.offsets.back().second, sample.offsets.back().second);
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
    sample.offsets.resize(std::min(sample.offsets.size(), size_t(maxLength)));
    sample.types.resize(std::min(sample.types.size(), size_t(maxLength)));
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
        if (!whole.offsets.empty())
            window.offsets.assign(whole.offsets.begin() + first, whole.offsets.begin() + last);
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

}  // namespace

void refuseNoTargets(const Dataset& dataset, int64_t rows, bool cutOff)
{
    throw Error(ErrorParts {.code = Code::data, .file = dataset.file, .place = dataset.name,
        .found = "0 target tokens in " + std::to_string(rows) + " rows", .allowed = "at least one token to train on",
        .advice = cutOff ? "The rows are cut before their answers: raise --max-length"
                         : "All answers are empty: check the columns, or train on all tokens with --loss all"});
}

int64_t Sample::targets() const { return label ? 1 : std::count(trained.begin(), trained.end(), true); }

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

Sample Sampler::tokens(const Dataset& dataset, const Example& example) const
{
    const bool answersOnly = m_options.loss == "answer";
    const bool automatic = m_options.chatTemplate == "auto";
    const bool templated = automatic ? !example.messages.empty() : m_options.chatTemplate != "none";
    if (isPlain(dataset, example) || isLabelled(dataset)) {
        const auto text = isPlain(dataset, example) || example.response.empty() ? example.prompt + example.response
                                                                               : example.prompt + "\n" + example.response;
        auto out = untrained(m_tokenizer.encode(text, false));
        trainAll(out);
        return out;
    }
    if (templated)
        return chatSample(renderChat(templateInUse(), conversation(example)), m_tokenizer, answersOnly);
    const std::vector<ChatMessage> pair {{"user", example.prompt}, {"assistant", example.response}};
    return joinedSample(joinChat(example.messages.empty() ? pair : example.messages), m_tokenizer, answersOnly);
}

double Sampler::labelOf(const Example& example) const
{
    const auto refuse = [](std::string found, std::string allowed, std::string advice) {
        return Error(ErrorParts {.code = Code::data, .file = {}, .place = "label", .found = std::move(found), .allowed = std::move(allowed),
            .advice = std::move(advice)});
    };
    if (!example.label)
        throw refuse("a row without a label", "a label in every row", "Name the column: --columns label=NAME, or train with --task lm");
    const auto& label = *example.label;
    if (m_options.task == "regress") {
        double value = 0;
        const auto end = std::from_chars(label.data(), label.data() + label.size(), value).ptr;
        if (end != label.data() + label.size() || !std::isfinite(float(value)))
            throw refuse("the label \"" + label + "\"", "a number that float32 holds", "Correct the row, or train with --task classify");
        return value;
    }
    const auto& names = m_options.labels;
    if (const auto found = std::find(names.begin(), names.end(), label); found != names.end())
        return double(found - names.begin());
    // Classes that were given names on the command line are numbers in the file; where the names are numbers, they are the names.
    const auto numberOf = [](const std::string& text) -> std::optional<size_t> {
        size_t number = 0;
        const auto end = std::from_chars(text.data(), text.data() + text.size(), number).ptr;
        return !text.empty() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
    };
    const bool named = std::none_of(names.begin(), names.end(), [&](const std::string& name) { return numberOf(name).has_value(); });
    if (const auto number = numberOf(label); named && number && *number < names.size())
        return double(*number);
    std::string all;
    for (const auto& name : names)
        all += (all.empty() ? "" : ", ") + name;
    throw refuse("the label \"" + label + "\"", all.empty() ? "one of the classes, of which there are none" : all,
        "Correct the row, or name all classes in their order with --labels");
}

// Special tokens, the text and the second one; the label is the only thing to learn.
Sample Sampler::labelled(const Example& example) const
{
    const double label = labelOf(example);
    auto texts = encodeTexts(m_tokenizer, example.prompt, example.response, m_options.maxLength);
    auto out = untrained(std::move(texts.encoding));
    out.label = label;
    out.fullLength = texts.fullLength;
    if (out.ids.empty()) {
        throw Error(ErrorParts {.code = Code::data, .file = {}, .place = "text", .found = "a text without a token",
            .allowed = "at least one token to read the label from", .advice = "Leave the row out, or correct its text"});
    }
    return out;
}

Sample Sampler::sample(const Dataset& dataset, int64_t row) const
{
    return sample(dataset, dataset.examples.at(size_t(row)), row);
}

Sample Sampler::sample(const Dataset& dataset, const Example& example, int64_t row) const
{
    Sample out;
    try {
        out = m_options.task == "lm" ? tokens(dataset, example) : labelled(example);
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
    if (std::none_of(out.types.begin(), out.types.end(), [](int32_t type) { return type != 0; }))
        out.types = {};
    if (!out.trained.empty())
        out.trained[0] = false;  // nothing comes before it
    if (!m_options.offsets)
        out.offsets = {};
    if (!out.label)
        cut(out, isTextFile(dataset) ? int64_t(out.ids.size()) : m_options.maxLength);
    out.row = row;
    return out;
}

// Rows are handed out in order, 64 at a time, so that all rows before one that fails are looked at too.
std::vector<Sample> Sampler::inThreads(const Dataset& dataset, int64_t first, int64_t last,
    const std::function<bool(int64_t, int64_t)>& progress) const
{
    const int64_t count = last - first;
    std::vector<Sample> out(static_cast<size_t>(count));
    std::atomic<int64_t> next = 0, done = 0;
    std::mutex mutex;
    int64_t failed = count;          // the first row that failed,
    std::exception_ptr failure;      // and why
    const auto work = [&](const std::function<void()>& report) {
        for (;;) {
            report();
            const int64_t begin = next.fetch_add(kProgressEvery);
            for (int64_t row = begin; row < std::min(begin + kProgressEvery, count); ++row) {
                try {
                    out[size_t(row)] = sample(dataset, first + row);
                } catch (...) {
                    next = count;
                    const std::lock_guard lock(mutex);
                    failure = row < failed ? std::current_exception() : failure;
                    failed = std::min(row, failed);
                    return;
                }
            }
            if (begin >= count)
                return;
            done += std::min(kProgressEvery, count - begin);
        }
    };
    {
        const int64_t shares = (count + kProgressEvery - 1) / kProgressEvery;
        std::vector<std::jthread> others;
        for (int64_t i = 1; i < std::min(m_options.threads, shares); ++i)
            others.emplace_back([&work] { work([] {}); });
        try {
            work([&] { step(progress, done, count); });
        } catch (...) {  // cancelled: the others end with the rows they have
            next = count;
            throw;
        }
    }
    if (failure)
        std::rethrow_exception(failure);
    step(progress, count, count);
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
        out = inThreads(dataset, first, last, progress);
    }
    const auto trains = [](const Sample& s) { return s.targets() > 0; };
    if (std::none_of(out.begin(), out.end(), trains)) {
        refuseNoTargets(dataset, int64_t(out.size()),
            std::any_of(out.begin(), out.end(), [](const Sample& s) { return s.fullLength > int64_t(s.ids.size()); }));
    }
    return out;
}

const ChatTemplate& Sampler::templateInUse() const
{
    if (m_template)
        return *m_template;
    if (m_options.templateSource.empty()) {
        throw Error(ErrorParts {.code = Code::config, .file = {}, .place = "template",
            .found = "the model has no chat template, and the rows are conversations", .allowed = builtinTemplateNames() + ", a file with a template, or none",
            .advice = "Choose one with --template NAME, or join the messages as plain text with --template none"});
    }
    checkTemplateSource(m_options.templateSource);
    static_cast<void>(ChatTemplate(m_options.templateSource, {}, {}));  // throws what the constructor kept back
    throw Error(ErrorParts {.code = Code::internal, .file = {}, .place = "chat template",
        .found = "a template that was refused first and parsed then", .allowed = {}, .advice = "Please report this"});
}

}  // namespace rankwright
