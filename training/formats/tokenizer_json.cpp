// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/tokenizer_json.h"

#include "training/api/error.h"
#include "training/formats/byte_alphabet.h"
#include "training/formats/character_bpe.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"
#include "training/formats/text_tokenizer.h"
#include "training/formats/tokenizer_part.h"
#include "training/formats/tokenizer_pipeline.h"
#include "training/formats/unigram.h"
#include "training/formats/wordpiece.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace rankwright {
namespace {

using nlohmann::json;

// A score as Rust's serde_json reads it: its decimal digits as an integer, divided or multiplied by a power of ten. That
// rounds twice, and the last bit decides between segmentations whose sums are equal on paper.
double roundedTwice(double score)
{
    std::array<char, 40> text{};
    const auto end
        = std::to_chars(text.data(), text.data() + text.size(), std::abs(score), std::chars_format::scientific);
    uint64_t digits = 0;
    int exponent = 0, decimals = 0;
    bool afterPoint = false;
    for (const char* at = text.data(); at < end.ptr; ++at) {
        if (*at == 'e') {
            std::from_chars(at + (at[1] == '+' ? 2 : 1), end.ptr, exponent);
            break;
        }
        afterPoint = afterPoint || *at == '.';
        if (*at == '.')
            continue;
        digits = 10 * digits + static_cast<uint64_t>(*at - '0');
        decimals += afterPoint ? 1 : 0;
    }
    exponent -= decimals;
    if (std::abs(exponent) > 22)  // where a power of ten is no longer exact
        return score;
    const double power = std::pow(10.0, std::abs(exponent)), whole = static_cast<double>(digits);
    return std::copysign(exponent < 0 ? whole / power : whole * power, score);
}

class Reader
{
public:
    Reader(json document, const std::filesystem::path& file, const TokenizerConfig& config)
        : m_file(file), m_config(config), m_root(std::move(document))
    {
        if (!m_root.is_object())
            fail("/", shownJson(m_root), "an object");
        const json& model = at(m_root, "model");
        if (!model.is_object())
            fail("/model", shownJson(model), "an object");
    }
    std::unique_ptr<Tokenizer> read();

private:
    [[noreturn]] void fail(std::string place, std::string found, std::string allowed) const;
    [[noreturn]] void refuse(std::string place, std::string found, std::string allowed) const;
    static const json& at(const json& object, const char* key);
    [[nodiscard]] bool modelFlag(const char* key) const;
    [[nodiscard]] std::string modelType() const;
    void refuseUnusualBpe() const;
    void readPieces();
    void readScoredPieces();
    void needLength(std::string_view content, const std::string& where) const;
    void place(int32_t id, std::string_view content, const std::string& where);
    void readAdded();
    [[nodiscard]] bool isSpecial(size_t id) const;
    Vocabulary mergeable() const;
    MergeTable readMerges(const Vocabulary& vocabulary);
    [[nodiscard]] int32_t idOfContent(const std::string& content) const;
    [[nodiscard]] int32_t readUnknown() const;
    [[nodiscard]] ByteTokens byteTokens() const;
    void readSpecialIds();
    std::unique_ptr<TokenModel> bpe();
    std::unique_ptr<TokenModel> unigram();
    std::unique_ptr<TokenModel> wordPiece();

