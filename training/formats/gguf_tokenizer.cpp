// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Which of llama.cpp's pre-tokenizers a tokenizer.json means is decided by behaviour: each candidate's keys are made into a tokenizer,
// and the one that splits a probing text as the folder's own does is written.
#include "training/formats/gguf_tokenizer.h"

#include "training/api/error.h"
#include "training/formats/chat_template.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"
#include "training/formats/sentencepiece_model.h"
#include "training/formats/token_model.h"
#include "training/formats/tokenizer_config.h"

#include <algorithm>
#include <functional>
#include <unordered_map>

namespace rankwright {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Contractions in both cases, digits in runs of one to seven, blanks of every kind and number, punctuation in rows, accents composed and
// not, scripts with and without case, marks, emoji with joiners: what pre-tokenizers treat differently.
constexpr std::string_view kProbe
    = " The quick fox's 1 22 333 4444 55555 1234567 don't WE'LL I'M they've\tnow   three  spaces\n\nnext\r\nline \n  end  "
      "x=1;y+=2.5e-10//c __init__(self):\n\treturn a[0]['k'] !=\"v\" ... ?!?! ---- $5,000.00 50% #tag @me a_b "
      "caf\u00e9 cafe\u0301 na\u00efve \u00dcber stra\u00dfe \u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440! \u03b1\u03b2\u03b3 "
      "\u4e2d\u6587\u5b57\u7b26\uff0c\u6d4b\u8bd5\u3002\u65e5\u672c\u8a9e\u306e\u30c6\u30b9\u30c8 \ud55c\uad6d\uc5b4 "
      "\u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u0939\u093f\u0928\u094d\u0926\u0940 \u0e44\u0e17\u0e22 \u0663\u0664\u0665 \u00bd \u2167 "
      "\U0001F680\U0001F636\u200d\U0001F32B\uFE0F \u00a0\u2003\u3000| 3.14 v2.0.1 'tis 'RE \u2019s \u201cquoted\u201d";

[[noreturn]] void refuse(const fs::path& file, const std::string& place, const std::string& found, const std::string& allowed)
{
    throw Error({.code = Code::unsupported, .file = file, .place = place, .found = found, .allowed = allowed,
        .advice = "llama.cpp could not split text as this model does: export as a folder (--format merged) instead"});
}

// The parallel arrays of GGUF's vocabulary.
struct TokenTable
{
    std::vector<std::string> tokens;
    std::vector<double> scores;
    std::vector<int64_t> types;
    explicit TokenTable(int64_t size) : tokens(size_t(size)), scores(size_t(size), -10000.0), types(size_t(size), int64_t(PieceType::unused))
    {
        for (size_t i = 0; i < tokens.size(); ++i)
            tokens[i] = "[PAD" + std::to_string(i) + "]";
    }
    [[nodiscard]] bool has(int64_t id) const { return id >= 0 && id < int64_t(tokens.size()); }
    void set(int64_t id, std::string token, double score, PieceType type)
    {
        tokens[size_t(id)] = std::move(token);
        scores[size_t(id)] = score;
        types[size_t(id)] = int64_t(type);
    }
};

struct Candidate
{
    std::string model, pre;
    TokenTable vocabulary;
    std::vector<std::string> merges;
    bool addSpacePrefix = true;
};

// What the files beside the tokenizer say, as ids.
struct SpecialIds
{
    int64_t bos = -1, eos = -1, unknown = -1, padding = -1;
    bool addBos = false, addEos = false;
};

// A token's text in tokenizer_config.json or special_tokens_map.json; empty where there is none.
std::string namedToken(const fs::path& folder, const char* key)
{
    for (const char* name : {"tokenizer_config.json", "special_tokens_map.json"}) {
        if (!fs::exists(folder / name))
            continue;
        const json document = readJsonFile(folder / name, limits::kJsonConfig);
        if (!document.is_object() || !document.contains(key))
            continue;
        const json& value = document[key];
        const json& text = value.is_object() && value.contains("content") ? value["content"] : value;
        if (text.is_string())
            return text.get<std::string>();
    }
    return {};
}

SpecialIds specialIds(const fs::path& folder, const Tokenizer& tokenizer)
{
    SpecialIds ids{.bos = tokenizer.bos(), .eos = tokenizer.eos()};
    const auto idOf = [&](const char* key) {
        const std::string text = namedToken(folder, key);
        return text.empty() ? int64_t{-1} : int64_t{tokenizer.idOf(text)};
    };
    ids.unknown = idOf("unk_token");
    ids.padding = idOf("pad_token");
    const auto with = tokenizer.encode("a", true).ids, without = tokenizer.encode("a", false).ids;
    ids.addBos = with.size() > without.size() && !with.empty() && with.front() == ids.bos;
    ids.addEos = with.size() > without.size() && !with.empty() && with.back() == ids.eos;
    return ids;
}

GgufMetadata keysOf(const Candidate& candidate, const SpecialIds& ids)
{
    GgufMetadata keys{{"tokenizer.ggml.model", ggufText(candidate.model)}, {"tokenizer.ggml.pre", ggufText(candidate.pre)},
        {"tokenizer.ggml.tokens", ggufTexts(candidate.vocabulary.tokens)},
        {"tokenizer.ggml.token_type", ggufIntegers(candidate.vocabulary.types)}};
    if (candidate.model == "llama") {
        keys.emplace_back("tokenizer.ggml.scores", ggufNumbers(candidate.vocabulary.scores));
        keys.emplace_back("tokenizer.ggml.add_space_prefix", ggufFlag(candidate.addSpacePrefix));
    } else {
        keys.emplace_back("tokenizer.ggml.merges", ggufTexts(candidate.merges));
    }
    const auto id = [&](const char* key, int64_t value) {
        if (value >= 0)
            keys.emplace_back(std::string("tokenizer.ggml.") + key, ggufInteger(value));
    };
    id("bos_token_id", ids.bos);
    id("eos_token_id", ids.eos);
    id("unknown_token_id", ids.unknown);
    id("padding_token_id", ids.padding);
    keys.emplace_back("tokenizer.ggml.add_bos_token", ggufFlag(ids.addBos));
    keys.emplace_back("tokenizer.ggml.add_eos_token", ggufFlag(ids.addEos));
    return keys;
}

// The probe, and texts made of the vocabulary's own pieces: a rule that cuts one of them is seen whatever the vocabulary is.
std::vector<std::string> probes(const Tokenizer& original)
{
    constexpr int64_t kPieces = 4000, kInOne = 16;
    std::vector<std::string> texts{std::string(kProbe), std::string(kProbe.substr(1)), "a"};
    std::vector<int32_t> ids;
    for (int64_t id = 0; id < original.size(); id += std::max<int64_t>(1, original.size() / kPieces)) {
        if (!original.isSpecial(int32_t(id)))
            ids.push_back(int32_t(id));
        if (int64_t(ids.size()) == kInOne || id + 1 == original.size()) {
            texts.push_back(original.decode(ids, true));
            ids.clear();
        }
    }
    if (!ids.empty())
        texts.push_back(original.decode(ids, true));
    return texts;
}

bool splitsAlike(const GgufMetadata& keys, const Tokenizer& original, const std::vector<std::string>& texts, const fs::path& file)
{
    GgufFile made{.path = file, .version = 3, .metadata = {keys.begin(), keys.end()}, .tensors = {}};
    try {
        const auto tokenizer = tokenizerFromGguf(made);
        return std::ranges::all_of(texts, [&](const std::string& text) {
            return tokenizer->encode(text, true).ids == original.encode(text, true).ids
                && tokenizer->encode(text, false).ids == original.encode(text, false).ids;
        });
    } catch (const Error&) {
        return false;   // a kind that this program's own reader does not know
    }
}

// The same texts with single blanks between words and none at the ends.
std::vector<std::string> withSingleBlanks(const std::vector<std::string>& texts)
{
    std::vector<std::string> changed;
    for (const std::string& text : texts) {
        std::string& single = changed.emplace_back();
        for (const char c : text) {
            if (c != ' ' || (!single.empty() && single.back() != ' '))
                single += c;
        }
        while (single.ends_with(' '))
            single.pop_back();
    }
    return changed;
}

// Added tokens are marks that text is searched for. llama.cpp has spaces in them where SentencePiece has its own sign.
void placeAdded(TokenTable& vocabulary, int64_t id, std::string content, bool special)
{
    if (!vocabulary.has(id))
        return;
    for (size_t at = special ? std::string::npos : content.find(kSpaceMark); at != std::string::npos; at = content.find(kSpaceMark, at + 1))
        content.replace(at, kSpaceMark.size(), " ");
    const double score = vocabulary.types[size_t(id)] == int64_t(PieceType::unused) ? -1000.0 : vocabulary.scores[size_t(id)];
    const bool unknown = vocabulary.types[size_t(id)] == int64_t(PieceType::unknown);
    vocabulary.set(id, std::move(content), score, unknown ? PieceType::unknown : special ? PieceType::control : PieceType::userDefined);
}

Candidate fromSentencePiece(const fs::path& file, int64_t size, const TokenizerConfig& config)
{
    const auto model = parseSentencePieceModel(readWholeFile(file, limits::kTokenizerJson), file);
    if (model.kind != SentencePieceModel::Kind::bpe)
        refuse(file, "model_type", "Unigram pieces", "BPE pieces: llama.cpp merges by score");
    Candidate made{.model = "llama", .pre = "default", .vocabulary = TokenTable(size), .merges = {}, .addSpacePrefix = model.addSpacePrefix};
    for (size_t id = 0; id < model.pieces.size() && made.vocabulary.has(int64_t(id)); ++id)
        made.vocabulary.set(int64_t(id), model.pieces[id].text, double(model.pieces[id].score), model.pieces[id].type);
    for (const AddedToken& token : config.added)
        placeAdded(made.vocabulary, token.id, token.content, token.special);
    return made;
}

// ["a b"] or [["a", "b"]]; checked when the folder's tokenizer was opened.
std::pair<std::string, std::string> mergeOf(const json& merge)
{
    if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string())
        return {merge[0].get<std::string>(), merge[1].get<std::string>()};
    const auto text = merge.is_string() ? merge.get<std::string>() : std::string();
    const size_t space = text.find(' ');
    return {text.substr(0, space), space == std::string::npos ? std::string() : text.substr(space + 1)};
}

