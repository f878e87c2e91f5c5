// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The tokenizer that a GGUF file carries in its metadata (tokenizer.ggml.*): kinds "gpt2", "llama", "t5" and "bert".
#include "training/formats/tokenizer.h"

#include "training/api/error.h"
#include "training/formats/byte_alphabet.h"
#include "training/formats/byte_bpe.h"
#include "training/formats/tokenizer_gguf_split.h"
#include "training/formats/limits.h"
#include "training/formats/sentencepiece_tokenizer.h"
#include "training/formats/tokenizer_pipeline.h"
#include "training/formats/unicode.h"
#include "training/formats/wordpiece.h"

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
    for (size_t id = 0; id < tokens.size(); ++id) {
        if (firstIllFormedUtf8(tokens[id]) != std::string_view::npos)
            refuse(Code::format, file, element(kTokens, id), "text that is not UTF-8", "UTF-8");
        if (tokens[id].size() > limits::kPiece)
            refuse(Code::limit, file, element(kTokens, id), "a piece of " + std::to_string(tokens[id].size()) + " bytes",
                "at most " + std::to_string(limits::kPiece) + " bytes");
    }
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

// Bos, eos, and what a text begins and ends with where the file does not say it.
void readCommon(const GgufFile& file, bool addBos, TokenizerParts& parts, bool addEos = false)
{
    const size_t tokens = file.texts(kTokens).size();
    parts.file = file.path;
    parts.bos = readId(file, "tokenizer.ggml.bos_token_id", tokens);
    parts.eos = readId(file, "tokenizer.ggml.eos_token_id", tokens);
    std::vector<int32_t> before, after;
    if (file.flag("tokenizer.ggml.add_bos_token", addBos) && parts.bos >= 0)
        before = {parts.bos};
    if (file.flag("tokenizer.ggml.add_eos_token", addEos) && parts.eos >= 0)
        after = {parts.eos};
    parts.post = PostProcessor::around(before, after);
}

