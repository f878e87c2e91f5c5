// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/tokenizer_json.h"

#include "training/api/error.h"
#include "training/formats/byte_bpe.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"
#include "training/formats/sentencepiece_bpe.h"
#include "training/formats/tokenizer_pipeline.h"

#include <algorithm>

namespace rankwright {
namespace {

using nlohmann::json;

class Reader
{
public:
    Reader(const std::filesystem::path& file, const TokenizerConfig& config)
        : m_file(file), m_config(config), m_root(readJsonFile(file, limits::kTokenizerJson))
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
    void refuseOtherModels() const;
    void readVocabulary();
    void buildVocabulary();
    void place(int32_t id, std::string_view content, const std::string& where);
    void readAdded();
    MergeTable readMerges();
    void readUnknown();
    void readSpecialIds();
    std::unique_ptr<Tokenizer> sentencePiece(MergeTable merges, const DecoderPart& decoder);

    const std::filesystem::path& m_file;
    const TokenizerConfig& m_config;
    json m_root;
    BpeParts m_parts;
    bool m_byteLevel = false;
    size_t m_modelSize = 0;              // ids of the model's own vocabulary end here
    std::vector<std::string> m_spelled;  // the vocabulary by id as the file spells it
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

void Reader::refuseOtherModels() const
{
    const json& model = m_root["model"];
    const json& type = at(model, "type");
    // Files from before 2020 do not say the type.
    if (!(type.is_null() && model.contains("merges")) && type != "BPE")
        refuse("/model/type", shownJson(type), kSupportedTokenizers);
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
        if (const json& mark = at(model, key); !mark.is_null() && mark != "")
            refuse(std::string("/model/") + key, shownJson(mark), "none");
    if (const json& dropout = at(model, "dropout"); !dropout.is_null() && dropout != 0)
        refuse("/model/dropout", shownJson(dropout), "null");
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

void Reader::readVocabulary()
{
    const json& vocabulary = at(m_root["model"], "vocab");
    if (!vocabulary.is_object() || vocabulary.empty())
        fail("/model/vocab", shownJson(vocabulary), "an object that is not empty");
    for (const auto& [content, value] : vocabulary.items()) {
        const std::string where = "/model/vocab/" + content.substr(0, 80);
        if (content.empty())
            fail(where, "an empty piece", "pieces with at least one character");
        place(tokenIdFromJson(value, where, m_file), content, where);
    }
    m_modelSize = m_spelled.size();
}

// Pieces as merging sees them. Added tokens that the model's vocabulary lacks have an id and no way by merging.
void Reader::buildVocabulary()
{
    auto& [pieces, ids] = m_parts.vocabulary;
    pieces.resize(m_spelled.size());
    std::vector<bool> reachable(pieces.size());
    const json& model = at(m_root["model"], "vocab");
    for (size_t id = 0; id < pieces.size(); ++id) {
        const auto bytes = m_byteLevel ? bytesFromAlphabet(m_spelled[id]) : m_spelled[id];
        pieces[id] = bytes.value_or(m_spelled[id]);
        reachable[id] = bytes && !bytes->empty() && (id < m_modelSize || model.contains(m_spelled[id]));
    }
    ids.reserve(pieces.size());
    for (size_t id = 0; id < pieces.size(); ++id)
        if (reachable[id])
            ids.emplace(pieces[id], static_cast<int32_t>(id));
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
        if (const auto known = at(m_root["model"], "vocab").find(token.content);
            known != at(m_root["model"], "vocab").end() && *known != token.id)
            fail(where + "/id", std::to_string(token.id), shownJson(*known) + ", the id of \""
                    + token.content.substr(0, 80) + "\" in the vocabulary");
        if (token.normalised && !m_parts.normalizer.empty()) {
            AlignedText text(token.content, 0);
            applyNormalizer(m_parts.normalizer, text);
            token.match = text.text();
        }
        token.normalised = token.normalised && !m_parts.normalizer.empty();
        tokens.push_back(std::move(token));
    }
    m_parts.added = AddedTokens(std::move(tokens), m_file);
}

MergeTable Reader::readMerges()
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
        addMerge(table, m_parts.vocabulary, bytes(left, rank), bytes(right, rank), rank, m_file);
        ++rank;
    }
    return table;
}

void Reader::readUnknown()
{
    const json& token = at(m_root["model"], "unk_token");
    if (token.is_null())
        return;
    const auto found = token.is_string() ? std::ranges::find(m_spelled, token.get<std::string>()) : m_spelled.end();
    if (found == m_spelled.end())
        fail("/model/unk_token", shownJson(token), "a piece of the vocabulary or null");
    m_parts.unknown = static_cast<int32_t>(found - m_spelled.begin());
}

void Reader::readSpecialIds()
{
    const auto idOf = [this](const std::string& content, int32_t id) {
        const auto found = content.empty() ? m_spelled.end() : std::ranges::find(m_spelled, content);
        if (found != m_spelled.end())
            return static_cast<int32_t>(found - m_spelled.begin());
        return id < static_cast<int32_t>(m_spelled.size()) ? id : -1;
    };
    m_parts.bos = idOf(m_config.bosToken, m_config.bosId);
    m_parts.eos = idOf(m_config.eosToken, m_config.eosId);
    const PostProcessorPart post = postProcessorFromJson(at(m_root, "post_processor"), m_file);
    m_parts.before = post.before;
    m_parts.after = post.after;
    // What the post-processor adds counts; tokenizer_config.json only where it adds nothing.
    const bool nothing = post.before.empty() && post.after.empty();
    if (nothing && m_config.addBos.value_or(false) && m_parts.bos >= 0)
        m_parts.before = {m_parts.bos};
    if (nothing && m_config.addEos.value_or(false) && m_parts.eos >= 0)
        m_parts.after = {m_parts.eos};
    for (const auto* ids : {&m_parts.before, &m_parts.after})
        for (const int32_t id : *ids)
            if (id >= static_cast<int32_t>(m_spelled.size()))
                fail("/post_processor", "id " + std::to_string(id),
                    "an id below " + std::to_string(m_spelled.size()));
}

std::unique_ptr<Tokenizer> Reader::sentencePiece(MergeTable merges, const DecoderPart& decoder)
{
    if (!decoder.spaceMark)
        refuse("/decoder", "a decoder that does not turn U+2581 into spaces", kSupportedTokenizers);
    SentencePieceParts parts;
    if (modelFlag("byte_fallback"))
        for (size_t id = 0; id < m_spelled.size(); ++id)
            if (const int byte = byteOfPiece(m_spelled[id]); byte >= 0)
                parts.byteIds[static_cast<size_t>(byte)] = static_cast<int32_t>(id);
    m_parts.normalizer.insert(m_parts.normalizer.begin(), {.kind = NormalizerStep::Kind::wellFormed});
    parts.bpe = std::move(m_parts);
    parts.merges = std::move(merges);
    parts.stripFirstSpace = decoder.stripFirstSpace;
    return std::make_unique<SentencePieceBpe>(std::move(parts));
}

std::unique_ptr<Tokenizer> Reader::read()
{
    refuseOtherModels();
    const DecoderPart decoder = decoderFromJson(at(m_root, "decoder"), m_file);
    PreTokenizerPart preTokenizer = preTokenizerFromJson(at(m_root, "pre_tokenizer"), m_file);
    m_byteLevel = preTokenizer.byteLevel;
    if (decoder.byteLevel != m_byteLevel)
        refuse("/decoder", decoder.byteLevel ? "ByteLevel without a ByteLevel pre-tokenizer"
                                             : "a decoder other than ByteLevel", kSupportedTokenizers);
    m_parts.file = m_file;
    m_parts.normalizer = normalizerFromJson(at(m_root, "normalizer"), m_file);
    m_parts.preTokenizer = std::move(preTokenizer.preTokenizer);
    m_parts.fuseUnknown = modelFlag("fuse_unk");
    m_parts.ignoreMerges = modelFlag("ignore_merges");
    readVocabulary();
    readAdded();
    buildVocabulary();
    MergeTable merges = readMerges();
    readUnknown();
    readSpecialIds();
    // From here on no text becomes a special token by merging.
    std::erase_if(m_parts.vocabulary.ids, [this](const auto& entry) {
        const AddedToken* token = m_parts.added.withId(entry.second);
        return token != nullptr && token->special;
    });
    if (m_byteLevel)
        return std::make_unique<ByteBpeTokenizer>(std::move(m_parts), std::move(merges));
    return sentencePiece(std::move(merges), decoder);
}

}  // namespace

std::unique_ptr<Tokenizer> tokenizerFromJson(const std::filesystem::path& file, const TokenizerConfig& config)
{
    return Reader(file, config).read();
}

}  // namespace rankwright