// A BPE tokenizer.json. With byte fallback its pieces become SentencePiece's: the score that llama.cpp merges by is the merge's rank.
Candidate fromJson(const json& root, int64_t size)
{
    const json& model = root.at("model");
    const bool fallback = model.value("byte_fallback", false);
    Candidate made{.model = fallback ? "llama" : "gpt2", .pre = "default", .vocabulary = TokenTable(size), .merges = {}};
    std::unordered_map<std::string, double> rank;
    for (const json& merge : model.at("merges")) {
        const auto [left, right] = mergeOf(merge);
        if (fallback)
            rank.emplace(left + right, -double(rank.size()) - 1);
        else
            made.merges.push_back(left + " " + right);
    }
    const std::string unknown = model.contains("unk_token") && model["unk_token"].is_string() ? model["unk_token"].get<std::string>() : "";
    for (const auto& [token, id] : model.at("vocab").items()) {
        if (!id.is_number_integer() || !made.vocabulary.has(id.get<int64_t>()))
            continue;
        const auto found = rank.find(token);
        const PieceType type = fallback && byteOfPiece(token) >= 0 ? PieceType::byte
            : fallback && token == unknown                       ? PieceType::unknown
                                                         : PieceType::normal;
        made.vocabulary.set(id.get<int64_t>(), token, found != rank.end() ? found->second : 0.0, type);
    }
    if (root.contains("added_tokens")) {
        for (const json& token : root["added_tokens"])
            placeAdded(made.vocabulary, token.at("id").get<int64_t>(), token.at("content").get<std::string>(), token.value("special", false));
    }
    return made;
}