    const std::filesystem::path& m_file;
    const TokenizerConfig& m_config;
    json m_root;
    TokenizerParts m_parts;
    bool m_byteLevel = false;            // the model merges bytes; otherwise characters
    size_t m_modelSize = 0;              // ids of the model's own vocabulary end here
    std::vector<std::string> m_spelled;  // the vocabulary by id as the file spells it
    std::vector<double> m_scores;        // of a Unigram model
};

void Reader::fail(std::string place, std::string found, std::string allowed) const
{
    throw Error(ErrorParts{.code = Code::format,
        .file = m_file,
        .place = std::move(place),
        .found = std::move(found),
        .allowed = std::move(allowed),
        .advice = "Get the model's tokenizer.json again."});
}

void Reader::refuse(std::string place, std::string found, std::string allowed) const
{
    throw Error(ErrorParts{.code = Code::unsupported,
        .file = m_file,
        .place = std::move(place),
        .found = std::move(found),
        .allowed = std::move(allowed),
        .advice = "Choose a model with one of these tokenizers."});
}

const json& Reader::at(const json& object, const char* key)
{
    static const json kNull;
    const auto found = object.find(key);
    return found == object.end() ? kNull : *found;
}

bool Reader::modelFlag(const char* key) const
{
    const json& value = at(m_root["model"], key);
    if (!value.is_null() && !value.is_boolean())
        fail(std::string("/model/") + key, shownJson(value), "true or false");
    return value.is_boolean() && value.get<bool>();
}

// Files from before 2020 do not say the type.
std::string Reader::modelType() const
{
    const json& model = m_root["model"];
    const json& type = at(model, "type");
    if (type.is_null() && model.contains("merges"))
        return "BPE";
    if (type.is_null() && at(model, "vocab").is_array())
        return "Unigram";
    if (type.is_null() && model.contains("max_input_chars_per_word"))
        return "WordPiece";
    if (type != "BPE" && type != "Unigram" && type != "WordPiece")
        refuse("/model/type", shownJson(type), kSupportedTokenizers);
    return type.get<std::string>();
}

void Reader::refuseUnusualBpe() const
{
    const json& model = m_root["model"];
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
        if (const json& mark = at(model, key); !mark.is_null() && mark != "")
            refuse(std::string("/model/") + key, shownJson(mark), "none");
    if (const json& dropout = at(model, "dropout"); !dropout.is_null() && dropout != 0)
        refuse("/model/dropout", shownJson(dropout), "null");
}

// A search looks at as many bytes from each place of a text as the longest piece has.
void Reader::needLength(std::string_view content, const std::string& where) const
{
    if (content.size() > limits::kPiece)
        throw Error(ErrorParts{.code = Code::limit,
            .file = m_file,
            .place = where,
            .found = "a piece of " + std::to_string(content.size()) + " bytes",
            .allowed = "at most " + std::to_string(limits::kPiece) + " bytes",
            .advice = "Get the model's tokenizer.json again."});
}

// Gives `id` its spelling. An id stands for one content only.
void Reader::place(int32_t id, std::string_view content, const std::string& where)
{
    const auto index = static_cast<size_t>(id);
    if (index >= m_spelled.size())
        m_spelled.resize(index + 1);
    if (!m_spelled[index].empty() && m_spelled[index] != content)
        fail(where, "id " + std::to_string(id) + " for \"" + std::string(content.substr(0, 80)) + "\" and \""
                + m_spelled[index].substr(0, 80) + "\"", "each id once");
    m_spelled[index] = content;
}

void Reader::readPieces()
{
    const json& vocabulary = at(m_root["model"], "vocab");
    if (!vocabulary.is_object() || vocabulary.empty())
        fail("/model/vocab", shownJson(vocabulary), "an object that is not empty");
    for (const auto& [content, value] : vocabulary.items()) {
        const std::string where = "/model/vocab/" + content.substr(0, 80);
        if (content.empty())
            fail(where, "an empty piece", "pieces with at least one character");
        needLength(content, where);
        place(tokenIdFromJson(value, where, m_file), content, where);
    }
    m_modelSize = m_spelled.size();
}

// [[piece, score], ...] in the order of ids.
void Reader::readScoredPieces()
{
    const json& vocabulary = at(m_root["model"], "vocab");
    if (!vocabulary.is_array() || vocabulary.empty() || vocabulary.size() > size_t{limits::kVocabulary})
        fail("/model/vocab", shownJson(vocabulary),
            "an array of 1 to " + std::to_string(limits::kVocabulary) + " pairs");
    for (size_t id = 0; id < vocabulary.size(); ++id) {
        const json& entry = vocabulary[id];
        const std::string where = "/model/vocab/" + std::to_string(id);
        if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number())
            fail(where, shownJson(entry), "a piece with its score");
        const auto& content = entry[0].get_ref<const std::string&>();
        if (content.empty())
            fail(where, "an empty piece", "pieces with at least one character");
        needLength(content, where);
        m_spelled.push_back(content);
        m_scores.push_back(roundedTwice(entry[1].get<double>()));
    }
    m_modelSize = m_spelled.size();
}