// The first and last token of models that compare sentences: of the keys for them, else bos and eos.
void readBrackets(const GgufFile& file, const std::vector<std::string>& tokens, bool roberta, TokenizerParts& parts)
{
    int32_t cls = readId(file, "tokenizer.ggml.cls_token_id", tokens.size());
    int32_t sep = readId(file, "tokenizer.ggml.seperator_token_id", tokens.size());  // spelled so in the format
    cls = cls >= 0 ? cls : parts.bos;
    sep = sep >= 0 ? sep : parts.eos;
    if (parts.bos < 0)
        parts.bos = cls;
    if (parts.eos < 0)
        parts.eos = sep;
    if (cls >= 0 && sep >= 0)
        parts.post = roberta ? PostProcessor::roberta(cls, sep) : PostProcessor::bert(cls, sep);
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
    TokenizerParts parts;
    parts.added = readAdded(file, types);
    Vocabulary vocabulary;
    vocabulary.pieces.resize(tokens.size());
    for (size_t id = 0; id < tokens.size(); ++id) {
        const auto bytes = bytesFromAlphabet(tokens[id]);
        vocabulary.pieces[id] = bytes.value_or(tokens[id]);
        const bool mergeable = types[id] != PieceType::control && types[id] != PieceType::unknown;
        if (mergeable && bytes && !bytes->empty())
            vocabulary.ids.add(vocabulary.pieces[id], static_cast<int32_t>(id));
    }
    const std::string pre = file.text(kPre, "default");
    const auto split = ggufSplit(pre, file.path);
    if (!split)
        refuse(Code::unsupported, file, kPre, "\"" + pre.substr(0, 80) + "\"", ggufSplitNames());
    readCommon(file, split->addsBos, parts);
    if (split->roberta)
        readBrackets(file, tokens, true, parts);
    parts.normalizer = split->normalizer;
    parts.preTokenizers = {split->preTokenizer};
    MergeTable merges = readMerges(file, vocabulary);
    // A vocabulary that has all bytes never needs the unknown token; one that lacks some drops them, as GPT-2 does.
    parts.model = std::make_unique<ByteBpe>(
        std::move(vocabulary), std::move(merges), BpeSettings{.ignoreMerges = split->ignoresMerges});
    parts.decoder = chainDecoder({{.kind = DecoderStep::Kind::byteLevel}});
    parts.names = namesOf(tokens);
    return std::make_unique<TextTokenizer>(std::move(parts));
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

std::string readCharacterMap(const GgufFile& file)
{
    constexpr const char* kMap = "tokenizer.ggml.precompiled_charsmap";
    if (!file.has(kMap))
        return {};
    needElements(file, kMap, {0, 1}, "an array of bytes (types 0 and 1)");
    std::string bytes;
    for (const int64_t byte : file.integers(kMap))
        bytes += static_cast<char>(static_cast<unsigned char>(byte & 0xFF));
    return bytes;
}

std::unique_ptr<Tokenizer> sentencePiece(const GgufFile& file, SentencePieceModel::Kind kind)
{
    const auto& tokens = readTokens(file);
    SentencePieceModel model;
    const std::vector<PieceType> types = readTypes(file, tokens.size());
    const std::vector<float> scores = readScores(file, tokens.size());
    for (size_t id = 0; id < tokens.size(); ++id)
        model.pieces.push_back({tokens[id], scores[id], types[id]});
    const bool unigram = kind == SentencePieceModel::Kind::unigram;
    TokenizerParts parts;
    // llama.cpp's own defaults: Llama's models begin with BOS, T5's end with EOS.
    readCommon(file, !unigram, parts, unigram);
    if (unigram && parts.post.single.front().kind == TemplateItem::Kind::token)
        readBrackets(file, tokens, true, parts);
    model.kind = kind;
    model.byteFallback = std::ranges::find(types, PieceType::byte) != types.end();
    model.addSpacePrefix = file.flag("tokenizer.ggml.add_space_prefix", true);
    model.removeExtraSpaces = unigram && file.flag("tokenizer.ggml.remove_extra_whitespaces", false);
    if (unigram)
        model.characterMap = readCharacterMap(file);
    model.bosId = parts.bos;
    model.eosId = parts.eos;
    return sentencePieceTokenizer(model, std::move(parts), {});
}

// The files mark the start of a word with U+2581 and leave "##" out.
std::string wordPieceSpelling(const std::string& token, PieceType type)
{
    if (type == PieceType::control || type == PieceType::unknown || type == PieceType::unused)
        return token;
    const bool starts = token.starts_with(kSpaceMark);
    if (starts)
        return token.substr(kSpaceMark.size());
    // Added tokens stay as they are in brackets.
    if (token.starts_with('[') && token.ends_with(']') && token.size() > 2)
        return token;
    return "##" + token;
}

// A vocabulary with capitals is one for text as it is written.
bool isCased(const std::vector<std::string>& pieces)
{
    return std::ranges::any_of(pieces, [](const std::string& piece) {
        return !piece.starts_with('[') && std::ranges::any_of(piece, [](char c) { return c >= 'A' && c <= 'Z'; });
    });
}

std::unique_ptr<Tokenizer> wordPiece(const GgufFile& file)
{
    const auto& tokens = readTokens(file);
    const std::vector<PieceType> types = readTypes(file, tokens.size());
    TokenizerParts parts;
    parts.added = readAdded(file, types);
    readCommon(file, false, parts);
    readBrackets(file, tokens, false, parts);
    std::vector<std::string> pieces;
    for (size_t id = 0; id < tokens.size(); ++id)
        pieces.push_back(wordPieceSpelling(tokens[id], types[id]));
    const bool lower = !isCased(pieces);
    parts.normalizer = bertNormalizer(true, true, lower, lower);
    parts.normalizer.insert(parts.normalizer.begin(), {.kind = NormalizerStep::Kind::wellFormed});
    parts.preTokenizers = {bertPreTokenizer()};
    WordPieceParts model;
    model.unknown = readId(file, "tokenizer.ggml.unknown_token_id", tokens.size());
    if (model.unknown < 0)
        refuse(Code::format, file, "tokenizer.ggml.unknown_token_id", "nothing", "the token of unknown words");
    model.pieces = pieces;
    for (size_t id = 0; id < pieces.size(); ++id)
        if (types[id] == PieceType::control || types[id] == PieceType::unknown)
            model.pieces[id].clear();
    parts.model = std::make_unique<WordPiece>(std::move(model));
    parts.decoder = chainDecoder({{.kind = DecoderStep::Kind::wordPiece, .from = "##", .flag = true}});
    parts.names = namesOf(std::move(pieces));
    return std::make_unique<TextTokenizer>(std::move(parts));
}

}  // namespace

std::unique_ptr<Tokenizer> tokenizerFromGguf(const GgufFile& file)
{
    const std::string kind = file.text("tokenizer.ggml.model");
    if (kind == "gpt2")
        return byteLevel(file);
    if (kind == "llama")
        return sentencePiece(file, SentencePieceModel::Kind::bpe);
    if (kind == "t5")
        return sentencePiece(file, SentencePieceModel::Kind::unigram);
    if (kind == "bert")
        return wordPiece(file);
    refuse(Code::unsupported, file, "tokenizer.ggml.model", "\"" + kind.substr(0, 80) + "\"",
        "gpt2 (byte-level BPE), llama (SentencePiece BPE), t5 (Unigram) and bert (WordPiece)");
}

}  // namespace rankwright
