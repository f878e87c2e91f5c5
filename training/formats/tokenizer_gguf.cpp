// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The tokenizer that a GGUF file carries in its metadata (tokenizer.ggml.*): kinds "gpt2" and "llama".
#include "training/formats/tokenizer.h"

#include "training/api/error.h"
#include "training/formats/byte_bpe.h"
#include "training/formats/limits.h"
#include "training/formats/sentencepiece_bpe.h"
#include "training/formats/sentencepiece_model.h"
#include "training/formats/unicode.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace rankwright {
namespace {

constexpr const char* kTokens = "tokenizer.ggml.tokens";
constexpr const char* kTypes = "tokenizer.ggml.token_type";
constexpr const char* kScores = "tokenizer.ggml.scores";
constexpr const char* kPre = "tokenizer.ggml.pre";

[[noreturn]] void refuse(
    Code code, const GgufFile& file, std::string place, std::string found, std::string allowed)
{
    const bool unsupported = code == Code::unsupported;
    throw Error(ErrorParts{.code = code,
        .file = file.path,
        .place = std::move(place),
        .found = std::move(found),
        .allowed = std::move(allowed),
        .advice = unsupported ? "Choose a model with one of these tokenizers, or give its tokenizer.json."
                              : "The file is damaged or badly converted: get it again."});
}

// The element type of an array as the file has it: a reader that casts without looking reads wild memory elsewhere.
void needElements(const GgufFile& file, const std::string& key, const std::set<uint32_t>& types,
    const std::string& allowed)
{
    const auto found = file.metadata.find(key);
    if (found == file.metadata.end())
        refuse(Code::format, file, key, "nothing", allowed);
    if (!found->second.isArray || !types.contains(found->second.type))
        refuse(Code::format, file, key,
            (found->second.isArray ? "an array of type " : "a value of type ") + std::to_string(found->second.type),
            allowed);
}

void needLength(const GgufFile& file, const std::string& key, size_t length, size_t tokens)
{
    if (length != tokens)
        refuse(Code::format, file, key, std::to_string(length) + " elements",
            std::to_string(tokens) + ", as in " + kTokens);
}

std::string element(const char* key, size_t index) { return std::string(key) + "[" + std::to_string(index) + "]"; }

// The tokens, checked: not empty, UTF-8, not more than the limit.
const std::vector<std::string>& readTokens(const GgufFile& file)
{
    needElements(file, kTokens, {8}, "an array of strings (type 8)");
    const auto& tokens = file.texts(kTokens);
    if (tokens.empty() || tokens.size() > static_cast<size_t>(limits::kVocabulary))
        refuse(Code::format, file, kTokens, std::to_string(tokens.size()) + " tokens",
            "1 to " + std::to_string(limits::kVocabulary));
    for (size_t id = 0; id < tokens.size(); ++id)
        if (firstIllFormedUtf8(tokens[id]) != std::string_view::npos)
            refuse(Code::format, file, element(kTokens, id), "text that is not UTF-8", "UTF-8");
    return tokens;
}

std::vector<PieceType> readTypes(const GgufFile& file, size_t tokens)
{
    std::vector<PieceType> types(tokens, PieceType::normal);
    if (!file.has(kTypes))
        return types;
    needElements(file, kTypes, {4, 5}, "an array of 32-bit integers (types 4 and 5)");
    const auto numbers = file.integers(kTypes);
    needLength(file, kTypes, numbers.size(), tokens);
    for (size_t id = 0; id < tokens; ++id) {
        // 0 is "undefined" and is treated as normal, as llama.cpp does.
        if (numbers[id] < 0 || numbers[id] > 6)
            refuse(Code::format, file, element(kTypes, id), std::to_string(numbers[id]), "0 to 6");
        types[id] = numbers[id] == 0 ? PieceType::normal : static_cast<PieceType>(numbers[id]);
    }
    return types;
}

// An id from the metadata; -1 where there is none.
int32_t readId(const GgufFile& file, const std::string& key, size_t tokens)
{
    const int64_t id = file.integer(key, -1);
    if (id == 0xFFFFFFFF)  // an unsigned -1
        return -1;
    if (id < -1 || id >= static_cast<int64_t>(tokens))
        refuse(Code::format, file, key, std::to_string(id), "an id below " + std::to_string(tokens));
    return static_cast<int32_t>(id);
}

AddedTokens readAdded(const GgufFile& file, const std::vector<PieceType>& types)
{
    const auto& tokens = file.texts(kTokens);
    std::vector<AddedToken> added;
    std::set<std::string_view> seen;
    for (size_t id = 0; id < tokens.size(); ++id) {
        const bool special = types[id] == PieceType::control || types[id] == PieceType::unknown;
        if ((!special && types[id] != PieceType::userDefined) || !seen.insert(tokens[id]).second)
            continue;
        added.push_back({.id = static_cast<int32_t>(id), .content = tokens[id], .match = {}, .special = special});
    }
    return {std::move(added), file.path};
}

void readCommon(const GgufFile& file, bool addBos, BpeParts& parts)
{
    const size_t tokens = file.texts(kTokens).size();
    parts.file = file.path;
    parts.bos = readId(file, "tokenizer.ggml.bos_token_id", tokens);
    parts.eos = readId(file, "tokenizer.ggml.eos_token_id", tokens);
    parts.unknown = readId(file, "tokenizer.ggml.unknown_token_id", tokens);
    if (file.flag("tokenizer.ggml.add_bos_token", addBos) && parts.bos >= 0)
        parts.before = {parts.bos};
    if (file.flag("tokenizer.ggml.add_eos_token", false) && parts.eos >= 0)
        parts.after = {parts.eos};
}

// llama.cpp's way to split where a file does not say more than "default".
std::vector<SplitStep> defaultSteps(const std::filesystem::path& file)
{
    std::vector<SplitStep> steps;
    steps.push_back(splitStepFor(R"([\p{P}\$\+<=>\^~\|]+)", SplitBehaviour::isolated, false, file));
    steps.push_back({.kind = SplitStep::Kind::gpt2});
    steps.push_back({.kind = SplitStep::Kind::numbers});
    steps.push_back(splitStepFor("[0-9][0-9][0-9]", SplitBehaviour::isolated, false, file));
    return steps;
}

// These begin each text with their BOS unless the file says otherwise, and take whole words from the vocabulary.
const std::set<std::string> kLlama3{"llama3", "llama-v3", "llama-bpe", "falcon3", "pixtral"};

// `tokenizer.ggml.pre` names the pre-tokenizer (ggml-org/llama.cpp, llama-vocab.cpp).
void readPreTokenizer(const GgufFile& file, BpeParts& parts)
{
    static const std::set<std::string> kGpt2{"gpt-2", "phi-2", "mpt", "olmo", "jais", "gigachat", "trillion",
        "granite-docling"};
    static const std::set<std::string> kQwen2{"qwen2", "deepseek-r1-qwen", "stablelm2", "hunyuan", "megrez"};
    static const std::set<std::string> kDigits{"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone",
        "minerva-7b"};
    const std::string pre = file.text(kPre, "default");
    auto& steps = parts.preTokenizer.steps;
    if (kGpt2.contains(pre)) {
        steps.push_back({.kind = SplitStep::Kind::gpt2});
    } else if (kLlama3.contains(pre)) {
        parts.ignoreMerges = true;
        steps.push_back({.kind = SplitStep::Kind::cl100k, .digits = 3});
    } else if (pre == "dbrx" || pre == "smaug-bpe") {
        steps.push_back({.kind = SplitStep::Kind::cl100k, .digits = 3});
    } else if (kQwen2.contains(pre)) {
        // The original tokenizer composes characters first; llama.cpp leaves that to its callers.
        if (pre == "qwen2")
            parts.normalizer.push_back({.kind = NormalizerStep::Kind::nfc});
        steps.push_back({.kind = SplitStep::Kind::cl100k, .digits = 1});
    } else if (kDigits.contains(pre)) {
        steps.push_back({.kind = SplitStep::Kind::numbers, .digits = 1});
        steps.push_back({.kind = SplitStep::Kind::gpt2});
    } else if (pre == "default") {
        steps = defaultSteps(file.path);
    } else {
        refuse(Code::unsupported, file, kPre, "\"" + pre.substr(0, 80) + "\"",
            "gpt-2, llama-bpe, qwen2, smollm, starcoder, command-r, olmo, falcon3, stablelm2, dbrx, default");
    }
}

MergeTable readMerges(const GgufFile& file, const Vocabulary& vocabulary)
{
    const std::string key = "tokenizer.ggml.merges";
    needElements(file, key, {8}, "an array of strings (type 8)");
    const auto& merges = file.texts(key);
    MergeTable table(merges.size());
    for (uint32_t rank = 0; rank < merges.size(); ++rank) {
        const std::string_view merge = merges[rank];
        const size_t space = merge.find(' ', 1);
        const auto left = bytesFromAlphabet(merge.substr(0, space));
        const auto right = space == std::string_view::npos ? std::nullopt : bytesFromAlphabet(merge.substr(space + 1));
        if (!left || !right || left->empty() || right->empty())
            refuse(Code::format, file, element(key.c_str(), rank), "\"" + std::string(merge.substr(0, 80)) + "\"",
                "two pieces with a space between them");
        addMerge(table, vocabulary, *left, *right, rank, file.path);
    }
    return table;
}

std::unique_ptr<Tokenizer> byteLevel(const GgufFile& file)
{
    const auto& tokens = readTokens(file);
    const std::vector<PieceType> types = readTypes(file, tokens.size());
    BpeParts parts;
    parts.added = readAdded(file, types);
    auto& [pieces, ids] = parts.vocabulary;
    pieces.resize(tokens.size());
    for (size_t id = 0; id < tokens.size(); ++id) {
        const auto bytes = bytesFromAlphabet(tokens[id]);
        pieces[id] = bytes.value_or(tokens[id]);
        const bool mergeable = types[id] != PieceType::control && types[id] != PieceType::unknown;
        if (mergeable && bytes && !bytes->empty())
            ids.emplace(pieces[id], static_cast<int32_t>(id));
    }
    const std::string pre = file.text(kPre, "default");
    readCommon(file, kLlama3.contains(pre), parts);
    readPreTokenizer(file, parts);
    // A vocabulary that has all bytes never needs the unknown token; one that lacks some drops them, as GPT-2 does.
    parts.unknown = -1;
    MergeTable merges = readMerges(file, parts.vocabulary);
    return std::make_unique<ByteBpeTokenizer>(std::move(parts), std::move(merges));
}

std::vector<float> readScores(const GgufFile& file, size_t tokens)
{
    needElements(file, kScores, {6, 12}, "an array of floats (type 6)");
    const std::vector<double> numbers = file.numbers(kScores);
    needLength(file, kScores, numbers.size(), tokens);
    std::vector<float> scores;
    for (size_t id = 0; id < tokens; ++id) {
        if (!std::isfinite(numbers[id]))
            refuse(Code::format, file, element(kScores, id), "a score that is not finite", "finite scores");
        scores.push_back(static_cast<float>(numbers[id]));
    }
    return scores;
}

std::unique_ptr<Tokenizer> sentencePiece(const GgufFile& file)
{
    const auto& tokens = readTokens(file);
    SentencePieceModel model;
    const std::vector<PieceType> types = readTypes(file, tokens.size());
    const std::vector<float> scores = readScores(file, tokens.size());
    for (size_t id = 0; id < tokens.size(); ++id)
        model.pieces.push_back({tokens[id], scores[id], types[id]});
    BpeParts parts;
    readCommon(file, true, parts);
    model.kind = SentencePieceModel::Kind::bpe;
    model.byteFallback = std::ranges::find(types, PieceType::byte) != types.end();
    model.addSpacePrefix = file.flag("tokenizer.ggml.add_space_prefix", true);
    model.removeExtraSpaces = false;
    model.bosId = parts.bos;
    model.eosId = parts.eos;
    return sentencePieceTokenizer(model, std::move(parts), {});
}

}  // namespace

std::unique_ptr<Tokenizer> tokenizerFromGguf(const GgufFile& file)
{
    const std::string kind = file.text("tokenizer.ggml.model");
    if (kind == "gpt2")
        return byteLevel(file);
    if (kind == "llama")
        return sentencePiece(file);
    refuse(Code::unsupported, file, "tokenizer.ggml.model", "\"" + kind.substr(0, 80) + "\"",
        "gpt2 (byte-level BPE) and llama (SentencePiece BPE)");
}

}  // namespace rankwright
