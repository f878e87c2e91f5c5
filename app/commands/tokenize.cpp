// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `tokenize` and `detokenize`: need the tokenizer's files only.
#include "app/commands.h"
#include "app/event_stream.h"
#include "app/text_table.h"
#include "training/formats/chat_template.h"
#include "training/formats/dataset.h"
#include "training/formats/file_reader.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"
#include "training/formats/rendered_chat.h"
#include "training/formats/tokenizer.h"
#include "training/models/model_source.h"
#include "training/api/config.h"
#include "training/api/number_text.h"
#include "training/api/words.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <ctime>
#include <limits>
#include <memory>
#include <optional>

namespace rankwright {

namespace {

struct TokenizeAsk
{
    std::string model, text, file, ids, pair;
    bool chat = false, noSpecial = false, textGiven = false, pairGiven = false, parseSpecial = false, lines = false;
    bool timing = false;
};

// A tokenizer file or a folder that has one is enough; otherwise a model is looked for.
std::filesystem::path tokenizerPath(const std::string& model)
{
    std::error_code ignored;
    const std::filesystem::path path(model);
    const bool file = std::filesystem::is_regular_file(path, ignored);
    return file || hasTokenizerFiles(path) ? path : resolveModel(model);
}

std::unique_ptr<Tokenizer> tokenizerAt(const std::filesystem::path& path)
{
    return openModelTokenizer(path);
}

std::string asChat(const std::string& text, const std::filesystem::path& path, const Tokenizer& tokenizer)
{
    std::string source = chatTemplateSource(path);
    if (source.empty())
        throw Error(ErrorParts{.code = Code::unsupported,
            .file = path,
            .place = "--chat",
            .found = "this model has no chat template",
            .allowed = {},
            .advice = "Leave --chat out."});
    const auto piece = [&](int32_t id) { return id < 0 ? std::string() : tokenizer.piece(id); };
    const ChatTemplate chat(std::move(source), piece(tokenizer.bos()), piece(tokenizer.eos()), path);
    return chat.render({{.role = "user", .content = text}}, true);
}

Encoding encodingOf(
    const Tokenizer& tokenizer, const TokenizeAsk& ask, const std::string& text, const std::string* pair)
{
    const auto special = ask.parseSpecial ? SpecialText::recognise : SpecialText::encodeAsText;
    return pair != nullptr ? tokenizer.encodePair(text, *pair, !ask.noSpecial, special)
                           : tokenizer.encode(text, !ask.noSpecial, special);
}

nlohmann::json answerOf(
    const Tokenizer& tokenizer, const Encoding& encoding, const std::string& text, const std::string& pair)
{
    nlohmann::json pieces = nlohmann::json::array();
    for (const int32_t id : encoding.ids)
        pieces.push_back(tokenizer.piece(id));
    nlohmann::json answer{{"ids", encoding.ids}, {"pieces", pieces},
        {"offsets", tokenizer.shownOffsets(encoding, text, pair)}};
    if (!encoding.types.empty())
        answer["types"] = encoding.types;
    if (encoding.second)
        answer["second"] = *encoding.second;
    return answer;
}

// A line of --lines: a text, or an array of two.
std::pair<std::string, std::optional<std::string>> textsOfLine(
    std::string_view line, const TokenizeAsk& ask, size_t number)
{
    const auto fail = [&](std::string found) {
        return refusal(Code::data, ask.file + ", line " + std::to_string(number), std::move(found),
            "a JSON string, or an array of two", "Write one text a line.");
    };
    const nlohmann::json value = parseUntrusted(line, ask.file);
    if (value.is_string())
        return {value.get<std::string>(), {}};
    if (!value.is_array() || value.size() != 2 || !value[0].is_string() || !value[1].is_string())
        throw fail(value.is_array() ? "another array" : "another value");
    return {value[0].get<std::string>(), value[1].get<std::string>()};
}

// One answer for each line of the file, with the text that its ids decode to.
int tokenizeLines(Context& context, const TokenizeAsk& ask, const Tokenizer& tokenizer)
{
    const std::string all = readWholeFile(ask.file, limits::kTokenizerJson);
    std::string_view rest = all;
    for (size_t number = 1; !rest.empty(); ++number) {
        const size_t end = std::min(rest.find('\n'), rest.size());
        const auto line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.empty())
            continue;
        const auto [text, pair] = textsOfLine(line, ask, number);
        const Encoding encoding = encodingOf(tokenizer, ask, text, pair ? &*pair : nullptr);
        nlohmann::json answer = answerOf(tokenizer, encoding, text, pair.value_or(""));
        answer["text"] = tokenizer.decode(encoding.ids, false);
        context.out.write(jsonText(answer, -1) + '\n');
    }
    return 0;
}

double processorSeconds() { return double(std::clock()) / CLOCKS_PER_SEC; }

// The file as a data set, every row's text encoded once in one thread: what to compare with another tokenizer's speed. Times are the
// processor's, which other programs disturb least.
int timeRows(Context& context, const TokenizeAsk& ask, const Tokenizer& tokenizer)
{
    const double started = processorSeconds();
    const Dataset dataset = openDataset(ask.file, Split::train);
    const double reading = processorSeconds() - started;
    std::vector<std::string> texts;
    size_t bytes = 0, tokens = 0;
    for (const Example& example : dataset.examples) {
        const std::string_view between = example.prompt.empty() || example.response.empty() ? "" : "\n";
        texts.push_back(example.messages.empty() ? example.prompt + std::string(between) + example.response
                                                 : joinChat(example.messages).text);
        bytes += texts.back().size();
    }
    const double before = processorSeconds();
    for (const std::string& text : texts)
        tokens += encodingOf(tokenizer, ask, text, nullptr).ids.size();
    const double seconds = processorSeconds() - before;
    const double rate = double(bytes) / 1e6 / std::max(seconds, 1e-9);
    if (context.json) {
        const nlohmann::json answer{{"kind", tokenizer.kind()}, {"rows", texts.size()}, {"tokens", tokens}, {"bytes", bytes},
            {"reading_seconds", reading}, {"seconds", seconds}, {"megabytes_per_second", rate}};
        context.out.write(jsonText(answer, -1) + '\n');
        return 0;
    }
    TextTable table({{"ROWS", TextTable::Align::right}, {"TOKENS", TextTable::Align::right}, {"MB", TextTable::Align::right},
        {"READING S", TextTable::Align::right}, {"ENCODING S", TextTable::Align::right}, {"MB/S", TextTable::Align::right}});
    table.add({std::to_string(texts.size()), std::to_string(tokens), numberText(double(bytes) / 1e6, 2), numberText(reading, 2),
        numberText(seconds, 2), numberText(rate, 1)});
    context.out.write(table.text());
    return 0;
}

void needOneSource(const TokenizeAsk& ask)
{
    if (ask.textGiven == !ask.file.empty())
        throw refusal(Code::usage, "--text and --file", ask.textGiven ? "both given" : "neither given", "one of them",
            "See rankwright-cli tokenize --help.");
    if (ask.lines && (ask.file.empty() || ask.chat || ask.pairGiven))
        throw refusal(Code::usage, "--lines", "--text, --chat or --pair with it", "--file alone",
            "Put the texts into a file, one JSON string a line, or [text, pair].");
    if (ask.timing && (ask.file.empty() || ask.chat || ask.pairGiven || ask.lines))
        throw refusal(Code::usage, "--timing", "--text, --chat, --pair or --lines with it", "--file alone",
            "Give a data set: --file rows.jsonl.");
    if (ask.chat && ask.pairGiven)
        throw refusal(Code::usage, "--chat and --pair", "both given", "one of them", "A chat has one message here.");
}

int tokenize(Context& context, const TokenizeAsk& ask)
{
    require(ask.model, "MODEL", "tokenize");
    needOneSource(ask);
    const auto path = tokenizerPath(ask.model);
    const auto tokenizer = tokenizerAt(path);
    if (ask.lines)
        return tokenizeLines(context, ask, *tokenizer);
    if (ask.timing)
        return timeRows(context, ask, *tokenizer);
    std::string text = ask.textGiven ? ask.text : readWholeFile(ask.file, limits::kJsonLine);
    // A rendered template brings its special tokens along: none are added, and its own are recognised.
    if (ask.chat)
        text = asChat(text, path, *tokenizer);
    const Encoding encoding = ask.chat ? tokenizer->encode(text, false, SpecialText::recognise)
                                       : encodingOf(*tokenizer, ask, text, ask.pairGiven ? &ask.pair : nullptr);
    if (context.json) {
        context.out.write(jsonText(answerOf(*tokenizer, encoding, text, ask.pair), -1) + '\n');
        return 0;
    }
    TextTable table({{"ID", TextTable::Align::right}, {"PIECE"}});
    for (const int32_t id : encoding.ids)
        table.add({std::to_string(id), '"' + tokenizer->piece(id) + '"'});
    context.out.write(table.text());
    context.say(std::to_string(encoding.ids.size()) + " tokens");
    return 0;
}

int detokenize(Context& context, const TokenizeAsk& ask)
{
    require(ask.model, "MODEL", "detokenize");
    require(ask.ids, "--ids", "detokenize");
    const auto ids = parseIds(ask.ids);
    const auto tokenizer = tokenizerAt(tokenizerPath(ask.model));
    for (const int32_t id : ids) {
        if (id >= tokenizer->size())
            throw refusal(Code::data, "--ids", std::to_string(id), "0 to " + std::to_string(tokenizer->size() - 1),
                "Give ids of this model's vocabulary.");
    }
    const std::string text = tokenizer->decode(ids, ask.noSpecial);
    if (context.json)
        context.out.write(jsonText({{"text", text}}, -1) + '\n');
    else
        context.out.write(shownText(text, context.out.isTerminal()) + '\n');
    return 0;
}

}  // namespace

