// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The last two kinds are written as the tokenizer.json that they amount to, and read like one.
#include "training/formats/tokenizer_files.h"

#include "training/api/error.h"
#include "training/formats/file_reader.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"
#include "training/formats/sentencepiece_tokenizer.h"
#include "training/formats/tokenizer_json.h"

#include <algorithm>

namespace rankwright {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Llama 3's own tokenizer.model is a text file of base64 lines under the name that SentencePiece uses.
bool looksLikeTiktoken(std::string_view text)
{
    const std::string_view line = text.substr(0, std::min(text.find('\n'), text.size()));
    const size_t space = line.find(' ');
    return space != std::string_view::npos && space > 0 && space + 1 < line.size()
        && line.find_first_not_of("0123456789\r", space + 1) == std::string_view::npos
        && line.substr(0, space).find_first_not_of(
               "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
            == std::string_view::npos;
}

// An id of the pieces or of the files beside them; -1 where there is none.
class Contents
{
public:
    Contents(const SentencePieceModel& model, const std::vector<AddedToken>& added)
        : m_model(model), m_added(added)
    {
    }
    [[nodiscard]] int32_t idOf(const std::string& content) const
    {
        if (content.empty())
            return -1;
        if (const auto found = std::ranges::find(m_added, content, &AddedToken::content); found != m_added.end())
            return found->id;
        const auto found = std::ranges::find(m_model.pieces, content, &SentencePieceModel::Piece::text);
        return found == m_model.pieces.end() ? -1 : static_cast<int32_t>(found - m_model.pieces.begin());
    }
    // Of the first content that there is.
    [[nodiscard]] int32_t firstOf(std::initializer_list<std::string> contents) const
    {
        for (const auto& content : contents)
            if (const int32_t id = idOf(content); id >= 0)
                return id;
        return -1;
    }
    [[nodiscard]] int32_t within(int32_t id) const
    {
        return id < static_cast<int32_t>(m_model.pieces.size()) ? id : -1;
    }

private:
    const SentencePieceModel& m_model;
    const std::vector<AddedToken>& m_added;
};

enum class Family { llama, deberta, albert, t5, robertaXl };

Family familyOf(const fs::path& file, const TokenizerConfig& config, const Contents& contents)
{
    const auto is = [&config](std::string_view name, std::string_view type) {
        return config.tokenizerClass.starts_with(name)
            || (config.tokenizerClass.empty() && config.modelType == type);
    };
    if (is("DebertaV2", "deberta-v2") || file.filename() == "spm.model")
        return Family::deberta;
    if (is("XLMRoberta", "xlm-roberta"))
        return Family::robertaXl;
    if (is("T5", "t5"))
        return Family::t5;
    const bool brackets = contents.idOf("[CLS]") >= 0 && contents.idOf("[SEP]") >= 0;
    if (is("Albert", "albert") || (file.filename() == "spiece.model" && brackets))
        return Family::albert;
    return Family::llama;
}

// XLM-RoBERTa's ids: its own four first, then SentencePiece's from the third on, the mask last (fairseq's dictionary).
void renumberLikeFairseq(SentencePieceModel& model, std::vector<AddedToken>& added)
{
    using Piece = SentencePieceModel::Piece;
    std::vector<Piece> pieces{{"<s>", 0, PieceType::control}, {"<pad>", 0, PieceType::control},
        {"</s>", 0, PieceType::control}, {"<unk>", 0, PieceType::unknown}};
    pieces.insert(pieces.end(), model.pieces.begin() + std::min<ptrdiff_t>(3, std::ssize(model.pieces)),
        model.pieces.end());
    model.pieces = std::move(pieces);
    if (std::ranges::find(added, "<mask>", &AddedToken::content) == added.end())
        added.push_back({.id = static_cast<int32_t>(model.pieces.size()),
            .content = "<mask>",
            .match = {},
            .special = true,
            .stripLeft = true});
}

// BERT-like families: their first and last token, and what stands for a hidden word.
void setBrackets(Family family, const TokenizerConfig& config, const Contents& contents, TokenizerParts& parts)
{
    const int32_t cls = contents.firstOf({config.clsToken, "[CLS]", "<s>"});
    const int32_t sep = contents.firstOf({config.sepToken, "[SEP]", "</s>"});
    parts.bos = cls;
    parts.eos = sep;
    if (cls < 0 || sep < 0)
        return;
    parts.post = family == Family::robertaXl ? PostProcessor::roberta(cls, sep) : PostProcessor::bert(cls, sep);
}

void setBosAndEos(Family family, const SentencePieceModel& model, const TokenizerConfig& config,
    const Contents& contents, TokenizerParts& parts)
{
    const int32_t bos = contents.idOf(config.bosToken), eos = contents.idOf(config.eosToken);
    parts.bos = bos >= 0 ? bos : contents.within(model.bosId);
    parts.eos = eos >= 0 ? eos : contents.within(model.eosId);
    // Models with a tokenizer.model alone are of Llama's kind, which begins each text with BOS; T5 ends it with EOS.
    const bool t5 = family == Family::t5;
    std::vector<int32_t> before, after;
    if (config.addBos.value_or(!t5) && parts.bos >= 0)
        before = {parts.bos};
    if (config.addEos.value_or(t5) && parts.eos >= 0)
        after = {parts.eos};
    parts.post = PostProcessor::around(before, after, t5 ? 0 : 1);
}

json specialEntry(int32_t id, const std::string& content)
{
    return {{"id", id}, {"content", content}, {"special", true}, {"normalized", false}};
}

// The added tokens of the files beside a vocabulary, and those of `specials` that it has.
json addedTokensOf(
    const TokenizerConfig& config, const json& vocabulary, const std::vector<std::string>& specials)
{
    json list = json::array();
    std::vector<std::string> seen;
    for (const AddedToken& token : config.added) {
        list.push_back({{"id", token.id}, {"content", token.content}, {"special", token.special},
            {"normalized", token.normalised}, {"single_word", token.singleWord}, {"lstrip", token.stripLeft},
            {"rstrip", token.stripRight}});
        seen.push_back(token.content);
    }
    for (const std::string& content : specials) {
        const auto found = vocabulary.find(content);
        if (content.empty() || found == vocabulary.end() || std::ranges::find(seen, content) != seen.end())
            continue;
        list.push_back(specialEntry(found->get<int32_t>(), content));
        list.back()["lstrip"] = content == "<mask>";
        seen.push_back(content);
    }
    return list;
}

std::vector<std::string> linesOf(std::string_view text)
{
    std::vector<std::string> lines;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        lines.emplace_back(line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

[[noreturn]] void fail(const fs::path& file, std::string place, std::string found, std::string allowed)
{
    throw Error(ErrorParts{.code = Code::format,
        .file = file,
        .place = std::move(place),
        .found = std::move(found),
        .allowed = std::move(allowed),
        .advice = "Get the model's tokenizer files again."});
}

json bertTemplate(const json& vocabulary, const std::string& cls, const std::string& sep)
{
    if (!vocabulary.contains(cls) || !vocabulary.contains(sep))
        return nullptr;
    return {{"type", "BertProcessing"}, {"sep", {sep, vocabulary[sep]}}, {"cls", {cls, vocabulary[cls]}}};
}

}  // namespace

std::unique_ptr<Tokenizer> tokenizerFromSentencePieceFile(const fs::path& file, const TokenizerConfig& config)
{
    refuseKnownWrongKinds(FileReader(file));
    const std::string bytes = readWholeFile(file, limits::kTokenizerJson);
    if (looksLikeTiktoken(bytes))
        throw Error(ErrorParts{.code = Code::unsupported,
            .file = file,
            .place = "byte 0",
            .found = "a tiktoken vocabulary",
            .allowed = "a SentencePiece model",
            .advice = "Put the model's tokenizer.json into the folder."});
    SentencePieceModel model = parseSentencePieceModel(bytes, file);
    std::vector<AddedToken> added = config.added;
    const Family family = familyOf(file, config, Contents(model, added));
    if (family == Family::robertaXl)
        renumberLikeFairseq(model, added);
    const Contents contents(model, added);
    // DeBERTa-v3's model has no piece for the mask: it is the first id after them.
    if (family == Family::deberta && contents.idOf("[MASK]") < 0)
        added.push_back({.id = static_cast<int32_t>(model.pieces.size()),
            .content = "[MASK]",
            .match = {},
            .special = true});
    TokenizerParts parts;
    parts.file = file;
    if (family == Family::llama || family == Family::t5)
        setBosAndEos(family, model, config, contents, parts);
    else
        setBrackets(family, config, contents, parts);
    return sentencePieceTokenizer(model, std::move(parts), std::move(added));
}

std::unique_ptr<Tokenizer> tokenizerFromVocabularyText(const fs::path& file, const TokenizerConfig& config)
{
    const auto lines = linesOf(readWholeFile(file, limits::kTokenizerJson));
    if (lines.size() > static_cast<size_t>(limits::kVocabulary))
        fail(file, "line " + std::to_string(limits::kVocabulary + 1), "more pieces",
            "at most " + std::to_string(limits::kVocabulary));
    json vocabulary = json::object();
    for (size_t id = 0; id < lines.size(); ++id)
        if (!lines[id].empty() && !vocabulary.contains(lines[id]))
            vocabulary[lines[id]] = id;
    const std::string unknown = config.unkToken.empty() ? "[UNK]" : config.unkToken;
    if (!vocabulary.contains(unknown))
        fail(file, "the lines", "no \"" + unknown.substr(0, 80) + "\"", "a vocabulary with the unknown token");
    const auto orElse = [](const std::string& said, const char* usual) { return said.empty() ? usual : said; };
    const std::string cls = orElse(config.clsToken, "[CLS]"), sep = orElse(config.sepToken, "[SEP]");
    const bool lower = config.lowercase.value_or(true);
    const json accents = config.stripAccents ? json(*config.stripAccents) : json(nullptr);
    json document{{"added_tokens", addedTokensOf(config, vocabulary, {"[PAD]", unknown, cls, sep, "[MASK]"})},
        {"normalizer",
            {{"type", "BertNormalizer"}, {"clean_text", true},
                {"handle_chinese_chars", config.spaceChinese.value_or(true)}, {"strip_accents", accents},
                {"lowercase", lower}}},
        {"pre_tokenizer", {{"type", "BertPreTokenizer"}}}, {"post_processor", bertTemplate(vocabulary, cls, sep)},
        {"decoder", {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}}},
        {"model", {{"type", "WordPiece"}, {"unk_token", unknown}, {"vocab", std::move(vocabulary)}}}};
    return tokenizerFromDocument(std::move(document), file, config);
}

namespace {

// RoBERTa's, Qwen 2's and GPT-2's kinds differ around the same model.
void addKind(json& document, const json& vocabulary, const TokenizerConfig& config)
{
    const bool qwen = config.tokenizerClass.starts_with("Qwen2") || config.modelType.starts_with("qwen2");
    const bool roberta = vocabulary.contains("<s>") && vocabulary.contains("</s>") && vocabulary.contains("<mask>");
    const json byteLevel{{"type", "ByteLevel"}, {"add_prefix_space", config.addPrefixSpace}, {"use_regex", !qwen}};
    document["pre_tokenizer"] = byteLevel;
    std::vector<std::string> specials{"<|endoftext|>", config.bosToken, config.eosToken, config.unkToken};
    if (qwen) {
        document["normalizer"] = {{"type", "NFC"}};
        const std::string pattern = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+)"
                                    R"([\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
        const json split{{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}};
        document["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", {split, byteLevel}}};
    } else if (roberta) {
        specials = {"<s>", "<pad>", "</s>", "<unk>", "<mask>"};
        document["post_processor"] = {{"type", "RobertaProcessing"}, {"sep", {"</s>", vocabulary["</s>"]}},
            {"cls", {"<s>", vocabulary["<s>"]}}, {"trim_offsets", true},
            {"add_prefix_space", config.addPrefixSpace}};
    }
    document["added_tokens"] = addedTokensOf(config, vocabulary, specials);
}

}  // namespace

std::unique_ptr<Tokenizer> tokenizerFromMerges(const fs::path& file, const TokenizerConfig& config)
{
    const fs::path mergesFile = file.parent_path() / "merges.txt";
    json vocabulary = readJsonFile(file, limits::kTokenizerJson);
    if (!vocabulary.is_object())
        fail(file, "/", shownJson(vocabulary), "an object of pieces with their ids");
    json merges = json::array();
    for (auto& line : linesOf(readWholeFile(mergesFile, limits::kTokenizerJson)))
        if (!line.empty() && !(merges.empty() && line.starts_with("#version")))
            merges.push_back(std::move(line));
    for (const auto& [content, id] : vocabulary.items())
        (void)tokenIdFromJson(id, "/" + content.substr(0, 80), file);
    json document{{"normalizer", nullptr}, {"post_processor", nullptr}, {"decoder", {{"type", "ByteLevel"}}}};
    addKind(document, vocabulary, config);
    document["model"] = {{"type", "BPE"}, {"vocab", std::move(vocabulary)}, {"merges", std::move(merges)}};
    return tokenizerFromDocument(std::move(document), file, config);
}

}  // namespace rankwright
