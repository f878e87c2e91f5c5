// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `tokenize` and `detokenize`: need the tokenizer's files only.
#include "app/commands.h"
#include "app/event_stream.h"
#include "app/text_table.h"
#include "training/formats/chat_template.h"
#include "training/formats/file_reader.h"
#include "training/formats/limits.h"
#include "training/formats/tokenizer.h"
#include "training/models/model_source.h"
#include "training/api/config.h"
#include "training/api/words.h"

#include <CLI/CLI.hpp>

#include <limits>
#include <memory>

namespace rankwright {

namespace {

struct TokenizeAsk
{
    std::string model, text, file, ids;
    bool chat = false, noSpecial = false, textGiven = false;
};

// A tokenizer file or a folder that has one is enough; otherwise a model is looked for.
std::filesystem::path tokenizerPath(const std::string& model)
{
    std::error_code ignored;
    const std::filesystem::path path(model);
    const bool file = std::filesystem::is_regular_file(path, ignored);
    const bool folder = std::filesystem::exists(path / "tokenizer.json", ignored)
        || std::filesystem::exists(path / "tokenizer.model", ignored);
    return file || folder ? path : resolveModel(model);
}

std::unique_ptr<Tokenizer> tokenizerAt(const std::filesystem::path& path)
{
    const bool plainFile = path.extension() == ".json" || path.extension() == ".model";
    return plainFile ? openTokenizer(path) : openModelTokenizer(path);
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

int tokenize(Context& context, const TokenizeAsk& ask)
{
    require(ask.model, "MODEL", "tokenize");
    if (ask.textGiven == !ask.file.empty())
        throw refusal(Code::usage, "--text and --file", ask.textGiven ? "both given" : "neither given", "one of them",
            "See rankwright-cli tokenize --help.");
    const std::string plain = ask.textGiven ? ask.text : readWholeFile(ask.file, limits::kJsonLine);
    const auto path = tokenizerPath(ask.model);
    const auto tokenizer = tokenizerAt(path);
    // A rendered template brings its special tokens along: none are added, and its own are recognised.
    const Encoding encoding = ask.chat
        ? tokenizer->encode(asChat(plain, path, *tokenizer), false, SpecialText::recognise)
        : tokenizer->encode(plain, !ask.noSpecial);
    if (context.json) {
        nlohmann::json pieces = nlohmann::json::array();
        for (const int32_t id : encoding.ids)
            pieces.push_back(tokenizer->piece(id));
        context.out.write(jsonText({{"ids", encoding.ids}, {"pieces", pieces}}, -1) + '\n');
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
    app->add_flag("--no-special", ask->noSpecial, "Without the special tokens the model's tokenizer adds");
    commands.push_back({app, [ask, text](Context& context) {
                            ask->textGiven = text->count() > 0;
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