std::vector<int32_t> parseIds(const std::string& text)
{
    std::vector<int32_t> ids;
    for (const std::string& word : split(text)) {
        const int64_t id = parseInteger(word, "--ids");
        if (id < 0 || id > std::numeric_limits<int32_t>::max())
            throw refusal(
                Code::usage, "--ids", std::to_string(id), "ids of the vocabulary, from 0", "For example --ids 1,2,3.");
        ids.push_back(int32_t(id));
    }
    return ids;
}

void addTokenize(CLI::App& program, Commands& commands)
{
    auto ask = std::make_shared<TokenizeAsk>();
    CLI::App* app = program.add_subcommand("tokenize", "A text's token ids and pieces");
    app->add_option("MODEL", ask->model, "A model, or a tokenizer's file or folder")->type_name("");
    CLI::Option* text = app->add_option("--text", ask->text, "The text")->type_name("T");
    app->add_option("--file", ask->file, "A file with the text")->type_name("F");
    app->add_flag("--chat", ask->chat, "As a user's message in the model's chat template");
    CLI::Option* pair
        = app->add_option("--pair", ask->pair, "A second text, for models that compare two")->type_name("T");
    app->add_flag("--lines", ask->lines, "With --file: a JSON string, or [text, pair], a line; a JSON answer each");
    app->add_flag("--timing", ask->timing, "With --file, a data set: how long encoding all its rows takes in one thread");
    app->add_flag("--no-special", ask->noSpecial, "Without the special tokens the model's tokenizer adds");
    app->add_flag("--parse-special", ask->parseSpecial, "Special tokens spelled in the text are these tokens");
    commands.push_back({app, [ask, text, pair](Context& context) {
                            ask->textGiven = text->count() > 0;
                            ask->pairGiven = pair->count() > 0;
                            return tokenize(context, *ask);
                        }});

    auto back = std::make_shared<TokenizeAsk>();
    CLI::App* reverse = program.add_subcommand("detokenize", "The text of token ids");
    reverse->add_option("MODEL", back->model, "A model, or a tokenizer's file or folder")->type_name("");
    reverse->add_option("--ids", back->ids, "Token ids, separated by commas")->type_name("1,2,3");
    reverse->add_flag("--no-special", back->noSpecial, "Leave special tokens out");
    commands.push_back({reverse, [back](Context& context) { return detokenize(context, *back); }});
}

}  // namespace rankwright