std::vector<Candidate> candidatesOf(const fs::path& folder, int64_t size, std::string_view kind)
{
    std::vector<Candidate> list;
    const TokenizerConfig config = readTokenizerConfig(folder);
    if (fs::exists(folder / "tokenizer.model"))
        list.push_back(fromSentencePiece(folder / "tokenizer.model", size, config));
    if (!fs::exists(folder / "tokenizer.json"))
        return list;
    const fs::path file = folder / "tokenizer.json";
    const json root = readJsonFile(file, limits::kTokenizerJson);
    // Older files name no type: a vocabulary with merges is what BPE has and nothing else.
    const json& model = root.at("model");
    const bool pairs = model.contains("merges") && model.contains("vocab") && model["vocab"].is_object();
    if (!pairs && list.empty())
        refuse(file, "/model", std::string(kind), "byte-level or SentencePiece BPE: llama.cpp's decoders have no other vocabulary");
    if (!pairs)
        return list;
    const Candidate made = fromJson(root, size);
    if (made.model == "llama") {
        for (const bool prefix : {true, false}) {
            list.push_back(made);
            list.back().addSpacePrefix = prefix;
        }
        return list;
    }
    for (const char* pre : {"gpt-2", "llama-bpe", "qwen2", "smollm", "deepseek-llm", "tekken", "smaug-bpe", "default"}) {
        list.push_back(made);
        list.back().pre = pre;
    }
    return list;
}

}  // namespace

GgufMetadata tokenizerKeysOf(const GgufFile& file)
{
    GgufMetadata keys;
    for (const auto& [key, value] : file.metadata) {
        if (key.starts_with("tokenizer."))
            keys.emplace_back(key, value);
    }
    return keys;
}

GgufMetadata tokenizerKeysOf(const fs::path& folder, int64_t vocabulary, std::string& note)
{
    if (!hasTokenizerFiles(folder)) {
        note = "The model's folder has no tokenizer: this file has none either, and takes token ids only.";
        return {{"tokenizer.ggml.model", ggufText("none")}};
    }
    const auto original = openTokenizer(folder);
    const SpecialIds ids = specialIds(folder, *original);
    const std::vector<std::string> texts = probes(*original);
    std::string tried;
    for (const Candidate& candidate : candidatesOf(folder, vocabulary, original->kind())) {
        GgufMetadata keys = keysOf(candidate, ids);
        bool alike = splitsAlike(keys, *original, texts, folder);
        if (!alike && candidate.model == "llama" && splitsAlike(keys, *original, withSingleBlanks(texts), folder)) {
            note = "This model's tokenizer joins blanks that follow each other and drops those at the ends of a text; llama.cpp keeps them.";
            alike = true;
        }
        if (alike) {
            if (const std::string source = chatTemplateSource(folder); !source.empty())
                keys.emplace_back("tokenizer.chat_template", ggufText(source));
            return keys;
        }
        tried += (tried.empty() ? "" : ", ") + (candidate.model == "llama" ? "SentencePiece BPE" : candidate.pre);
    }
    refuse(folder, "tokenizer", tried.empty() ? "neither tokenizer.json nor tokenizer.model" : "text is split otherwise than by any of " + tried,
        "a tokenizer that GGUF can hold");
}

}  // namespace rankwright