bool Reader::isSpecial(size_t id) const
{
    const AddedToken* token = m_parts.added.withId(static_cast<int32_t>(id));
    return token != nullptr && token->special;
}

// Pieces as merging sees them. Added tokens that the model's vocabulary lacks have an id and no way by merging, and no
// text becomes a special token by merging.
Vocabulary Reader::mergeable() const
{
    Vocabulary vocabulary;
    vocabulary.pieces.resize(m_spelled.size());
    std::vector<bool> reachable(m_spelled.size());
    const json& model = at(m_root["model"], "vocab");
    for (size_t id = 0; id < m_spelled.size(); ++id) {
        const auto bytes = m_byteLevel ? bytesFromAlphabet(m_spelled[id]) : m_spelled[id];
        vocabulary.pieces[id] = bytes.value_or(m_spelled[id]);
        reachable[id] = bytes && !bytes->empty() && (id < m_modelSize || model.contains(m_spelled[id]));
    }
    vocabulary.ids.reserve(m_spelled.size());
    for (size_t id = 0; id < m_spelled.size(); ++id)
        if (reachable[id])
            vocabulary.ids.add(vocabulary.pieces[id], static_cast<int32_t>(id));
    return vocabulary;
}

void Reader::readAdded()
{
    const json& list = at(m_root, "added_tokens");
    if (!list.is_null() && !list.is_array())
        fail("/added_tokens", shownJson(list), "an array");
    std::vector<AddedToken> tokens;
    for (size_t i = 0; i < list.size(); ++i) {
        const std::string where = "/added_tokens/" + std::to_string(i);
        AddedToken token = addedTokenFromJson(list[i], where, m_file);
        token.id = tokenIdFromJson(at(list[i], "id"), where + "/id", m_file);
        if (!token.content.empty())
            place(token.id, token.content, where);
        if (const json& vocabulary = at(m_root["model"], "vocab"); vocabulary.is_object())
            if (const auto known = vocabulary.find(token.content); known != vocabulary.end() && *known != token.id)
                fail(where + "/id", std::to_string(token.id), shownJson(*known) + ", the id of \""
                        + token.content.substr(0, 80) + "\" in the vocabulary");
        if (token.normalised && !m_parts.normalizer.empty()) {
            AlignedText text(token.content, 0);
            applyNormalizer(m_parts.normalizer, text);
            token.match = text.text();
        }
        tokens.push_back(std::move(token));
    }
    m_parts.added = AddedTokens(std::move(tokens), m_file);
}

MergeTable Reader::readMerges(const Vocabulary& vocabulary)
{
    const json& merges = at(m_root["model"], "merges");
    if (!merges.is_array())
        fail("/model/merges", shownJson(merges), "an array");
    MergeTable table(merges.size());
    const auto bytes = [this](std::string_view spelled, uint32_t rank) {
        auto text = m_byteLevel ? bytesFromAlphabet(spelled) : std::string(spelled);
        if (!text || text->empty())
            fail("/model/merges/" + std::to_string(rank), "\"" + std::string(spelled.substr(0, 80)) + "\"",
                "two pieces of the vocabulary");
        return *text;
    };
    uint32_t rank = 0;
    for (const json& merge : merges) {
        std::string left, right;
        if (merge.is_string()) {
            const std::string_view text = merge.get_ref<const std::string&>();
            if (text.starts_with("#version"))
                continue;
            const size_t space = text.find(' ');
            left = text.substr(0, space);
            right = space == std::string_view::npos ? "" : text.substr(space + 1);
        } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
            left = merge[0].get<std::string>();
            right = merge[1].get<std::string>();
        }
        addMerge(table, vocabulary, bytes(left, rank), bytes(right, rank), rank, m_file);
        ++rank;
    }
    return table;
}

int32_t Reader::idOfContent(const std::string& content) const
{
    const auto found = content.empty() ? m_spelled.end() : std::ranges::find(m_spelled, content);
    return found == m_spelled.end() ? -1 : static_cast<int32_t>(found - m_spelled.begin());
}

int32_t Reader::readUnknown() const
{
    const json& token = at(m_root["model"], "unk_token");
    if (token.is_null())
        return -1;
    const int32_t id = token.is_string() ? idOfContent(token.get<std::string>()) : -1;
    if (id < 0)
        fail("/model/unk_token", shownJson(token), "a piece of the vocabulary or null");
    return id;
}

ByteTokens Reader::byteTokens() const
{
    ByteTokens bytes;
    if (modelFlag("byte_fallback"))
        for (size_t id = 0; id < m_spelled.size(); ++id)
            if (const int byte = byteOfPiece(m_spelled[id]); byte >= 0)
                bytes.ids[static_cast<size_t>(byte)] = static_cast<int32_t>(id);
    return bytes;
}

void Reader::readSpecialIds()
{
    const auto idOf = [this](const std::string& content, int32_t id) {
        const int32_t found = idOfContent(content);
        if (found >= 0)
            return found;
        return id < static_cast<int32_t>(m_spelled.size()) ? id : -1;
    };
    m_parts.bos = idOf(m_config.bosToken, m_config.bosId);
    m_parts.eos = idOf(m_config.eosToken, m_config.eosId);
    PostProcessor post = postProcessorFromJson(at(m_root, "post_processor"), m_file);
    // What the post-processor adds counts; tokenizer_config.json only where it adds nothing.
    if (!post.addsTokens()) {
        std::vector<int32_t> before, after;
        if (m_config.addBos.value_or(false) && m_parts.bos >= 0)
            before = {m_parts.bos};
        if (m_config.addEos.value_or(false) && m_parts.eos >= 0)
            after = {m_parts.eos};
        const auto made = PostProcessor::around(before, after);
        post.single = made.single;
        if (made.addsTokens())
            post.pair = made.pair;
    }
    for (const auto* items : {&post.single, &post.pair})
        for (const TemplateItem& item : *items)
            if (item.id >= static_cast<int32_t>(m_spelled.size()))
                fail("/post_processor", "id " + std::to_string(item.id),
                    "an id below " + std::to_string(m_spelled.size()));
    m_parts.post = std::move(post);
}

std::unique_ptr<TokenModel> Reader::bpe()
{
    Vocabulary vocabulary = mergeable();
    MergeTable merges = readMerges(vocabulary);
    vocabulary.ids.removeIf([this](int32_t id) { return isSpecial(static_cast<size_t>(id)); });
    const BpeSettings settings{.unknown = readUnknown(),
        .fuseUnknown = modelFlag("fuse_unk"),
        .ignoreMerges = modelFlag("ignore_merges")};
    if (m_byteLevel)
        return std::make_unique<ByteBpe>(std::move(vocabulary), std::move(merges), settings);
    auto& stages = m_parts.preTokenizers;
    const bool unsplit = stages.empty() || (stages.size() == 1 && stages[0].steps.empty());
    if (unsplit && !settings.ignoreMerges && piecesStayInWords(vocabulary)) {
        stages.resize(1);
        stages[0].steps.push_back({.kind = SplitStep::Kind::words, .pattern = std::string(kSpaceMark)});
    }
    return std::make_unique<CharacterBpe>(CharacterBpeParts{.vocabulary = std::move(vocabulary),
        .settings = settings,
        .merges = std::move(merges),
        .scores = {},
        .unused = {},
        .bytes = byteTokens()});
}

std::unique_ptr<TokenModel> Reader::unigram()
{
    const json& unknown = at(m_root["model"], "unk_id");
    UnigramParts parts;
    if (!unknown.is_null())
        parts.unknown = tokenIdFromJson(unknown, "/model/unk_id", m_file);
    if (parts.unknown >= static_cast<int32_t>(m_modelSize))
        fail("/model/unk_id", shownJson(unknown), "an id below " + std::to_string(m_modelSize));
    parts.pieces.assign(m_spelled.begin(), m_spelled.begin() + static_cast<ptrdiff_t>(m_modelSize));
    parts.scores = m_scores;
    parts.lowest = std::ranges::min(m_scores);
    parts.byteFallback = modelFlag("byte_fallback");
    parts.bytes = byteTokens();
    for (size_t id = 0; id < m_modelSize; ++id)
        parts.takesPart.push_back(!isSpecial(id));
    return std::make_unique<Unigram>(std::move(parts));
}

std::unique_ptr<TokenModel> Reader::wordPiece()
{
    const TokenizerPart model(m_root["model"], "/model", m_file);
    WordPieceParts parts;
    parts.prefix = model.text("continuing_subword_prefix", "##");
    parts.longestWord = model.number("max_input_chars_per_word", 100);
    if (parts.longestWord > limits::kWordCharacters)
        fail("/model/max_input_chars_per_word", std::to_string(parts.longestWord),
            "at most " + std::to_string(limits::kWordCharacters));
    parts.unknown = readUnknown();
    if (parts.unknown < 0)
        fail("/model/unk_token", "nothing", "the token of words that the vocabulary lacks");
    parts.pieces.assign(m_spelled.begin(), m_spelled.begin() + static_cast<ptrdiff_t>(m_modelSize));
    for (size_t id = 0; id < m_modelSize; ++id)
        if (isSpecial(id))
            parts.pieces[id].clear();
    return std::make_unique<WordPiece>(std::move(parts));
}

std::unique_ptr<Tokenizer> Reader::read()
{
    const std::string type = modelType();
    PreTokenizerPart preTokenizer = preTokenizerFromJson(at(m_root, "pre_tokenizer"), m_file);
    m_parts.file = m_file;
    m_parts.normalizer = normalizerFromJson(at(m_root, "normalizer"), m_file);
    m_parts.preTokenizers = std::move(preTokenizer.stages);
    m_parts.decoder = chainDecoder(decoderFromJson(at(m_root, "decoder"), m_file));
    m_byteLevel = preTokenizer.byteLevel && type == "BPE"
        && std::ranges::find(m_parts.normalizer, NormalizerStep::Kind::byteLevel, &NormalizerStep::kind)
            == m_parts.normalizer.end();
    if (preTokenizer.byteLevel && !m_byteLevel)
        m_parts.preTokenizers.push_back({.rewrite = {{.kind = NormalizerStep::Kind::byteLevel}}, .steps = {}});
    if (type == "BPE")
        refuseUnusualBpe();
    if (type == "Unigram")
        readScoredPieces();
    else
        readPieces();
    readAdded();
    m_parts.model = type == "BPE" ? bpe() : type == "Unigram" ? unigram() : wordPiece();
    readSpecialIds();
    if (!m_byteLevel)  // which alone can spell bytes that are not UTF-8
        m_parts.normalizer.insert(m_parts.normalizer.begin(), {.kind = NormalizerStep::Kind::wellFormed});
    m_parts.names = namesOf(std::move(m_spelled));
    return std::make_unique<TextTokenizer>(std::move(m_parts));
}

}  // namespace

std::unique_ptr<Tokenizer> tokenizerFromDocument(
    json document, const std::filesystem::path& file, const TokenizerConfig& config)
{
    return Reader(std::move(document), file, config).read();
}

std::unique_ptr<Tokenizer> tokenizerFromJson(const std::filesystem::path& file, const TokenizerConfig& config)
{
    return tokenizerFromDocument(readJsonFile(file, limits::kTokenizerJson), file, config);
}

}  // namespace rankwright
